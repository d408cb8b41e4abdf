#pragma once
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "stampede/models/target.hpp"
#include "stampede/results/run.hpp"

namespace homespun::stampede {

/// Asks a `stampede watch` on another host once a second, on a thread of its own: a slow host must not delay
/// a sample. Thread-safe.
class RemoteWatch {
  public:
    /// `name` stands before the names that the other side gives.
    RemoteWatch(std::string name, Target target);
    ~RemoteWatch();
    RemoteWatch(const RemoteWatch&) = delete;
    RemoteWatch& operator=(const RemoteWatch&) = delete;

    /// What came last; nothing when that is more than three seconds ago.
    std::vector<ServerSample> latest();

  private:
    void ask_for_ever();

    const std::string name_;
    const Target target_;
    std::mutex mutex_;
    std::condition_variable wake_;
    bool stopping_ = false;
    std::vector<ServerSample> latest_;
    std::chrono::steady_clock::time_point came_at_;
    std::thread thread_;
};

/// One GET; the body of a 200, or why there is none. Blocks up to `timeout_ms`.
base::Result<std::string> fetch(const Target& target, int timeout_ms);

}  // namespace homespun::stampede
