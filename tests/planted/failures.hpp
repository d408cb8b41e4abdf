#pragma once
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

// The ways of failing. Each knows when a request is answered and with what; sockets are the server's affair.
// All times are sums of fixed costs, not measured ones, so that a limit does not move when the program is
// kept from running for a moment: it catches up.

namespace planted {

using Clock = std::chrono::steady_clock;
using Moment = Clock::time_point;
using Span = Clock::duration;

inline Span seconds(double value) {
    return std::chrono::duration_cast<Span>(std::chrono::duration<double>(value));
}

struct Answer {
    std::string_view status = "200 OK";
    std::string_view body = "hello\n";
    bool close = false;  ///< the connection, afterwards
};

class Failure {
  public:
    Failure() = default;
    Failure(const Failure&) = delete;
    Failure& operator=(const Failure&) = delete;
    virtual ~Failure() = default;

    /// Asked when a request has come and `waiting` others have no answer yet. What this gives goes out at
    /// once; without it the request waits its turn.
    virtual std::optional<Answer> at_once(Moment /*now*/, std::size_t /*waiting*/) { return {}; }
    /// When the request whose turn it now is gets its answer. Asked once for each, in order of arrival, when
    /// the one before has been answered; `behind` wait after it.
    virtual Moment due(Moment arrived, std::size_t behind) = 0;
    /// For the request `due` was asked about last.
    virtual Answer answer() { return {}; }
    /// Whether the time up to `due` is spent computing.
    [[nodiscard]] virtual bool burns() const { return false; }
    /// Work that is to be done whether requests come or not; gives when to call again.
    virtual Moment upkeep(Moment /*now*/) { return Moment::max(); }
};

/// `latency` and `lock`: one server, one after another, each for the same time, computing or asleep. An M/D/1
/// queue: answers come late well before the limit (mean wait about 10 services at 95 %), and ever later
/// above.
class OneAtATime : public Failure {
  public:
    OneAtATime(Span cost, bool burns) : cost_(cost), burns_(burns) {}

    Moment due(Moment arrived, std::size_t /*behind*/) override {
        return free_at_ = std::max(free_at_, arrived) + cost_;
    }
    [[nodiscard]] bool burns() const override { return burns_; }

  private:
    const Span cost_;
    const bool burns_;
    Moment free_at_{};
};

/// `collapse`: costs nothing up to the limit, with bursts let through. Above it a queue forms, and then every
/// request is computed for: the longer the queue the longer, up to 1.25 / limit seconds. One that has waited
/// for more than a second is refused, but only after 0.375 / limit seconds were wasted on it. So under a
/// steady load of x times the limit the oldest waits for a second throughout, and of all requests the share
/// (1/x - 0.375) / (1.25 - 0.375) is answered well: per second 0.67 times the limit at x = 1.1, 0.29 times at
/// 2, none from 2.7 on. A collapse lasts while the load is above 0.8 times the limit; without load it is over
/// in a second or two.
class Collapse : public Failure {
  public:
    explicit Collapse(double limit) : cost_(1 / limit) {}

    Moment due(Moment arrived, std::size_t behind) override {
        const auto start = std::max(free_at_, arrived - seconds(burst * cost_));
        late_ = start - arrived > patience;
        const auto rise = std::min(static_cast<double>(behind) / 100, most_rise);
        return free_at_ = start + seconds(cost_ * (late_ ? waste : 1 + rise));
    }
    Answer answer() override {
        if (late_) return {.status = "503 Service Unavailable", .body = "too late\n"};
        return {};
    }
    [[nodiscard]] bool burns() const override { return true; }

  private:
    static constexpr auto patience = std::chrono::seconds(1);
    /// Requests that may come at once. Fewer, and chance alone would bring the collapse below the limit;
    /// more, and it would be long in coming just above.
    static constexpr double burst = 75;
    static constexpr double most_rise = 0.25, waste = 0.375;

