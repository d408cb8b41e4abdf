#pragma once
#include <chrono>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "seism/recorder/observation.hpp"

namespace homespun::seism {

/// Is told what comes into a record, one thing at a time and on the thread of whoever saw it: it must be
/// quick.
class RecordWatcher {
  public:
    virtual ~RecordWatcher() = default;
    virtual void seen(const Exchange& exchange) = 0;
    virtual void seen(const Sample& sample) = 0;
    virtual void seen(const PerturbationEvent& event, std::chrono::system_clock::time_point began) = 0;
};

/// What is seen in a run, as it happens, from all who see something. Thread-safe.
class Record {
  public:
    /// `watcher` outlives it; null: none.
    explicit Record(RecordWatcher* watcher = nullptr);
    /// Since the run began.
    [[nodiscard]] Micros now() const;
    [[nodiscard]] Micros at(std::chrono::steady_clock::time_point time) const;
    /// Wall clock, for people.
    [[nodiscard]] std::chrono::system_clock::time_point began() const { return began_; }

    /// Gives the exchange its number.
    void add(Exchange exchange);
    void add(Sample sample);
    /// Gives the event its number and time.
    void add(PerturbationEvent event);

    /// What began before that time is seen no more.
    void forget(Micros before);
    /// Those that started in [from, to) and have ended.
    [[nodiscard]] std::vector<Exchange> exchanges(Micros from, Micros to) const;
    [[nodiscard]] std::size_t count_exchanges(Micros from) const;
    [[nodiscard]] std::vector<Sample> samples(Micros from, Micros to) const;
    [[nodiscard]] std::vector<PerturbationEvent> events() const;

  private:
    const std::chrono::steady_clock::time_point start_;
    const std::chrono::system_clock::time_point began_;
    RecordWatcher* const watcher_;
    mutable std::mutex mutex_;
    std::uint64_t exchanges_seen_ = 0, events_seen_ = 0;
    std::vector<Exchange> exchanges_;
    std::vector<Sample> samples_;
    std::vector<PerturbationEvent> events_;
};

}  // namespace homespun::seism
