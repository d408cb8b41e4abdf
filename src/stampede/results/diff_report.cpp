#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/json.hpp"
#include "report/page.hpp"
#include "stampede/results/comparable.hpp"
#include "stampede/results/diff.hpp"

namespace homespun::stampede {
namespace {

using report::Tone;

std::string value_text(Measure measure, double value) {
    if (!std::isfinite(value)) return "-";
    if (measure == Measure::error_share) return fmt::format("{:.2f} %", value * 100);
    if (measure == Measure::apdex) return fmt::format("{:.3f}", value);
    return std::abs(value) < 100 ? fmt::format("{:.2f}", value) : fmt::format("{:.0f}", value);
}

std::string ratio_text(const Compared& compared) {
    if (!compared.ratio) return "-";
    // One value a side has no spread: an interval without width would look exact.
    if (compared.ratio->interval.low == compared.ratio->interval.high)
        return fmt::format("{:.3f} (one run a side: no interval)", compared.ratio->estimate);
    return fmt::format("{:.3f} [{:.3f}, {:.3f}]", compared.ratio->estimate, compared.ratio->interval.low,
                       compared.ratio->interval.high);
}

std::string p_text(const Compared& compared) {
    return compared.tested ? fmt::format("{:.4f}", compared.p) : "-";
}

std::string verdict_text(const Compared& compared) {
    switch (compared.verdict) {
        case base::Verdict::better:
            return "better";
        case base::Verdict::worse:
            return "worse";
        case base::Verdict::no_difference:
            break;
    }
    return compared.tested ? "no difference" : "not tested";
}

Tone tone_of(base::Verdict verdict) {
    if (verdict == base::Verdict::worse) return Tone::bad;
    return verdict == base::Verdict::better ? Tone::good : Tone::neutral;
}

/// What each measure is at each load, for the text table and the page's.
template <class Row>
void each_row(const Diff& diff, Row row) {
    for (const auto& level : diff.levels) {
        for (const auto& compared : level.measures)
            row(load_text(level.load), compared);
    }
    for (const auto& compared : diff.overall)
        row(std::string("all"), compared);
    if (diff.capacity) row(std::string("-"), *diff.capacity);
}

std::string_view word_of(base::Verdict verdict) {
    if (verdict == base::Verdict::worse) return "worse";
    return verdict == base::Verdict::better ? "better" : "no difference";
}

void put_number(base::json::Writer& out, std::string_view name, double value) {
    out.key(name);
    std::isfinite(value) ? out.value(value) : out.null();
}

void put(base::json::Writer& out, const Compared& compared) {
    out.begin_object();
    out.member("measure", name_of(compared.measure));
    put_number(out, "a", compared.a);
    put_number(out, "b", compared.b);
    put_number(out, "a_low", compared.range_a.low);
    put_number(out, "a_high", compared.range_a.high);
    put_number(out, "b_low", compared.range_b.low);
    put_number(out, "b_high", compared.range_b.high);
    if (compared.ratio) {
        put_number(out, "ratio", compared.ratio->estimate);
        put_number(out, "ratio_low", compared.ratio->interval.low);
        put_number(out, "ratio_high", compared.ratio->interval.high);
    }
    out.member("tested", compared.tested);
    if (compared.tested) put_number(out, "p", compared.p);
    out.member("verdict", word_of(compared.verdict));
    out.end_object();
}

report::Table table_of(const Diff& diff) {
    using report::Align;
    report::Table table{.columns = {{"load", Align::right},
                                    {"measure"},
                                    {diff.name_a, Align::right},
                                    {diff.name_b, Align::right},
                                    {"ratio [95 %]", Align::right},
                                    {"p", Align::right},
                                    {"verdict"}}};
    each_row(diff, [&](const std::string& load, const Compared& compared) {
        table.rows.push_back({load,
                              std::string(name_of(compared.measure)),
                              value_text(compared.measure, compared.a),
                              value_text(compared.measure, compared.b),
                              ratio_text(compared),
                              p_text(compared),
                              {verdict_text(compared), tone_of(compared.verdict)}});
    });
    return table;
}

report::Point point(double load, double value, const base::Interval& range) {
    return {load, value, range.low, range.high};
}

/// One measure over the loads, the area between the two sides filled.
report::LineChart chart_of(const Diff& diff, std::size_t measure) {
    const auto kind = diff.levels.front().measures[measure].measure;
    report::Series a{.name = diff.name_a}, b{.name = diff.name_b};
    for (const auto& level : diff.levels) {
        const auto& compared = level.measures[measure];
        a.points.push_back(point(level.load, compared.a, compared.range_a));
        b.points.push_back(point(level.load, compared.b, compared.range_b));
    }
    report::LineChart chart{.title = fmt::format("{}: {} and {}", name_of(kind), diff.name_a, diff.name_b)};
    chart.x.label = "load";
    chart.y.label = name_of(kind);
    chart.y.zero = true;
    if (kind == Measure::error_share) chart.y.unit = report::Unit::percent;
    chart.series = {std::move(a), std::move(b)};
    chart.difference = report::Difference{.first = 0,
                                          .second = 1,
                                          .higher_is_good = is_higher_better(kind),
                                          .higher = diff.name_b + " higher",
                                          .lower = diff.name_b + " lower"};
    return chart;
}

/// Two lines at 0 are no news: there were no errors.
bool has_something(const Diff& diff, std::size_t measure) {
    return std::ranges::any_of(diff.levels, [&](const LevelDiff& level) {
        return level.measures[measure].a != 0 || level.measures[measure].b != 0;
    });
}

/// For a single load, where there are no curves.
report::BarChart bars_of(const Diff& diff) {
    report::BarChart chart{.title = fmt::format("{} over {}, at load {}", diff.name_b, diff.name_a,
                                                load_text(diff.levels.front().load))};
    report::BarSeries ratios{.name = "ratio"};
    for (const auto& compared : diff.levels.front().measures) {
        if (!compared.ratio) continue;
        chart.categories.emplace_back(name_of(compared.measure));
        ratios.values.push_back(compared.ratio->estimate);
    }
    chart.values.label = "ratio (1: equal)";
    chart.value_labels = true;
    chart.series = {std::move(ratios)};
    return chart;
}

void add_charts(report::Page& page, const Diff& diff) {
    if (diff.levels.empty()) return;
    page.section("Curves");
    if (diff.levels.size() == 1) {
        page.figure(bars_of(diff));
        return;
    }
    page.begin_row();
    for (std::size_t i = 0; i < diff.levels.front().measures.size(); ++i) {
        if (has_something(diff, i)) page.figure(chart_of(diff, i));
    }
    page.end_row();
}

}  // namespace

std::string to_text(const Diff& diff) {
    std::string text = diff.sentence + "\n" + diff.basis + "\n\n";
    const auto row = [&](const auto&... cells) {
        text += fmt::format("{:>10}  {:<12} {:>12} {:>12}  {:>22} {:>8}  {}\n", cells...);
    };
    row("load", "measure", diff.name_a, diff.name_b, "ratio [95 %]", "p", "verdict");
    each_row(diff, [&](const std::string& load, const Compared& compared) {
        row(load, name_of(compared.measure), value_text(compared.measure, compared.a),
            value_text(compared.measure, compared.b), ratio_text(compared), p_text(compared),
            verdict_text(compared));
    });
    for (const auto& note : diff.notes)
        text += "note: " + note + "\n";
    return text;
}

std::string to_json(const Diff& diff) {
    std::string text;
    base::json::Writer out(text);
    out.begin_object();
    out.member("format", "stampede diff 1").member("verdict", word_of(diff.verdict));
    out.member("sentence", diff.sentence).member("basis", diff.basis);
    out.member("a", diff.name_a).member("b", diff.name_b);
    out.member("repeats", diff.repeats_are_runs ? "runs" : "stretches");
    out.member("comparisons", static_cast<std::uint64_t>(diff.comparisons));
    out.key("levels").begin_array();
    for (const auto& level : diff.levels) {
        out.begin_object();
        put_number(out, "load", level.load);
        out.member("runs_a", static_cast<std::uint64_t>(level.runs_a));
        out.member("runs_b", static_cast<std::uint64_t>(level.runs_b));
        out.member("held_a", level.held_a).member("held_b", level.held_b);
        out.key("measures").begin_array();
        for (const auto& compared : level.measures)
            put(out, compared);
        out.end_array().end_object();
    }
    out.end_array();
    out.key("overall").begin_array();
    for (const auto& compared : diff.overall)
        put(out, compared);
    out.end_array();
    if (diff.capacity) {
        out.key("capacity");
        put(out, *diff.capacity);
    }
    out.key("notes").begin_array();
    for (const auto& note : diff.notes)
        out.value(note);
    out.end_array().end_object();
    return text + "\n";
}

std::string to_html(const Diff& diff) {
    report::Page page(fmt::format("{} and {} compared", diff.name_a, diff.name_b));
    page.verdict(tone_of(diff.verdict), diff.sentence);
    if (diff.capacity)
        page.tile({.label = "capacity, sessions/s",
                   .value = fmt::format("{} → {}", value_text(Measure::capacity, diff.capacity->a),
                                        value_text(Measure::capacity, diff.capacity->b)),
                   .note = verdict_text(*diff.capacity),
                   .tone = tone_of(diff.capacity->verdict)});
    page.section("Figures");
    page.paragraph(diff.basis);
    for (const auto& note : diff.notes)
        page.note(Tone::warning, note);
    page.table(table_of(diff));
    page.paragraph(
        "Values are of everything measured on a side, histograms merged; in the rows for all loads and for "
        "capacity, "
        "medians of the repeats. The ratio is that of the medians of the repeats, with its bootstrap "
        "interval.");
    add_charts(page, diff);
    return page.html();
}

}  // namespace homespun::stampede
