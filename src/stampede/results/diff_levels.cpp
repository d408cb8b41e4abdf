#include "stampede/results/diff_levels.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "stampede/results/figures.hpp"

namespace homespun::stampede {
namespace {

bool stands_for_its_load(const Level& level) {
    // A push and the recovery from it depend on what was before.
    return level.purpose != Purpose::warm_up && level.purpose != Purpose::push &&
           level.purpose != Purpose::recover && std::isfinite(level.load) && level.load > 0;
}

bool is_at(const Level& level, double load, double tolerance) {
    return stands_for_its_load(level) && level.load >= load && level.load <= load * (1 + tolerance);
}

/// The samples of a level's counted time.
std::vector<const Sample*> samples_of(const Run& run, const Level& level) {
    std::vector<const Sample*> found;
    for (const auto& sample : run.samples) {
        // A sample is known by its end; half a second keeps the lead-in's last one out.
        if (sample.at_s > level.start_s + 0.5 && sample.at_s < level.start_s + level.seconds + 0.5)
            found.push_back(&sample);
    }
    return found;
}

/// The mean of what `take` gives, zeros left out: a second in which nothing ended has no median.
template <class Take>
double mean_present(std::span<const Sample* const> samples, Take take) {
    double sum = 0, count = 0;
    for (const auto* sample : samples) {
        const double value = take(*sample);
        if (!(value > 0) || !std::isfinite(value)) continue;
        sum += value;
        count += 1;
    }
    return count > 0 ? sum / count : Compared::missing;
}

double stretch_figure(std::span<const Sample* const> samples, Measure measure) {
    double good = 0, failed = 0;
    for (const auto* sample : samples) {
        good += sample->good;
        failed += std::accumulate(sample->errors.begin(), sample->errors.end(), 0.0);
    }
    switch (measure) {
        case Measure::good_rate:
            return good / static_cast<double>(samples.size());
        case Measure::p50:
            return mean_present(samples, [](const Sample& sample) { return sample.p50_ms; });
        case Measure::p99:
            return mean_present(samples, [](const Sample& sample) { return sample.p99_ms; });
        case Measure::error_share:
            return good + failed > 0 ? failed / (good + failed) : Compared::missing;
        default:
            return Compared::missing;  // samples do not have it
    }
}

void add_stretches(SideLevel& side, const Run& run, const Level& level, double stretch_s) {
    const auto samples = samples_of(run, level);
    const auto length = static_cast<std::size_t>(std::clamp(stretch_s, 1.0, 3600.0));
    for (std::size_t at = 0; at + length <= samples.size(); at += length) {
        const auto stretch = std::span(samples).subspan(at, length);
        for (std::size_t i = 0; i < std::size(level_measures); ++i)
            side.stretch_values[i].push_back(stretch_figure(stretch, level_measures[i]));
    }
}

SideLevel side_at(std::span<const Run> runs, double load, const DiffOptions& options) {
    SideLevel side;
    side.runs_values.resize(std::size(level_measures));
    side.stretch_values.resize(std::size(level_measures));
    for (const auto& run : runs) {
        const auto level = level_at(run, load, options.load_tolerance);
        for (std::size_t i = 0; i < std::size(level_measures); ++i) {
            side.runs_values[i].push_back(
                level ? figure(level->counts, level->seconds, run.demands, level_measures[i])
                      : Compared::missing);
        }
        if (!level) continue;
        ++side.runs;
        side.counts.add(level->counts);
        side.seconds += level->seconds;
        side.held = side.held && level->good;
        for (const auto& each : run.levels) {
            if (is_at(each, load, options.load_tolerance)) add_stretches(side, run, each, options.stretch_s);
        }
    }
    return side;
}

}  // namespace

std::vector<double> loads_of(std::span<const Run* const> runs, double tolerance) {
    std::vector<double> all;
    for (const auto* run : runs) {
        for (const auto& level : run->levels) {
            if (stands_for_its_load(level) && level.seconds > 0) all.push_back(level.load);
        }
    }
    std::ranges::sort(all);
    std::vector<double> loads;
    for (const double load : all) {
        if (loads.empty() || load > loads.back() * (1 + tolerance)) loads.push_back(load);
    }
    return loads;
}

std::optional<Level> level_at(const Run& run, double load, double tolerance) {
    std::optional<Level> merged;
    for (const auto& level : run.levels) {
        if (!is_at(level, load, tolerance) || !(level.seconds > 0)) continue;
        if (!merged) {
            merged = level;
            continue;
        }
        merged->counts.add(level.counts);
        merged->seconds += level.seconds;
        merged->good = merged->good && level.good;
        merged->settled = merged->settled && level.settled;
    }
    return merged;
}

double figure(const Counts& counts, double seconds, const Demands& demands, Measure measure) {
    const auto all = counts.all();
    if (all.total() == 0) return Compared::missing;
    const auto time = [&](double share) { return quantile_ms(all, share).value_or(Compared::missing); };
    switch (measure) {
        case Measure::good_rate:
            return seconds > 0 ? static_cast<double>(all.good) / seconds : Compared::missing;
        case Measure::p50:
            return time(0.5);
        case Measure::p95:
            return time(0.95);
        case Measure::p99:
            return time(0.99);
        case Measure::error_share:
            return error_share(all);
        case Measure::apdex:
            return apdex_of(all, demands);
        case Measure::capacity:
            break;
    }
    return Compared::missing;
}

std::vector<CommonLevel> common_levels(std::span<const Run> a, std::span<const Run> b,
                                       const DiffOptions& options) {
    std::vector<const Run*> all;
    for (const auto side : {a, b}) {
        for (const auto& run : side)
            all.push_back(&run);
    }
    std::vector<CommonLevel> levels;
    for (const double load : loads_of(all, options.load_tolerance)) {
        CommonLevel level{load, side_at(a, load, options), side_at(b, load, options)};
        if (level.a.runs > 0 && level.b.runs > 0) levels.push_back(std::move(level));
    }
    return levels;
}

}  // namespace homespun::stampede
