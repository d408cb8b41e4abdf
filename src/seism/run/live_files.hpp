#pragma once
#include <chrono>
#include <mutex>
#include <string>

#include "seism/recorder/record.hpp"
#include "sys/descriptor.hpp"

namespace homespun::seism {

/// requests.jsonl, events.jsonl and samples.jsonl while a run goes on, for who follows it: a line for each
/// thing seen, written a few times a second. What the run leaves in the end takes their place. They are a
/// view only: what cannot be written is not there, and the run goes on.
class LiveFiles final : public RecordWatcher {
  public:
    /// Removes what an earlier run left under these names, and its verdict.
    explicit LiveFiles(const std::string& folder);
    ~LiveFiles() override;
    LiveFiles(const LiveFiles&) = delete;
    LiveFiles& operator=(const LiveFiles&) = delete;

    void seen(const Exchange& exchange) override;
    void seen(const Sample& sample) override;
    void seen(const PerturbationEvent& event, std::chrono::system_clock::time_point began) override;

  private:
    struct File {
        sys::Descriptor descriptor;
        std::string waiting{};
    };
    void write_now_and_then();
    void write_all();

    std::mutex mutex_;
    File requests_, events_, samples_;
    std::chrono::steady_clock::time_point written_{};
};

}  // namespace homespun::seism
