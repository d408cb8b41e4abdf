#include <algorithm>
#include <utility>

#include "sync/store/sqlite/shard_writer.hpp"

// How requests get to the writer, and how they wait: the queue, what it may hold, gathering a group, and
// those parked until the clock has moved on.
namespace homespun::sync::store::sqlite {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds longest_parking{1000};
/// Behind this far, waiting for the clock is futile.
constexpr std::int64_t hopeless_hundredths = 100;
constexpr std::size_t most_suggestions = 256;
/// Between the beginnings of two groups, unless so many requests wait.
constexpr milliseconds group_interval{3};
constexpr std::size_t crowd = 16;

}  // namespace

bool ShardWriter::enqueue(Request& request) {
    const auto bytes = request->weight = request->bytes();
    bool is_news = false;
    {
        const std::lock_guard lock(mutex_);
        const bool room = held_requests_ < settings_.most_held_requests &&
                          (held_requests_ == 0 || held_bytes_ + bytes <= settings_.most_held_bytes);
        if (closing_ || broken_.load(std::memory_order_relaxed) || !room) {
            settings_.metrics.refused_writes.add();
            return false;
        }
        ++held_requests_;
        held_bytes_ += bytes;
        queue_.push_back(std::move(request));
        is_news = wanted_ > 0 && queue_.size() >= wanted_;
        if (is_news) wanted_ = 0;  // woken once
        note_fullness();
    }
    if (is_news) wake_.notify_one();
    return true;
}

/// Under the mutex.
void ShardWriter::note_fullness() {
    const auto share = [](std::size_t held, std::size_t most) {
        return static_cast<double>(held) / static_cast<double>(most);
    };
    fullness_.store(std::max(share(held_requests_, settings_.most_held_requests),
                             share(held_bytes_, settings_.most_held_bytes)),
                    std::memory_order_relaxed);
    settings_.metrics.queued_requests.set(static_cast<std::int64_t>(held_requests_));
    settings_.metrics.queued_bytes.set(static_cast<std::int64_t>(held_bytes_));
}

base::Task<Outcome<WriteResult>> ShardWriter::submit(base::Executor& home, Request request) {
    struct Awaiter {
        ShardWriter& writer;
        Request& request;
        Outcome<WriteResult> answer;
        [[nodiscard]] bool await_ready() const noexcept { return false; }
        bool await_suspend(std::coroutine_handle<> caller) {
            request->caller = caller;
            request->answer = &answer;
            // From here on the writer may answer at any time, on `home`'s thread: touch nothing after it.
            return writer.enqueue(request);
        }
        void await_resume() const noexcept {}
    };
    constexpr int later_s = 5;
    request->home = &home;
    Awaiter awaiter{*this, request,
                    std::unexpected(Failure{
                        Failure::Kind::unavailable, {}, later_s, "the shard takes no writes at the moment"})};
    co_await awaiter;
    co_return std::move(awaiter.answer);
}

void ShardWriter::suggest(UserId user) {
    const std::lock_guard lock(mutex_);
    if (closing_ || suggested_.size() >= most_suggestions) return;
    suggested_.push_back(user);
    wake_.notify_one();
}

/// They make room for others: once per group, so that it costs a single request next to nothing.
void ShardWriter::uncount(const std::vector<Request>& requests) {
    std::size_t bytes = 0;
    for (const auto& request : requests)
        bytes += request->weight;
    const std::lock_guard lock(mutex_);
    held_requests_ -= requests.size();
    held_bytes_ -= bytes;
    note_fullness();
}

/// Waits for work and takes all of it. False: closed, and nothing is left to do.
bool ShardWriter::take_queued() {
    std::unique_lock lock(mutex_);
    const auto has_news = [this] {
        return !queue_.empty() || !suggested_.empty() || (closing_ && !draining_);
    };
    if (inbox_.empty() && !has_news()) {
        if (draining_ && parked_.empty()) return false;
        if (!draining_) {
            wanted_ = 1;
            wake_.wait_until(lock, next_wake(), has_news);
            wanted_ = 0;
        }
    }
    draining_ = closing_;
    for (auto& request : queue_)
        inbox_.push_back(std::move(request));
    queue_.clear();
    to_load_.swap(suggested_);
    return true;
}

/// To flush one write to the disk costs what it costs to flush many: under load a group begins a little after
/// the last one did, with what has come meanwhile. A write that comes alone does not wait, nor does a crowd.
void ShardWriter::gather() {
    const auto due = last_group_ + group_interval;
    if (!draining_ && inbox_.size() < crowd && Steady::now() < due) {
        std::unique_lock lock(mutex_);
        wanted_ = crowd - inbox_.size();
        wake_.wait_until(lock, due, [this] { return closing_ || inbox_.size() + queue_.size() >= crowd; });
        wanted_ = 0;
    }
    last_group_ = Steady::now();
}

/// Puts the first parked request of every user whose time has come in front of the inbox.
void ShardWriter::release_parked() {
    if (parked_.empty()) return;
    const auto now = Timestamp::from_ms(clock_.now_ms());
    const auto steady = Steady::now();
    for (auto place = parked_.begin(); place != parked_.end();) {
        auto& waiting = place->second;
        const bool waited_enough = steady - *waiting.requests.front()->parked_since > longest_parking;
        if (now <= waiting.floor && !waited_enough && !draining_) {
            ++place;
            continue;
        }
        inbox_.push_front(std::move(waiting.requests.front()));
        waiting.requests.pop_front();
        waiting.floor = std::max(now, waiting.floor);
        place = waiting.requests.empty() ? parked_.erase(place) : std::next(place);
    }
}

ShardWriter::Request ShardWriter::next_request() {
    if (inbox_.empty()) {
        const std::lock_guard lock(mutex_);
        inbox_.swap(queue_);
    }
    if (inbox_.empty()) return nullptr;
    auto request = std::move(inbox_.front());
    inbox_.pop_front();
    return request;
}

/// True: the request was put aside until the clock has moved on.
bool ShardWriter::park(Request& request, const UserState& state, Timestamp now) {
    const auto waiting = parked_.find(request->user);
    const bool was_parked = request->parked_since.has_value();
    if (waiting != parked_.end() && !was_parked) {
        request->parked_since = Steady::now();
        waiting->second.requests.push_back(std::move(request));
        return true;
    }
    if (now > state.last_write || draining_) return false;
    if (state.last_write.hundredths - now.hundredths > hopeless_hundredths) return false;
    if (was_parked && Steady::now() - *request->parked_since > longest_parking) return false;
    if (!was_parked) request->parked_since = Steady::now();
    auto& place = parked_[request->user];
    place.floor = state.last_write;
    place.requests.push_front(std::move(request));
    return true;
}

}  // namespace homespun::sync::store::sqlite
