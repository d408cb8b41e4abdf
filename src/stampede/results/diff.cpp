#include "stampede/results/diff.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "stampede/results/comparable.hpp"
#include "stampede/results/diff_levels.hpp"
#include "stampede/results/permutation.hpp"

namespace homespun::stampede {
namespace {

// Of errors a thousandth more or less is no effect, whatever the ratio of two small shares is.
constexpr double least_error_effect = 0.001;

std::vector<std::string> obstacles(std::span<const Run> a, std::span<const Run> b,
                                   const DiffOptions& options) {
    std::vector<std::string> found;
    const auto called = [](const std::string& side, std::size_t i) {
        return fmt::format("{} {}", side, i + 1);
    };
    const auto check = [&](std::span<const Run> runs, const std::string& side) {
        for (std::size_t i = 0; i < runs.size(); ++i) {
            const auto name = called(side, i);
            for (auto& difference : differences(a.front(), runs[i], called(options.name_a, 0), name))
                found.push_back(std::move(difference));
            if (!runs[i].conclusive)
                found.push_back(fmt::format("{} is not conclusive: {}", name, printable(runs[i].verdict)));
        }
    };
    check(a, options.name_a);
    check(b, options.name_b);
    return found;
}

std::vector<double> present(const std::vector<double>& values) {
    std::vector<double> kept;
    std::ranges::copy_if(values, std::back_inserter(kept), [](double value) { return std::isfinite(value); });
    return kept;
}

base::Interval range_of(const std::vector<double>& values) {
    if (values.empty()) return {Compared::missing, Compared::missing};
    const auto [low, high] = std::ranges::minmax(values);
    return {low, high};
}

/// Ratios of times and rates are what is alike at all loads; shares may be 0.
bool is_relative(Measure measure) {
    return measure != Measure::error_share && measure != Measure::apdex;
}

/// Values as they are tested.
std::vector<double> for_test(Measure measure, const std::vector<double>& values) {
    std::vector<double> made;
    for (const double value : values) {
        const bool usable = std::isfinite(value) && (!is_relative(measure) || value > 0);
        made.push_back(!usable ? Compared::missing : is_relative(measure) ? std::log(value) : value);
    }
    return made;
}

/// A comparison on its way to a verdict.
struct Pending {
    Compared* compared;
    TwoSides sides;  ///< as tested
    std::vector<double> a, b;
    double least_effect;
};

/// The least effect in the units of the test, from the values of both sides alike.
double least_difference(Measure measure, const std::vector<double>& a, const std::vector<double>& b,
                        double least_effect) {
    if (measure == Measure::error_share) return least_error_effect;
    if (is_relative(measure)) return std::log1p(least_effect);
    return least_effect * (base::mean(a) + base::mean(b)) / 2;
}

/// Fills all but p and verdict.
Pending prepare(Compared& compared, const std::vector<double>& a, const std::vector<double>& b,
                std::size_t group, double least_effect, const DiffOptions& options) {
    Pending pending{&compared,
                    {group, for_test(compared.measure, a), for_test(compared.measure, b)},
                    present(a),
                    present(b),
                    least_effect};
    pending.sides.least = least_difference(compared.measure, pending.a, pending.b, least_effect);
    compared.range_a = range_of(pending.a);
    compared.range_b = range_of(pending.b);
    compared.ratio = base::bootstrap_ratio(pending.a, pending.b, options.seed);
    compared.tested = present(pending.sides.a).size() >= options.least_repeats &&
                      present(pending.sides.b).size() >= options.least_repeats;
    return pending;
}

/// Of the medians, as it is shown, and of the means, as it was tested.
bool is_large(const Pending& pending) {
    const double means =
        std::abs(base::mean(present(pending.sides.b)) - base::mean(present(pending.sides.a)));
    if (means < pending.sides.least) return false;
    const double before = base::median(pending.a), after = base::median(pending.b);
    if (pending.compared->measure == Measure::error_share)
        return std::abs(after - before) >= std::max(least_error_effect, pending.least_effect * before);
    return pending.compared->ratio && std::abs(pending.compared->ratio->estimate - 1) >= pending.least_effect;
}

/// Means and medians must have moved the same way: a single wild repeat moves a mean far.
void judge(const Pending& pending, double p, double alpha) {
    auto& compared = *pending.compared;
    compared.p = p;
    if (p >= alpha || !is_large(pending)) return;
    const double medians = base::median(pending.b) - base::median(pending.a);
    const double means = base::mean(pending.b) - base::mean(pending.a);
    if (!(medians * means > 0)) return;
    compared.verdict =
        (medians > 0) == is_higher_better(compared.measure) ? base::Verdict::better : base::Verdict::worse;
}

/// One value a run, from values by level and run; NaN where a level lacks it.
std::vector<double> mean_over_levels(Measure measure, const std::vector<std::vector<double>>& levels) {
    std::vector<double> means(levels.front().size(), 0);
    for (const auto& level : levels) {
        const auto values = for_test(measure, level);
        for (std::size_t i = 0; i < means.size(); ++i)
            means[i] += values[i] / static_cast<double>(levels.size());
    }
    if (is_relative(measure)) {
        for (double& value : means)
            value = std::exp(value);
    }
    return means;
}

std::vector<double> capacities(std::span<const Run> runs) {
    std::vector<double> found;
    for (const auto& run : runs)
        found.push_back(run.capacity && run.capacity->sessions_per_s > 0 ? run.capacity->sessions_per_s
                                                                         : Compared::missing);
    return found;
}

class Comparer {
  public:
    Comparer(std::span<const Run> a, std::span<const Run> b, const DiffOptions& options)
        : a_(a), b_(b), options_(options), common_(common_levels(a, b, options)) {}

