#include "seism/api/event_log.hpp"

#include <utility>

namespace homespun::seism {
namespace {

constexpr std::size_t most_kept = 10'000;
/// Bites closer together than this are one event: a hundred a second at most for each toxic.
constexpr std::chrono::milliseconds together{10};

}  // namespace

std::string_view word_of(Event::Kind kind) {
    switch (kind) {
        case Event::Kind::bite:
            return "perturbation.bite";
        case Event::Kind::upstream_down:
            return "backend.down";
        case Event::Kind::upstream_up:
            break;
    }
    return "backend.up";
}

void EventLog::bitten(const Bite& bite) {
    add({.kind = Event::Kind::bite,
         .proxy = std::string(bite.proxy),
         .toxic = std::string(bite.toxic),
         .connection = bite.connection,
         .request = bite.request});
}

void EventLog::upstream_down(std::string_view proxy, std::string_view why) {
    add({.kind = Event::Kind::upstream_down, .proxy = std::string(proxy), .why = std::string(why)});
}

void EventLog::upstream_up(std::string_view proxy) {
    add({.kind = Event::Kind::upstream_up, .proxy = std::string(proxy)});
}

void EventLog::add(Event event) {
    event.time = std::chrono::milliseconds(clock_.now_ms());
    const std::lock_guard lock(mutex_);
    if (event.kind == Event::Kind::bite) ++bites_;
    if (event.kind == Event::Kind::bite && !events_.empty()) {
        auto& last = events_.back();
        if (last.kind == event.kind && last.proxy == event.proxy && last.toxic == event.toxic &&
            event.time - last.time < together) {
            // Who has seen it must see that there is more.
            event.bites = last.bites + 1;
            event.time = last.time;
            events_.pop_back();
        }
    }
    event.number = next_++;
    events_.push_back(std::move(event));
    if (events_.size() > most_kept) events_.pop_front();
}

std::vector<Event> EventLog::since(std::uint64_t after) const {
    const std::lock_guard lock(mutex_);
    std::vector<Event> result;
    for (const auto& event : events_) {
        if (event.number > after) result.push_back(event);
    }
    return result;
}

std::uint64_t EventLog::bites() const {
    const std::lock_guard lock(mutex_);
    return bites_;
}

}  // namespace homespun::seism
