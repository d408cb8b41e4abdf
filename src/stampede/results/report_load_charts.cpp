#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "base/statistics.hpp"
#include "report/numbers.hpp"
#include "stampede/capacity/judge.hpp"
#include "stampede/results/figures.hpp"
#include "stampede/results/report_charts.hpp"
#include "stampede/results/report_numbers.hpp"
#include "stampede/results/report_words.hpp"

namespace homespun::stampede {
namespace {

using report::LineChart;
using report::Point;
using report::Series;
using report::Style;
using report::Tone;

/// Colours that mean the same in every chart.
constexpr int good_color = 3, bad_color = 2;

/// Less than this is nothing, also on a logarithmic axis.
constexpr double least_drawn = 1e-9;

report::Axis load_axis(const ReportView& view) {
    const auto sorted = view.by_load();
    const double low = sorted.front()->level->load, high = sorted.back()->level->load;
    constexpr double wide = 30;
    report::Axis axis{.label = view.is_closed() ? "users" : "load asked for, sessions/s"};
    axis.log = low > least_drawn && high / low > wide;
    constexpr double close = 0.33;
    axis.zero = !axis.log && low < close * high;
    return axis;
}

std::vector<report::Mark> limit_mark(const ReportView& view) {
    const auto& capacity = view.run().capacity;
    if (!capacity || capacity->sessions_per_s <= 0) return {};
    return {{capacity->sessions_per_s, "limit " + rate_text(capacity->sessions_per_s), Tone::good}};
}

/// The curve at many places: straight lines are none on a logarithmic axis.
template <class Curve>
std::vector<Point> drawn(const report::Axis& axis, double low, double high, Curve curve) {
    constexpr int steps = 60;
    std::vector<Point> points;
    if (axis.zero) low = 0;
    for (int i = 0; i <= steps; ++i) {
        const double part = static_cast<double>(i) / steps;
        const double x = axis.log ? low * std::pow(high / low, part) : low + (high - low) * part;
        points.push_back({x, curve(x)});
    }
    return points;
}

/// Good requests in each second of the level.
Point with_range(const ReportView& view, const SeenLevel& seen) {
    Point point{seen.level->load, goodput(*seen.level)};
    for (const auto* sample : samples_of(view.run(), *seen.level)) {
        // fmin and fmax pass over what is missing.
        point.low = std::fmin(point.low, sample->good);
        point.high = std::fmax(point.high, sample->good);
    }
    return point;
}

/// The points of `figure` at the levels that are not settled, to be seen apart.
template <class Figure>
void mark_unsettled(LineChart& chart, const ReportView& view, Figure figure) {
    Series marked{.name = "* warm-up not settled", .style = Style::points, .color = bad_color};
    for (const auto* seen : view.by_load()) {
        if (!seen->level->settled) marked.points.push_back({seen->level->load, figure(*seen)});
    }
    if (!marked.points.empty()) chart.series.push_back(std::move(marked));
}

/// The Universal Scalability Law through the levels, by the good requests that were in flight: rate times
/// mean response time (Little's law). The load of an open model is no concurrency, so the law says nothing
/// about it.
struct Law {
    std::vector<double> in_flight, rates;
    std::optional<base::ScalabilityFit> fit;
};

constexpr double poor_fit = 0.8;

Law law_of(const ReportView& view) {
    Law law;
    constexpr double us_per_s = 1e6;
    for (const auto* seen : view.by_load()) {
        const double rate = goodput(*seen->level);
        const double in_flight = rate * seen->all.response.mean() / us_per_s;
        if (!(in_flight > least_drawn) || !std::isfinite(in_flight)) continue;
        law.in_flight.push_back(in_flight);
        law.rates.push_back(rate);
    }
    // Its three unknowns go through any few points.
    constexpr std::size_t least_points = 5;
    if (law.rates.size() < least_points) return law;
    law.fit = base::fit_scalability(law.in_flight, law.rates);
    if (law.fit && !(law.fit->r_squared >= poor_fit)) law.fit.reset();
    return law;
}

/// The throughput that the law does not exceed; nothing when it sets no limit.
std::optional<double> ceiling_of(const base::ScalabilityFit& fit) {
    if (const auto peak = fit.peak(); peak && *peak > 1) return fit.at(*peak);
    if (fit.coherence == 0 && fit.contention > 0) return fit.rate_of_one / fit.contention;
    return std::nullopt;
}

void add_throughput(report::Page& page, const ReportView& view, const Law& law) {
    const auto sorted = view.by_load();
    const double low = sorted.front()->level->load, high = sorted.back()->level->load;
    LineChart chart{.title = "Throughput by load"};
    chart.x = load_axis(view);
    chart.y = {.label = "good requests/s", .zero = true};
    chart.vertical = limit_mark(view);
    std::string caption =
        "Good requests a second at each level; the bars reach from the worst second to the best.";
    Series good{.name = "good", .color = good_color};
    for (const auto* seen : sorted)
        good.points.push_back(with_range(view, *seen));
    chart.series.push_back(std::move(good));
    if (const double each = view.requests_per_session(); !view.is_closed() && each > 0) {
        chart.series.push_back({.name = "all that was asked for",
                                .points = drawn(chart.x, low, high, [&](double x) { return x * each; }),
                                .style = Style::dashed,
                                .color = 8});
        if (each > 1.005) caption += fmt::format(" A session is {:.2f} requests.", each);
    }
    if (const auto ceiling = law.fit ? ceiling_of(*law.fit) : std::nullopt) {
        chart.horizontal.push_back({*ceiling, "scalability law: " + rate_text(*ceiling), Tone::neutral});
        caption += " The highest throughput by the scalability law, see below, is only a guide.";
    }
    mark_unsettled(chart, view, [](const SeenLevel& seen) { return goodput(*seen.level); });
    page.figure(chart, caption);
}

/// Throughput by concurrency, with the law.
LineChart law_chart(const Law& law) {
    LineChart chart{.title = "Throughput by requests in flight"};
    chart.x = {.label = "good requests in flight", .log = true};
    chart.y = {.label = "good requests/s", .zero = true};
    Series measured{.name = "measured", .style = Style::points, .color = good_color};
    for (std::size_t i = 0; i < law.in_flight.size(); ++i)
        measured.points.push_back({law.in_flight[i], law.rates[i]});
    chart.series.push_back(std::move(measured));
    if (!law.fit) return chart;
    const auto [low, high] = std::ranges::minmax(law.in_flight);
    chart.series.push_back({.name = "scalability law",
                            .points = drawn(chart.x, low, high, [&](double x) { return law.fit->at(x); }),
                            .style = Style::dashed,
                            .color = 4});
    return chart;
}

std::string law_words(const Law& law) {
    std::string words = "In flight: rate times mean response time. ";
    if (!law.fit)
        return words +
               "The Universal Scalability Law does not fit these points, or they are too few, so it is not "
               "drawn.";
    words += fmt::format(
        "Dashed, a guide only: the Universal Scalability Law; it explains {:.0f} % of the variance, with "
        "contention {} and coherence {}.",
        law.fit->r_squared * 100, report::short_number(law.fit->contention),
        report::short_number(law.fit->coherence));
    if (const auto peak = law.fit->peak(); peak && *peak > 1)
        words += fmt::format(" Its peak lies at {} in flight.", rate_text(*peak));
    return words;
}

void add_latency(report::Page& page, const ReportView& view) {
    constexpr std::array<std::pair<const char*, double>, 4> lines{
        {{"p50", 0.5}, {"p95", 0.95}, {"p99", 0.99}, {"p99.9", 0.999}}};
    LineChart chart{.title = "Response time by load"};
    chart.x = load_axis(view);
    chart.y = {.label = "response time, ms", .log = true};
    chart.vertical = limit_mark(view);
    chart.horizontal = demand_marks(view.run().demands);
    // From light to strong: the tail is what is judged.
    constexpr std::array colors{6, 1, 7, 4};
    for (std::size_t i = 0; i < lines.size(); ++i) {
        Series series{.name = lines[i].first, .color = colors[i]};
        for (const auto* seen : view.by_load()) {
            const bool known = i < 3 || shows(seen->all, lines[i].second);
            series.points.push_back(
                {seen->level->load, known ? quantile_ms(seen->all, lines[i].second).value_or(report::missing)
                                          : report::missing});
        }
        chart.series.push_back(std::move(series));
    }
    mark_unsettled(chart, view, [](const SeenLevel& seen) {
        return quantile_ms(seen.all, 0.99).value_or(report::missing);
    });
    page.figure(
        chart,
        "Each from the whole histogram of its level, failed requests counted as slower than any: a "
        "line ends where failures reach into its share, or where there were too few requests for it.");
}

/// What was asked for, what began and what ended.
LineChart offered_chart(const ReportView& view) {
    LineChart chart{.title = view.is_closed() ? "Sessions begun and ended" : "Asked for and achieved"};
    chart.x = load_axis(view);
    chart.y = {.label = "sessions/s", .zero = true};
    chart.vertical = limit_mark(view);
    const auto sorted = view.by_load();
    if (!view.is_closed())
        chart.series.push_back({.name = "asked for",
                                .points = drawn(chart.x, sorted.front()->level->load,
                                                sorted.back()->level->load, [](double x) { return x; }),
                                .style = Style::dashed,
                                .color = 8});
    Series begun{.name = "begun", .color = 6}, ended{.name = "ended", .color = 4};
    for (const auto* seen : sorted) {
        const auto& level = *seen->level;
        const auto rate = [&](std::uint64_t count) {
            return level.seconds > 0 ? static_cast<double>(count) / level.seconds : report::missing;
        };
        begun.points.push_back({level.load, rate(level.counts.sessions_started)});
        ended.points.push_back({level.load, rate(level.counts.sessions_finished)});
    }
    chart.series.push_back(std::move(begun));
    chart.series.push_back(std::move(ended));
    return chart;
}

report::BarChart apdex_chart(const ReportView& view) {
    const auto& demands = view.run().demands;
    report::BarChart chart{
        .title = fmt::format("Apdex of each level (target {})", time_text(demands.apdex_target_ms))};
    chart.values = {.label = "Apdex", .low = 0, .high = 1};
    chart.stacked = true;  // each category has one bar, coloured by the verdict
    chart.lying = true;
    chart.value_labels = true;
    report::BarSeries held{.name = "held", .color = good_color};
    report::BarSeries missed{.name = "did not hold", .color = bad_color};
    for (const auto& seen : view.counted()) {
        chart.categories.push_back(view.name_of(*seen.level));
        const double apdex = seen.all.total() > 0 ? apdex_of(seen.all, demands) : report::missing;
        held.values.push_back(seen.level->good ? apdex : report::missing);
        missed.values.push_back(seen.level->good ? report::missing : apdex);
    }
    chart.series = {std::move(held), std::move(missed)};
    return chart;
}

/// Levels whose whole distribution is worth a line.
std::vector<const SeenLevel*> telling_levels(const ReportView& view) {
    constexpr std::size_t most = 5;
    std::vector<const SeenLevel*> chosen;
    if (!view.run().capacity && view.counted().size() <= most) {
        for (const auto& seen : view.counted())
            chosen.push_back(&seen);
        return chosen;
    }
    for (const auto* seen : {view.shown(), view.first_bad(), view.push()}) {
        if (seen != nullptr && std::ranges::find(chosen, seen) == chosen.end()) chosen.push_back(seen);
    }
    return chosen;
}

/// The place of a quantile: 1 for 90 %, 2 for 99 %, …
constexpr int steps_a_decade = 48;

template <class Quantile>
std::vector<Point> spectrum_of(const Tally& tally, Quantile quantile) {
    std::vector<Point> points;
    const auto total = static_cast<double>(tally.total());
    if (total < 1) return points;
    const double end = std::log10(total);
    for (int i = 0;; ++i) {
        const double place = std::min(static_cast<double>(i) / steps_a_decade, end);
        points.push_back({place, quantile(1 - std::pow(10, -place)).value_or(report::missing)});
        if (place >= end) return points;
    }
}

}  // namespace

void add_load_charts(report::Page& page, const ReportView& view) {
    if (!view.has_loads()) return;
    page.section("By load");
    if (view.has_unsettled()) page.note(Tone::warning, unsettled_words());
    const auto law = law_of(view);
    add_throughput(page, view, law);
    add_latency(page, view);
    const auto law_shown = law.in_flight.size() > 1;
    if (law_shown) page.begin_row();
    page.figure(offered_chart(view),
                view.is_closed() ? "Where the lines part, sessions pile up in the server."
                                 : "“Begun” off the dashed line is chance, or a generator that is too "
                                   "slow; “ended” below “begun” means that sessions pile up.");
    if (law_shown) page.figure(law_chart(law), law_words(law));
    page.end_row();
    page.figure(apdex_chart(view), fmt::format("In the order in which they were played; {:.2f} is demanded. "
                                               "Failed requests count as frustrated.",
                                               view.run().demands.apdex));
}

void add_spectrum(report::Page& page, const ReportView& view) {
    LineChart chart{.title = "Response time by percentile"};
    chart.x = {.label = "share of requests answered within that time", .low = 0};
    chart.x.names = {"0 %", "90 %", "99 %", "99.9 %", "99.99 %", "99.999 %", "99.9999 %", "99.99999 %"};
    chart.y = {.label = "ms", .log = true};
    chart.horizontal = demand_marks(view.run().demands);
    chart.vertical = {{2, "p99", Tone::neutral}};
    constexpr std::array colors{3, 2, 7, 4, 1};
    double end = 2;
    for (const auto* seen : telling_levels(view)) {
        const auto& all = seen->all;
        auto points = spectrum_of(all, [&](double q) { return quantile_ms(all, q); });
        if (points.empty()) continue;
        end = std::max(end, points.back().x);
        chart.series.push_back({.name = view.name_of(*seen->level),
                                .points = std::move(points),
                                .color = colors[chart.series.size() % colors.size()]});
    }
    if (chart.series.empty()) return;
    if (const auto* shown = view.shown()) {
        const auto& all = shown->all;
        chart.series.push_back(
            {.name = "service time, " + view.name_of(*shown->level),
             .points = spectrum_of(all, [&](double q) { return quantile_ms(all, all.service, q); }),
             .style = Style::dashed,
             .color = 8});
    }
    chart.x.high = end;
    page.section("Response times, to the slowest");
    page.figure(chart,
                "The whole distribution, to the last request: each step on the axis leaves a tenth of the "
                "requests. A line ends where failed requests begin. Where service time lies below "
                "response time, requests waited before they were sent.");
}

}  // namespace homespun::stampede