    Diff compare() {
        diff_.name_a = options_.name_a;
        diff_.name_b = options_.name_b;
        diff_.repeats_are_runs = a_.size() >= options_.least_repeats && b_.size() >= options_.least_repeats;
        diff_.levels.resize(common_.size());  // and never again: `pending_` points into it
        for (std::size_t i = 0; i < common_.size(); ++i)
            add_level(i);
        if (diff_.repeats_are_runs) add_overall();
        add_capacity();
        test();
        diff_.basis = basis();
        add_notes();
        return std::move(diff_);
    }

  private:
    void add_level(std::size_t place) {
        const auto& common = common_[place];
        auto& level = diff_.levels[place];
        level.load = common.load;
        level.runs_a = common.a.runs;
        level.runs_b = common.b.runs;
        level.held_a = common.a.held;
        level.held_b = common.b.held;
        level.measures.resize(std::size(level_measures));
        for (std::size_t i = 0; i < level.measures.size(); ++i) {
            auto& compared = level.measures[i];
            compared.measure = level_measures[i];
            compared.a = figure(common.a.counts, common.a.seconds, a_.front().demands, compared.measure);
            compared.b = figure(common.b.counts, common.b.seconds, b_.front().demands, compared.measure);
            if (diff_.repeats_are_runs) {
                pending_.push_back(prepare(compared, common.a.runs_values[i], common.b.runs_values[i], 0,
                                           options_.least_effect, options_));
            } else {
                pending_.push_back(prepare(compared, common.a.stretch_values[i], common.b.stretch_values[i],
                                           place, options_.least_effect_in_runs, options_));
            }
        }
    }

    void add_overall() {
        std::vector<const CommonLevel*> held;
        for (const auto& common : common_) {
            const bool everywhere = common.a.runs == a_.size() && common.b.runs == b_.size();
            if (everywhere && common.a.held && common.b.held) held.push_back(&common);
        }
        if (held.size() < 2) return;
        diff_.overall.resize(std::size(level_measures));
        for (std::size_t i = 0; i < diff_.overall.size(); ++i) {
            auto& compared = diff_.overall[i];
            compared.measure = level_measures[i];
            std::vector<std::vector<double>> a, b;
            for (const auto* common : held) {
                a.push_back(common->a.runs_values[i]);
                b.push_back(common->b.runs_values[i]);
            }
            const auto of_a = mean_over_levels(compared.measure, a),
                       of_b = mean_over_levels(compared.measure, b);
            compared.a = base::median(present(of_a));
            compared.b = base::median(present(of_b));
            pending_.push_back(prepare(compared, of_a, of_b, 0, options_.least_effect, options_));
        }
    }

    void add_capacity() {
        const auto a = capacities(a_), b = capacities(b_);
        if (present(a).empty() || present(b).empty()) return;
        auto& compared = diff_.capacity.emplace();
        compared.measure = Measure::capacity;
        compared.a = base::median(present(a));
        compared.b = base::median(present(b));
        auto pending = prepare(compared, a, b, 0, options_.least_effect, options_);
        compared.tested = compared.tested && diff_.repeats_are_runs;
        if (compared.tested) {
            pending_.push_back(std::move(pending));
        } else {
            pending.least_effect = options_.least_capacity_effect;
            pending.sides.least = 0;
            judge(pending, 0, options_.alpha);
            compared.p = 1;
        }
    }

    void test() {
        std::erase_if(pending_, [](const Pending& pending) { return !pending.compared->tested; });
        std::vector<TwoSides> sides;
        for (const auto& pending : pending_)
            sides.push_back(pending.sides);
        diff_.comparisons = sides.size();
        const auto p = corrected_p(sides, options_.seed);
        for (std::size_t i = 0; i < pending_.size(); ++i)
            judge(pending_[i], p[i], diff_.repeats_are_runs ? options_.alpha : options_.alpha_in_runs);
    }

    [[nodiscard]] std::string basis() const {
        if (diff_.repeats_are_runs)
            return fmt::format(
                "Repeats: {} runs of {} against {} of {}; {} comparisons, p corrected for their number.",
                a_.size(), diff_.name_a, b_.size(), diff_.name_b, pending_.size());
        return fmt::format(
            "Repeats: stretches of {} s within the runs ({} against {} runs are too few); {} comparisons, p "
            "corrected "
            "for their number. They cannot show how much two runs of one build differ: an effect of {:.0f} % "
            "is asked "
            "for, and {} runs a side would say more.",
            load_text(options_.stretch_s), a_.size(), b_.size(), pending_.size(),
            options_.least_effect_in_runs * 100, options_.least_repeats);
    }

