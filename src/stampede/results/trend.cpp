#include "stampede/results/trend.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "stampede/results/comparable.hpp"
#include "stampede/results/diff_levels.hpp"

namespace homespun::stampede {
namespace {

/// Conclusive runs in the order of their beginnings.
std::vector<const Run*> usable(std::span<const Run> runs, std::vector<std::string>& notes) {
    std::vector<const Run*> kept;
    for (const auto& run : runs) {
        if (run.conclusive) {
            kept.push_back(&run);
        } else {
            notes.push_back(fmt::format("Left out: {} ({}) is not conclusive: {}", label_of(run),
                                        time_of(run), printable(run.verdict)));
        }
    }
    // By hand, as stable_sort of this library asks for memory in a deprecated way.
    for (std::size_t i = 1; i < kept.size(); ++i) {
        const auto place =
            std::upper_bound(kept.begin(), kept.begin() + static_cast<std::ptrdiff_t>(i), kept[i],
                             [](const Run* a, const Run* b) { return a->started_at_s < b->started_at_s; });
        std::rotate(place, kept.begin() + static_cast<std::ptrdiff_t>(i),
                    kept.begin() + static_cast<std::ptrdiff_t>(i) + 1);
    }
    return kept;
}

TrendRun figures_of(const Run& run, const std::vector<double>& loads, const TrendOptions& options) {
    TrendRun made{label_of(run), printable(environment_of(run, "commit")), time_of(run)};
    if (run.capacity && std::isfinite(run.capacity->sessions_per_s))
        made.capacity = run.capacity->sessions_per_s;
    for (const double load : loads) {
        auto& cell = made.cells.emplace_back();
        const auto level = level_at(run, load, options.load_tolerance);
        if (!level) continue;
        const auto take = [&](Measure measure) {
            return figure(level->counts, level->seconds, run.demands, measure);
        };
        cell = {take(Measure::apdex), take(Measure::good_rate), take(Measure::p99)};
    }
    return made;
}

/// The highest load that at least four runs of five have. Loads are the columns of the cells.
std::optional<std::size_t> common_load(const Trend& trend) {
    for (std::size_t column = trend.loads.size(); column-- > 0;) {
        const auto have = std::ranges::count_if(
            trend.runs, [&](const TrendRun& run) { return std::isfinite(run.cells[column].good_rate); });
        if (static_cast<std::size_t>(have) * 5 >= trend.runs.size() * 4) return column;
    }
    return std::nullopt;
}

/// Drops the changes that are too small to matter and says of the others which way they went.
std::vector<TrendChange> weigh(const std::vector<double>& values, std::vector<std::size_t> places,
                               bool higher_is_better, double least_effect) {
    std::vector<TrendChange> changes;
    for (std::size_t i = 0; i < places.size();) {
        const auto from = i == 0 ? 0 : places[i - 1],
                   to = i + 1 == places.size() ? values.size() : places[i + 1];
        const auto all = std::span(values);
        const double before = base::median(all.subspan(from, places[i] - from));
        const double after = base::median(all.subspan(places[i], to - places[i]));
        if (!(std::abs(after - before) >= least_effect * std::abs(before)) || after == before) {
            places.erase(places.begin() + static_cast<std::ptrdiff_t>(i));
            continue;
        }
        const bool better = (after > before) == higher_is_better;
        changes.push_back({places[i], before, after, better ? base::Verdict::better : base::Verdict::worse});
        ++i;
    }
    return changes;
}

void find_changes(TrendSeries& series, const TrendOptions& options) {
    std::vector<double> values;
    std::vector<std::size_t> runs;
    for (std::size_t i = 0; i < series.values.size(); ++i) {
        if (!std::isfinite(series.values[i])) continue;
        values.push_back(series.values[i]);
        runs.push_back(i);
    }
    series.changes = weigh(values, base::change_points(values, options.seed), series.higher_is_better,
                           options.least_effect);
    for (auto& change : series.changes)
        change.run = runs[change.run];
}

void add_series(Trend& trend, const TrendOptions& options) {
    const auto add = [&](std::string name, bool higher_is_better, auto take) {
        TrendSeries series{std::move(name), higher_is_better};
        for (const auto& run : trend.runs)
            series.values.push_back(take(run));
        const auto known =
            std::ranges::count_if(series.values, [](double value) { return std::isfinite(value); });
        if (known < 2) return;
        find_changes(series, options);
        trend.series.push_back(std::move(series));
    };
    add("capacity, sessions/s", true, [](const TrendRun& run) { return run.capacity; });
    const auto column = common_load(trend);
    if (!column) return;
    const auto at = fmt::format("at load {}", load_text(trend.loads[*column]));
    add("good/s " + at, true, [&](const TrendRun& run) { return run.cells[*column].good_rate; });
    add("p99 " + at + ", ms", false, [&](const TrendRun& run) { return run.cells[*column].p99_ms; });
    add("Apdex " + at, true, [&](const TrendRun& run) { return run.cells[*column].apdex; });
}

void note_environments(const std::vector<const Run*>& runs, std::vector<std::string>& notes) {
    for (std::size_t i = 1; i < runs.size(); ++i) {
        for (const auto& difference :
             differences(*runs[i - 1], *runs[i], label_of(*runs[i - 1]), label_of(*runs[i])))
            notes.push_back(fmt::format("From run {} on not made alike: {}", i + 1, difference));
    }
}

std::string name_of_run(const Trend& trend, std::size_t place) {
    const auto& run = trend.runs[place];
    const bool told = run.commit.empty() || run.label == run.commit;
    return fmt::format("run {} of {} ({}{}, {})", place + 1, trend.runs.size(), run.label,
                       told ? "" : ", commit " + run.commit, run.time);
}

/// The series whose last change is a worsening within the last runs, and the newest one. Noise moves the
/// place of a change by a run or two, from series to series: of those that tell of the same one the foremost
/// counts.
const TrendSeries* newest_worsening(const Trend& trend, std::size_t recent) {
    constexpr std::size_t same = 3;
    std::vector<const TrendSeries*> found;
    std::size_t newest = 0;
    for (const auto& series : trend.series) {
        if (series.changes.empty()) continue;
        const auto& last = series.changes.back();
        if (last.verdict != base::Verdict::worse || last.run + recent < trend.runs.size()) continue;
        found.push_back(&series);
        newest = std::max(newest, last.run);
    }
    const auto first = std::ranges::find_if(
        found, [&](const TrendSeries* series) { return series->changes.back().run + same > newest; });
    return first == found.end() ? nullptr : *first;
}

void conclude(Trend& trend, const TrendOptions& options) {
    const auto* which = newest_worsening(trend, options.recent);
    if (which == nullptr) {
        const bool changed = std::ranges::any_of(
            trend.series, [](const TrendSeries& series) { return !series.changes.empty(); });
        trend.sentence = fmt::format("No worsening among the last {} of {} runs{}.",
                                     std::min(options.recent, trend.runs.size()), trend.runs.size(),
                                     changed ? "" : "; no change at all was found");
        return;
    }
    const auto& last = which->changes.back();
    trend.worse_since = last.run;
    trend.sentence = fmt::format("Worse since {}: {} went from {:.4g} to {:.4g}.",
                                 name_of_run(trend, last.run), which->name, last.before, last.after);
}

}  // namespace

base::Result<Trend> follow(std::span<const Run> runs, const TrendOptions& options) {
    Trend trend;
    const auto kept = usable(runs, trend.notes);
    if (kept.size() < 2)
        return base::fail(fmt::format("a trend needs two conclusive runs at least, there {} {}",
                                      kept.size() == 1 ? "is" : "are", kept.size()));
    trend.loads = loads_of(kept, options.load_tolerance);
    for (const auto* run : kept)
        trend.runs.push_back(figures_of(*run, trend.loads, options));
    note_environments(kept, trend.notes);
    add_series(trend, options);
    if (trend.series.empty()) return base::fail("the runs have neither a capacity nor a load in common");
    conclude(trend, options);
    return trend;
}

int exit_code(const base::Result<Trend>& trend) {
    if (!trend) return 2;
    return trend->worse_since ? 1 : 0;
}

}  // namespace homespun::stampede
