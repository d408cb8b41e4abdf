#include "seism/recorder/phases.hpp"

#include <algorithm>

namespace homespun::seism {
namespace {

bool overlaps(const Exchange& exchange, Micros from, Micros to) {
    return exchange.start <= to && exchange.end >= from;
}

void assign(Exchange& exchange, const std::vector<Cycle>& cycles) {
    exchange.phase = Phase::before;
    for (std::size_t i = 0; i < cycles.size(); ++i) {
        const auto& cycle = cycles[i];
        if (exchange.end < cycle.armed) break;
        exchange.cycle = static_cast<int>(i);
        if (overlaps(exchange, cycle.armed, cycle.stopped)) {
            exchange.phase = Phase::during;
            // One that outlives its perturbation and meets the next still belongs to the first.
            if (cycle.first_bite) exchange.exposed = overlaps(exchange, *cycle.first_bite, *cycle.last_bite);
            return;
        }
        exchange.phase = Phase::after;
    }
}

}  // namespace

void assign_phases(Trial& trial) {
    std::ranges::sort(trial.exchanges, {},
                      [](const Exchange& each) { return std::pair(each.start, each.id); });
    int cycle = -1, index = 0;
    for (auto& exchange : trial.exchanges) {
        assign(exchange, trial.cycles);
        if (exchange.phase != Phase::after) continue;
        if (exchange.cycle != cycle) index = 0;
        cycle = exchange.cycle;
        exchange.after_index = ++index;
    }
}

Moment moment_of(const Trial& trial, Micros at) {
    Moment moment;
    for (std::size_t i = 0; i < trial.cycles.size() && at >= trial.cycles[i].armed; ++i)
        moment = {at <= trial.cycles[i].stopped ? Phase::during : Phase::after, i};
    return moment;
}

}  // namespace homespun::seism