    void add_notes() {
        for (const auto& level : diff_.levels) {
            if (diff_.repeats_are_runs && std::min(level.runs_a, level.runs_b) < options_.least_repeats)
                diff_.notes.push_back(fmt::format("Load {}: only {} and {} runs have it; not tested.",
                                                  load_text(level.load), level.runs_a, level.runs_b));
        }
        if (diff_.capacity && !diff_.capacity->tested)
            diff_.notes.push_back(fmt::format(
                "Capacity is not tested, for want of runs: only a difference of {:.0f} % or more counts.",
                options_.least_capacity_effect * 100));
        for (const auto side : {a_, b_}) {
            for (const auto& run : side) {
                if (run.interrupted)
                    diff_.notes.push_back(fmt::format("The run of {} was interrupted.", label_of(run)));
            }
        }
    }

    std::span<const Run> a_, b_;
    const DiffOptions& options_;
    std::vector<CommonLevel> common_;
    Diff diff_;
    std::vector<Pending> pending_;
};

/// "p99 ms at load 200 is 12 % higher".
std::string in_words(const Compared& compared, const std::string& where) {
    if (!compared.ratio)
        return fmt::format("{}{} went from {:.4g} to {:.4g}", name_of(compared.measure), where, compared.a,
                           compared.b);
    const double change = (compared.ratio->estimate - 1) * 100;
    return fmt::format("{}{} is {:.0f} % {}", name_of(compared.measure), where, std::abs(change),
                       change > 0 ? "higher" : "lower");
}

void conclude(Diff& diff) {
    std::vector<std::string> worse, better;
    const auto take = [&](const Compared& compared, const std::string& where) {
        if (compared.verdict == base::Verdict::worse) worse.push_back(in_words(compared, where));
        if (compared.verdict == base::Verdict::better) better.push_back(in_words(compared, where));
    };
    if (diff.capacity) take(*diff.capacity, "");
    for (const auto& compared : diff.overall)
        take(compared, " over all loads");
    for (const auto& level : diff.levels) {
        for (const auto& compared : level.measures)
            take(compared, " at load " + load_text(level.load));
    }
    const auto& found = worse.empty() ? better : worse;
    diff.verdict = !worse.empty()    ? base::Verdict::worse
                   : !better.empty() ? base::Verdict::better
                                     : base::Verdict::no_difference;
    if (found.empty()) {
        diff.sentence = fmt::format("No difference between {} and {} was found.", diff.name_a, diff.name_b);
        return;
    }
    const auto more = found.size() > 1 ? fmt::format(", and {} more", found.size() - 1) : std::string();
    const auto also =
        !worse.empty() && !better.empty() ? fmt::format("; {} better", better.size()) : std::string();
    diff.sentence = fmt::format("{} is {} than {}: {}{}{}.", diff.name_b, worse.empty() ? "better" : "worse",
                                diff.name_a, found.front(), more, also);
}

}  // namespace

std::string_view name_of(Measure measure) {
    constexpr std::string_view names[] = {"good/s",      "p50 ms", "p95 ms",  "p99 ms",
                                          "error share", "Apdex",  "capacity"};
    return names[static_cast<std::size_t>(measure)];
}

bool is_higher_better(Measure measure) {
    return measure == Measure::good_rate || measure == Measure::apdex || measure == Measure::capacity;
}

base::Result<Diff> compare_runs(std::span<const Run> a, std::span<const Run> b, const DiffOptions& options) {
    if (a.empty() || b.empty()) return base::fail("two sides with at least one run each are needed");
    auto reasons = obstacles(a, b, options);
    if (!reasons.empty() && !options.force)
        return base::fail(fmt::format("the runs cannot be compared (--force does it all the same):\n  {}",
                                      fmt::join(reasons, "\n  ")));
    auto diff = Comparer(a, b, options).compare();
    if (diff.levels.empty() && !diff.capacity)
        return base::fail(
            "the runs cannot be compared: no load was measured on both sides, and not both know a "
            "capacity");
    if (diff.comparisons == 0 && !diff.capacity)
        return base::fail(fmt::format(
            "the runs cannot be compared: too little was measured. Give {} runs a side of the same loads, "
            "or runs whose levels last {:.0f} s at least",
            options.least_repeats, static_cast<double>(options.least_repeats) * options.stretch_s));
    for (auto& reason : reasons)
        diff.notes.push_back("Not made alike, compared by force: " + reason);
    conclude(diff);
    return diff;
}

int exit_code(const base::Result<Diff>& diff) {
    if (!diff) return 2;
    return diff->verdict == base::Verdict::worse ? 1 : 0;
}

}  // namespace homespun::stampede