    const double cost_;
    Moment free_at_{};  ///< lies behind now while there is room for a burst
    bool late_ = false;
};

/// `refused` and the base of `errors`: any number at a time, each for the same time, asleep.
class Hold : public Failure {
  public:
    Hold(Span time, bool close) : time_(time), close_(close) {}

    Moment due(Moment arrived, std::size_t /*behind*/) override { return arrived + time_; }
    Answer answer() override { return {.close = close_}; }

  private:
    const Span time_;
    const bool close_;
};

/// The share of Poisson arrivals that find all of `places` taken, at `load` = arrivals per time of stay
/// (Erlang's loss formula, which holds for any distribution of that time).
inline double erlang_loss(int places, double load) {
    double loss = 1;
    for (int n = 1; n <= places; ++n)
        loss = load * loss / (n + load * loss);
    return loss;
}

/// The load at which that share is one in a hundred.
inline double load_losing_a_hundredth(int places) {
    double low = 0, high = places;
    while (high - low > 1e-6) {
        const double middle = (low + high) / 2;
        (erlang_loss(places, middle) < 0.01 ? low : high) = middle;
    }
    return low;
}

/// `errors`: 500 when 400 requests are in flight. How long each takes is chosen so that of Poisson arrivals
/// at the limit 1 % find it so; with fewer places this share would rise less steeply.
class Errors : public Hold {
  public:
    explicit Errors(double limit) : Hold(seconds(load_losing_a_hundredth(places) / limit), false) {}

    std::optional<Answer> at_once(Moment /*now*/, std::size_t waiting) override {
        if (waiting < places) return {};
        return Answer{.status = "500 Internal Server Error", .body = "too much in flight\n"};
    }

  private:
    static constexpr int places = 400;
};

/// `space`: each request leaves 64 KiB in a file, a cleaner takes away `limit` times as much per second, and
/// the file may not grow beyond a quota. The cleaner cuts off the end, as which bytes go is all the same, and
/// size and blocks of the file are then both what is in use.
class Space : public Failure {
  public:
    Space(const std::string& directory, double limit)
        : path_(directory + "/planted.data"),
          speed_(limit * piece),
          quota_(piece * std::max(least_reserve, limit * reserve_seconds)),
          bytes_(piece, 'x'),
          file_(::open(path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600)) {
        if (file_ < 0) throw std::system_error(errno, std::generic_category(), path_);
    }
    ~Space() override {
        ::close(file_);
        ::unlink(path_.c_str());
    }

    std::optional<Answer> at_once(Moment now, std::size_t /*waiting*/) override {
        clean(now);
        if (used_ + piece > quota_ || ::write(file_, bytes_.data(), bytes_.size()) != piece)
            return Answer{.status = "507 Insufficient Storage", .body = "no space left"};
        used_ += piece;
        return Answer{};
    }
    Moment due(Moment arrived, std::size_t /*behind*/) override { return arrived; }

    Moment upkeep(Moment now) override {
        clean(now);
        return now + std::chrono::milliseconds(10);
    }

  private:
    static constexpr int piece = 65536;
    /// How much burst fits, in seconds of the cleaner's work and in pieces. A larger reserve takes longer to
    /// fill just above the limit (this one 5 s at 5 % above), a smaller one fills by chance below.
    static constexpr double reserve_seconds = 0.25, least_reserve = 100;

    void clean(Moment now) {
        const std::chrono::duration<double> since = now - cleaned_;
        used_ = std::max(0.0, used_ - since.count() * speed_);
        cleaned_ = now;
        if (::ftruncate(file_, static_cast<off_t>(used_)) != 0)
            throw std::system_error(errno, std::generic_category(), path_);
    }

    const std::string path_;
    const double speed_, quota_;  ///< bytes per second, bytes
    const std::vector<char> bytes_;
    const int file_;
    double used_ = 0;  ///< rounded down, the file's length
    Moment cleaned_{};
};

}  // namespace planted
