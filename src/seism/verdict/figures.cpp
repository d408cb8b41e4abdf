#include "seism/verdict/figures.hpp"

#include <algorithm>

#include "base/statistics.hpp"
#include "seism/recorder/phases.hpp"

namespace homespun::seism {
namespace {

std::vector<double> times_of(const Trial& trial, Phase phase) {
    std::vector<double> times;
    for (const auto& exchange : trial.exchanges) {
        if (exchange.phase == phase && exchange.answered())
            times.push_back(static_cast<double>(exchange.took()));
    }
    return times;
}

Micros quantile(const std::vector<double>& times, double q) {
    return static_cast<Micros>(base::quantile(times, q));
}

void add_samples(PhaseFigures& figures, const std::vector<const Sample*>& samples) {
    std::vector<double> cpu, resident, descriptors, threads;
    for (const auto* sample : samples) {
        cpu.push_back(sample->cpu);
        resident.push_back(static_cast<double>(sample->resident));
        threads.push_back(static_cast<double>(sample->threads));
        if (sample->descriptors) descriptors.push_back(static_cast<double>(*sample->descriptors));
        if (sample->proportional) figures.proportional = static_cast<double>(*sample->proportional);
    }
    figures.cpu = base::median(cpu);
    figures.cpu_p95 = base::quantile(cpu, 0.95);
    figures.cpu_max = base::quantile(cpu, 1);
    figures.resident = base::median(resident);
    figures.resident_max = base::quantile(resident, 1);
    figures.descriptors = base::median(descriptors);
    figures.threads = base::median(threads);
}

}  // namespace

std::vector<const Sample*> samples_in(const Trial& trial, Phase phase) {
    std::vector<const Sample*> found;
    for (const auto& sample : trial.samples) {
        if (sample.processes > 0 && moment_of(trial, sample.at).phase == phase) found.push_back(&sample);
    }
    return found;
}

std::vector<const Sample*> settled_samples(const Trial& trial, std::size_t cycle) {
    constexpr std::ptrdiff_t most = 5;
    std::vector<const Sample*> found;
    for (const auto* sample : samples_in(trial, Phase::after)) {
        if (moment_of(trial, sample->at).cycle == cycle) found.push_back(sample);
    }
    if (std::ssize(found) > most) found.erase(found.begin(), found.end() - most);
    return found;
}

Micros p99_of(const Trial& trial, Phase phase) {
    return quantile(times_of(trial, phase), 0.99);
}

PhaseFigures figures_of(const Trial& trial, Phase phase) {
    PhaseFigures figures;
    for (const auto& exchange : trial.exchanges) {
        if (exchange.phase != phase) continue;
        ++figures.requests;
        ++figures.outcomes[std::string(word_of(exchange.outcome))];
        if (exchange.status != 0) ++figures.statuses[exchange.status];
    }
    const auto times = times_of(trial, phase);
    figures.p50 = quantile(times, 0.5);
    figures.p95 = quantile(times, 0.95);
    figures.p99 = quantile(times, 0.99);
    add_samples(figures, samples_in(trial, phase));
    return figures;
}

}  // namespace homespun::seism
