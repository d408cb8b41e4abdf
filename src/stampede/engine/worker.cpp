#include "stampede/engine/worker.hpp"

#include <algorithm>
#include <cmath>
#include <ctime>

#include "stampede/engine/worker_state.hpp"

// Starting sessions and handing over what was counted; worker_requests.cpp has a session's course.
namespace homespun::stampede {
namespace {

using std::chrono::duration;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;

constexpr std::size_t most_failures = 40;
constexpr std::size_t most_slowest = 20;

std::int64_t thread_cpu_ns() {
    timespec time{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return time.tv_sec * 1'000'000'000 + time.tv_nsec;
}

std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
    return Dice(a ^ (b * 0xd6e8feb86659fd93)).next();
}

}  // namespace

void Harvest::add(Harvest&& other) {
    counts.add(other.counts);
    for (auto& note : other.failures) {
        if (failures.size() < most_failures) failures.push_back(std::move(note));
    }
    std::ranges::move(other.slowest, std::back_inserter(slowest));
    std::ranges::sort(slowest, std::ranges::greater(), &Note::response_ms);
    if (slowest.size() > most_slowest) slowest.resize(most_slowest);
}

base::Result<std::unique_ptr<Worker>> Worker::make(const Model& model, const WorkerSettings& settings,
                                                   std::size_t number, std::size_t workers, Moment epoch) {
    auto poller = net::Poller::open();
    if (!poller) return std::unexpected(poller.error());
    return std::unique_ptr<Worker>(new Worker(model, settings, number, workers, epoch, std::move(*poller)));
}

Worker::Worker(const Model& model, const WorkerSettings& settings, std::size_t number, std::size_t workers,
               Moment epoch, net::Poller poller)
    : model_(model),
      settings_(settings),
      number_(number),
      workers_(workers),
      epoch_(epoch),
      poller_(std::move(poller)),
      dice_(mix(settings.seed, number + 1)),
      room_(std::size_t{64} * 1024) {
    harvest_.counts.types.resize(model.types().size());
    if (settings_.arrivals != Arrivals::closed) return;
    users_.resize(settings_.users / workers_ + (number_ < settings_.users % workers_ ? 1 : 0));
    user_alarms_.reserve(static_cast<std::uint32_t>(users_.size()));
}

Worker::~Worker() = default;

void Worker::run() {
    while (!stopping_.load(std::memory_order_acquire)) {
        if (has_order_.load(std::memory_order_acquire)) obey();
        const auto now = std::chrono::steady_clock::now();
        start_due(now);
        const auto tick = tick_of(now);
        flight_alarms_.advance(tick, [this](std::uint32_t id) { ring_flight(id); });
        if (wants_harvest_.load(std::memory_order_acquire)) hand_over();
        auto until = now + milliseconds(flight_alarms_.size() + user_alarms_.size() > 0 ? 1 : 50);
        if (rate_ > 0) until = std::min(until, next_arrival_);
        if (!restless_.empty()) until = now;
        const auto wait = until - std::chrono::steady_clock::now();
        for (const auto& event : poller_.wait(wait))
            on_event(event);
    }
}

void Worker::stop() {
    {
        const std::lock_guard lock(mutex_);
        stopping_.store(true, std::memory_order_release);
    }
    handed_.notify_all();
    poller_.wake();
}

void Worker::order(double load, microseconds ramp) {
    {
        const std::lock_guard lock(mutex_);
        ordered_load_ = load;
        ordered_ramp_ = ramp;
    }
    has_order_.store(true, std::memory_order_release);
    poller_.wake();
}

void Worker::obey() {
    double load = 0;
    microseconds ramp{0};
    {
        const std::lock_guard lock(mutex_);
        has_order_.store(false, std::memory_order_relaxed);
        load = ordered_load_;
        ramp = ordered_ramp_;
    }
    const auto now = std::chrono::steady_clock::now();
    if (settings_.arrivals != Arrivals::closed) {
        rate_ = load;
        schedule_arrival(now);
        return;
    }
    const auto target =
        static_cast<std::uint32_t>(std::min<double>(load, static_cast<double>(users_.size())));
    for (auto user = awake_; user < target; ++user) {
        const auto share = static_cast<std::uint64_t>(ramp.count()) + 1;
        if (!users_[user].busy) rest_user(user, microseconds(dice_.below(share)));
    }
    for (auto user = target; user < awake_; ++user)
        user_alarms_.cancel(user);
    awake_ = target;
}

void Worker::schedule_arrival(Moment from) {
    if (rate_ <= 0) return;
    const double gap =
        settings_.arrivals == Arrivals::poisson ? -std::log1p(-dice_.share()) / rate_ : 1 / rate_;
    next_arrival_ = from + std::chrono::duration_cast<nanoseconds>(duration<double>(gap));
}

void Worker::start_due(Moment now) {
    // The rest of a great backlog waits for a round of events: answers must not wait behind questions.
    constexpr int most_at_once = 256;
    if (settings_.arrivals == Arrivals::closed) {
        const auto start = [&](std::uint32_t user) {
            if (user >= awake_ || users_[user].busy) return;
            start_session(number_ + static_cast<std::uint64_t>(user) * workers_, user, now);
        };
        user_alarms_.advance(tick_of(now), start);
        std::swap(restless_, starting_);  // whoever is back at once waits for the next round
        for (const auto user : starting_)
            start(user);
        starting_.clear();
        return;
    }
    for (int i = 0; i < most_at_once && rate_ > 0 && next_arrival_ <= now; ++i) {
        const auto due = next_arrival_;
        ++arrivals_;
        start_session(dice_.below(settings_.users), none, due);
        schedule_arrival(due);
    }
}

void Worker::start_session(std::uint64_t user, std::uint32_t local_user, Moment due) {
    auto& flight = take_flight();
    flight.local_user = local_user;
    flight.due = due;
    flight.memory = {};
    ++harvest_.counts.sessions_started;
    if (local_user == none) {
        const auto draw = mix(settings_.seed, arrivals_ * workers_ + number_ + (std::uint64_t{1} << 40));
        flight.session->begin(user, draw, flight.memory);
    } else {
        auto& its = users_[local_user];
        its.busy = true;
        const auto draw = mix(mix(settings_.seed, user), its.sessions++);
        flight.session->begin(user, draw, its.memory);
    }
    advance(flight);
}

void Worker::rest_user(std::uint32_t local_user, microseconds time) {
    // Without rest it comes again in the next round, not with the next tick.
    if (time.count() <= 0) return restless_.push_back(local_user);
    const auto at = std::chrono::steady_clock::now() + time;
    user_alarms_.set(local_user, tick_of(at) + 1);
}

void Worker::ring_flight(std::uint32_t number) {
    auto& flight = flights_[number];
    if (flight.state == Flight::State::pausing) return advance(flight);
    fail(flight, ErrorClass::timeout, "no answer in time");
}

std::uint32_t Worker::tick_of(Moment moment) const {
    return static_cast<std::uint32_t>(std::chrono::duration_cast<milliseconds>(moment - epoch_).count());
}

Worker::Flight& Worker::take_flight() {
    if (!free_flights_.empty()) {
        auto& flight = flights_[free_flights_.back()];
        free_flights_.pop_back();
        return flight;
    }
    const auto number = static_cast<std::uint32_t>(flights_.size());
    flight_alarms_.reserve(std::max<std::uint32_t>(number + 1, 256));
    return flights_.emplace_back(number, model_.make_session(), settings_.most_body);
}

void Worker::end_session(Flight& flight) {
    release(flight, true);
    flight.state = Flight::State::free;
    ++harvest_.counts.sessions_finished;
    free_flights_.push_back(flight.number);
    if (flight.local_user == none) return;
    users_[flight.local_user].busy = false;
    if (flight.local_user < awake_) rest_user(flight.local_user, flight.session->rest());
}

void Worker::count(Flight& flight, std::optional<ErrorClass> error, std::string_view what) {
    const auto now = std::chrono::steady_clock::now();
    const auto in_us = [](auto time) { return std::chrono::duration_cast<microseconds>(time).count(); };
    const auto response_us = in_us(now - flight.due);
    auto& tally = harvest_.counts.types[flight.draft.type];
    in_flight_.fetch_sub(1, std::memory_order_relaxed);
    const double response_ms = static_cast<double>(response_us) / 1000;
    const auto note = [&](std::string text) {
        return Note{flight.draft.type, duration<double>(now - epoch_).count(), response_ms, std::move(text)};
    };
    if (error) {
        ++tally.errors[static_cast<std::size_t>(*error)];
        if (harvest_.failures.size() < most_failures)
            harvest_.failures.push_back(note(std::string(name_of(*error)) + ": " + std::string(what)));
        return;
    }
    ++tally.good;
    tally.response.record(response_us);
    tally.service.record(in_us(now - flight.sent));
    tally.first_byte.record(in_us(flight.first_byte - flight.sent));
    if (response_ms <= slow_enough_ms_) return;
    harvest_.slowest.push_back(note({}));
    if (harvest_.slowest.size() < 2 * most_slowest) return;
    std::ranges::sort(harvest_.slowest, std::ranges::greater(), &Note::response_ms);
    harvest_.slowest.resize(most_slowest);
    slow_enough_ms_ = harvest_.slowest.back().response_ms;
}

void Worker::hand_over() {
    cpu_ns_.store(thread_cpu_ns(), std::memory_order_relaxed);
    {
        const std::lock_guard lock(mutex_);
        std::swap(handed_over_, harvest_);
        has_handed_over_ = true;
        wants_harvest_.store(false, std::memory_order_relaxed);
    }
    handed_.notify_one();
    harvest_.counts.types.resize(model_.types().size());
    harvest_.counts.in_flight_peak = in_flight();
    slow_enough_ms_ = 0;
}

Harvest Worker::collect() {
    std::unique_lock lock(mutex_);
    wants_harvest_.store(true, std::memory_order_release);
    poller_.wake();
    handed_.wait(lock, [this] { return has_handed_over_ || stopping_.load(); });
    Harvest result;
    if (!has_handed_over_) return result;
    has_handed_over_ = false;
    result.add(std::move(handed_over_));
    // The memory of the histograms goes back and forth between the two.
    handed_over_.counts.clear();
    handed_over_.failures.clear();
    handed_over_.slowest.clear();
    return result;
}

}  // namespace homespun::stampede
