#pragma once
#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "net/http/parser.hpp"
#include "net/io/poller.hpp"
#include "net/io/stream_socket.hpp"
#include "stampede/engine/session.hpp"
#include "stampede/engine/tally.hpp"
#include "stampede/engine/timer_wheel.hpp"

namespace homespun::stampede {

/// When sessions begin.
enum class Arrivals {
    poisson,   ///< open: at random moments, whatever the server does
    constant,  ///< open: at equal distances
    closed,    ///< each user begins when it has rested after its last session
};

/// How long connections live.
enum class Connections {
    keep,     ///< kept open; in the closed model each user has its own
    session,  ///< a new one for each session
    request,  ///< a new one for each request
};

/// How a worker works; the same for all of an engine.
struct WorkerSettings {
    net::TcpAddress target;
    Arrivals arrivals = Arrivals::poisson;
    Connections connections = Connections::keep;
    std::uint64_t users = 1'000'000;  ///< sessions are of users 0 to users - 1
    std::uint64_t seed = 1;
    std::chrono::microseconds timeout{10'000'000};  ///< from the moment a request was due
    std::size_t most_connections = 1000;            ///< of one worker
    std::uint32_t source_addresses = 1;             ///< loopback addresses to connect from
    std::size_t most_body = 64 * 1024 * 1024;       ///< bytes of an answer's body
};

/// A request worth showing to people.
struct Note {
    std::uint16_t type = 0;
    double at_s = 0;  ///< since the engine began
    double response_ms = 0;
    std::string what;
};

/// What a worker hands over.
struct Harvest {
    Counts counts;
    std::vector<Note> failures, slowest;
    void add(Harvest&& other);
};

/// One thread of the load generator: sessions, connections and the clock that starts them. `run` is the
/// thread; `order`, `collect` and `stop` may be called from another one.
class Worker {
  public:
    using Moment = std::chrono::steady_clock::time_point;

    static base::Result<std::unique_ptr<Worker>> make(const Model& model, const WorkerSettings& settings,
                                                      std::size_t number, std::size_t workers, Moment epoch);
    ~Worker();

    /// Works until `stop`; what is in flight then is dropped uncounted.
    void run();
    void stop();
    /// The load from now on: this worker's sessions a second (open), or how many of its users are awake
    /// (closed); users that are new come within `ramp`.
    void order(double load, std::chrono::microseconds ramp);
    /// Everything counted since the last call. Waits for the worker.
    Harvest collect();

    [[nodiscard]] std::uint64_t in_flight() const { return in_flight_.load(std::memory_order_relaxed); }
    [[nodiscard]] std::uint64_t connections() const { return open_.load(std::memory_order_relaxed); }
    /// CPU time of the thread so far.
    [[nodiscard]] std::chrono::nanoseconds cpu_time() const {
        return std::chrono::nanoseconds(cpu_ns_.load(std::memory_order_relaxed));
    }

  private:
    struct Flight;
    struct Link;
    static constexpr std::uint32_t none = ~std::uint32_t{0};

    Worker(const Model& model, const WorkerSettings& settings, std::size_t number, std::size_t workers,
           Moment epoch, net::Poller poller);

    // Starting sessions.
    void obey();
    void start_due(Moment now);
    void schedule_arrival(Moment from);
    void wake_users(Moment now);
    void start_session(std::uint64_t user, std::uint32_t local_user, Moment due);
    void rest_user(std::uint32_t local_user, std::chrono::microseconds time);
    void ring_flight(std::uint32_t number);

    // A session's course.
    void advance(Flight& flight);
    void begin_request(Flight& flight, Moment now);
    void get_link(Flight& flight);
    void open_link(Flight& flight);
    void send(Flight& flight);
    void receive(Flight& flight, Link& link);
    static std::optional<std::size_t> parse(Flight& flight, std::string_view bytes);
    void complete(Flight& flight);
    void fail(Flight& flight, ErrorClass error, std::string_view what);
    void lose_link(Flight& flight, ErrorClass error, std::string_view what);
    void end_session(Flight& flight);
    void count(Flight& flight, std::optional<ErrorClass> error, std::string_view what);

    // Connections.
    void on_event(const net::Poller::Event& event);
    void release(Flight& flight, bool reusable);
    void close(Link& link, bool reset);
    void serve_waiting();
    Flight* next_waiting();
    void make_idle(Link& link);
    void leave_idle(Link& link);
    std::uint32_t free_link();

    [[nodiscard]] std::uint32_t tick_of(Moment moment) const;
    Flight& take_flight();
    void hand_over();

    const Model& model_;
    const WorkerSettings settings_;
    const std::size_t number_, workers_;
    const Moment epoch_;
    net::Poller poller_;
    Dice dice_;

    std::deque<Flight> flights_;
    std::vector<std::uint32_t> free_flights_;
    struct Place {
        std::uint32_t flight, ticket;
    };
    std::deque<Place> waiting_;  ///< for a connection, longest first; some have given up meanwhile
    TimerWheel flight_alarms_;

    std::deque<Link> links_;
    std::vector<std::uint32_t> free_links_;
    std::uint32_t idle_first_ = none, idle_last_ = none;  ///< kept connections, longest idle first
    std::uint32_t next_source_ = 0;

    // Open model.
    double rate_ = 0;
    Moment next_arrival_;
    std::uint64_t arrivals_ = 0;
    // Closed model: this worker's users are number_, number_ + workers_, …
    struct User {
        Memory memory;
        std::uint32_t link = none;
        std::uint32_t sessions = 0;
        bool busy = false;
    };
    std::vector<User> users_;
    std::vector<std::uint32_t> restless_, starting_;  ///< users who come again without a rest
    std::uint32_t awake_ = 0;
    TimerWheel user_alarms_;

    Harvest harvest_;
    std::vector<char> room_;
    double slow_enough_ms_ = 0;  ///< slower than this is among the slowest

    std::mutex mutex_;
    std::condition_variable handed_;
    Harvest handed_over_;
    bool has_handed_over_ = false;
    double ordered_load_ = 0;
    std::chrono::microseconds ordered_ramp_{0};
    std::atomic<bool> has_order_ = false, wants_harvest_ = false, stopping_ = false;
    std::atomic<std::uint64_t> in_flight_ = 0, open_ = 0;
    std::atomic<std::int64_t> cpu_ns_ = 0;
};

}  // namespace homespun::stampede
