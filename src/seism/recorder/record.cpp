#include "seism/recorder/record.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace homespun::seism {

Record::Record(RecordWatcher* watcher)
    : start_(std::chrono::steady_clock::now()), began_(std::chrono::system_clock::now()), watcher_(watcher) {}

Micros Record::at(std::chrono::steady_clock::time_point time) const {
    return std::chrono::duration_cast<std::chrono::microseconds>(time - start_).count();
}

Micros Record::now() const {
    return at(std::chrono::steady_clock::now());
}

void Record::add(Exchange exchange) {
    const std::scoped_lock lock(mutex_);
    exchange.id = ++exchanges_seen_;
    if (watcher_ != nullptr) watcher_->seen(exchange);
    exchanges_.push_back(std::move(exchange));
}

void Record::add(Sample sample) {
    const std::scoped_lock lock(mutex_);
    if (watcher_ != nullptr) watcher_->seen(sample);
    samples_.push_back(sample);
}

void Record::add(PerturbationEvent event) {
    const std::scoped_lock lock(mutex_);
    event.sequence = ++events_seen_;
    event.at = now();
    if (watcher_ != nullptr) watcher_->seen(event, began_);
    events_.push_back(std::move(event));
}

void Record::forget(Micros before) {
    const std::scoped_lock lock(mutex_);
    std::erase_if(exchanges_, [&](const Exchange& each) { return each.start < before; });
    std::erase_if(samples_, [&](const Sample& each) { return each.at < before; });
    std::erase_if(events_, [&](const PerturbationEvent& each) { return each.at < before; });
}

std::vector<Exchange> Record::exchanges(Micros from, Micros to) const {
    const std::scoped_lock lock(mutex_);
    std::vector<Exchange> found;
    std::ranges::copy_if(exchanges_, std::back_inserter(found),
                         [&](const Exchange& each) { return each.start >= from && each.start < to; });
    return found;
}

std::size_t Record::count_exchanges(Micros from) const {
    const std::scoped_lock lock(mutex_);
    return static_cast<std::size_t>(
        std::ranges::count_if(exchanges_, [&](const Exchange& each) { return each.start >= from; }));
}

std::vector<Sample> Record::samples(Micros from, Micros to) const {
    const std::scoped_lock lock(mutex_);
    std::vector<Sample> found;
    std::ranges::copy_if(samples_, std::back_inserter(found),
                         [&](const Sample& each) { return each.at >= from && each.at < to; });
    return found;
}

std::vector<PerturbationEvent> Record::events() const {
    const std::scoped_lock lock(mutex_);
    return events_;
}

}  // namespace homespun::seism
