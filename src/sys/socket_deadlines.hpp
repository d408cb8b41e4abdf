#pragma once
#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

namespace homespun::sys {

/// Shuts sockets down whose time is over: whoever blocks in reading or writing them is woken with an end of
/// file or an error. For libraries that block without a limit of their own. Thread-safe; outlives its guards.
class SocketDeadlines {
    using Moment = std::chrono::steady_clock::time_point;
    using Sockets = std::multimap<Moment, int>;

  public:
    SocketDeadlines();
    ~SocketDeadlines();
    SocketDeadlines(const SocketDeadlines&) = delete;
    SocketDeadlines& operator=(const SocketDeadlines&) = delete;

    /// The limit counts while this is there. The socket has to stay open meanwhile.
    class Guard {
      public:
        Guard(SocketDeadlines& deadlines, int socket, Moment deadline);
        ~Guard();
        Guard(const Guard&) = delete;
        Guard& operator=(const Guard&) = delete;

      private:
        SocketDeadlines& deadlines_;
        Sockets::iterator its_;
    };

  private:
    void watch();

    std::mutex mutex_;
    std::condition_variable changed_;
    Sockets sockets_;  ///< -1: has been shut down
    bool stopping_ = false;
    std::thread thread_;
};

}  // namespace homespun::sys
