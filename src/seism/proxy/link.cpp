#include "seism/proxy/link.hpp"

#include <algorithm>

namespace homespun::seism {

Link::Outcome Link::run(Time now, ChunkQueue& out) {
    Outcome outcome;
    for (std::size_t i = 0; i < stations_.size(); ++i) {
        auto& station = stations_[i];
        Moment moment{.now = now};
        station.stage->run(station.in, i + 1 < stations_.size() ? stations_[i + 1].in : out, moment);
        outcome.due = std::min(outcome.due, moment.due);
        outcome.fate = std::max(outcome.fate, moment.fate);
        if (moment.bites && !station.bitten) {
            station.bitten = true;
            outcome.bitten.push_back(station.place);
        }
    }
    return outcome;
}

bool Link::holds_anything() const {
    return std::ranges::any_of(
        stations_, [](const Station& station) { return station.in.has_chunk() || station.in.has_end(); });
}

void Link::insert(std::uint64_t place, std::unique_ptr<Stage> stage) {
    ChunkQueue in(stage->capacity());
    const auto before = std::ranges::upper_bound(stations_, place, {}, &Station::place);
    stations_.insert(before, Station{place, std::move(stage), std::move(in)});
}

void Link::hurry(ChunkQueue& out) {
    for (auto station = stations_.rbegin(); station != stations_.rend(); ++station) {
        while (station->in.has_chunk())
            out.push(station->in.pop());
    }
}

bool Link::erase(std::uint64_t place, ChunkQueue& out) {
    const auto found = std::ranges::find(stations_, place, &Station::place);
    if (found == stations_.end()) return false;
    auto& next = found + 1 == stations_.end() ? out : (found + 1)->in;
    while (found->in.has_chunk())
        next.push(found->in.pop());
    if (found->in.has_end()) next.push_end(found->in.end_arrived());
    const bool must_end = found->stage->ends_connection_when_removed();
    stations_.erase(found);
    return must_end;
}

}  // namespace homespun::seism
