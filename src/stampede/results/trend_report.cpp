#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/json.hpp"
#include "report/page.hpp"
#include "stampede/results/comparable.hpp"
#include "stampede/results/trend.hpp"

namespace homespun::stampede {
namespace {

using report::Tone;

std::string number(double value) {
    return std::isfinite(value) ? fmt::format("{:.4g}", value) : "-";
}

Tone tone_of(base::Verdict verdict) {
    return verdict == base::Verdict::worse ? Tone::bad : Tone::good;
}

std::string_view word_of(base::Verdict verdict) {
    return verdict == base::Verdict::worse ? "worse" : "better";
}

void put_number(base::json::Writer& out, double value) {
    std::isfinite(value) ? out.value(value) : out.null();
}

void put(base::json::Writer& out, const TrendSeries& series) {
    out.begin_object();
    out.member("name", series.name).member("higher_is_better", series.higher_is_better);
    out.key("values").begin_array();
    for (const double value : series.values)
        put_number(out, value);
    out.end_array().key("changes").begin_array();
    for (const auto& change : series.changes) {
        out.begin_object().member("run", static_cast<std::uint64_t>(change.run + 1));
        put_number(out.key("before"), change.before);
        put_number(out.key("after"), change.after);
        out.member("verdict", word_of(change.verdict)).end_object();
    }
    out.end_array().end_object();
}

void put(base::json::Writer& out, const TrendRun& run, const std::vector<double>& loads) {
    out.begin_object();
    out.member("label", run.label).member("commit", run.commit).member("time", run.time);
    put_number(out.key("capacity"), run.capacity);
    out.key("levels").begin_array();
    for (std::size_t i = 0; i < loads.size(); ++i) {
        const auto& cell = run.cells[i];
        if (!std::isfinite(cell.good_rate)) continue;
        out.begin_object();
        put_number(out.key("load"), loads[i]);
        put_number(out.key("good_per_s"), cell.good_rate);
        put_number(out.key("p99_ms"), cell.p99_ms);
        put_number(out.key("apdex"), cell.apdex);
        out.end_object();
    }
    out.end_array().end_object();
}

/// Runs over loads, the highest load on top and the newest run on the right.
report::Grid grid_of(const Trend& trend, std::string title, double TrendCell::* figure, bool log) {
    report::Grid grid{.title = std::move(title), .row_label = "load", .column_label = "run", .log = log};
    for (const auto& run : trend.runs)
        grid.columns.push_back(run.label);
    for (std::size_t i = trend.loads.size(); i-- > 0;) {
        grid.rows.push_back(load_text(trend.loads[i]));
        auto& row = grid.values.emplace_back();
        for (const auto& run : trend.runs)
            row.push_back(run.cells[i].*figure);
    }
    return grid;
}

report::LineChart chart_of(const Trend& trend, const TrendSeries& series) {
    report::LineChart chart{.title = series.name};
    chart.x.label = "run";
    for (const auto& run : trend.runs)
        chart.x.names.push_back(run.label);
    chart.y.label = series.name;
    report::Series line;
    for (std::size_t i = 0; i < series.values.size(); ++i)
        line.points.push_back({static_cast<double>(i), series.values[i]});
    chart.series.push_back(std::move(line));
    for (const auto& change : series.changes)
        chart.vertical.push_back(
            {static_cast<double>(change.run) - 0.5,
             fmt::format("{}: {} → {}", word_of(change.verdict), number(change.before), number(change.after)),
             tone_of(change.verdict)});
    return chart;
}

report::Table changes_of(const Trend& trend) {
    using report::Align;
    report::Table table{.columns = {{"figure"},
                                    {"since run"},
                                    {"commit"},
                                    {"when"},
                                    {"before", Align::right},
                                    {"after", Align::right},
                                    {"verdict"}}};
    for (const auto& series : trend.series) {
        for (const auto& change : series.changes) {
            const auto& run = trend.runs[change.run];
            table.rows.push_back({series.name,
                                  run.label,
                                  run.commit,
                                  run.time,
                                  number(change.before),
                                  number(change.after),
                                  {std::string(word_of(change.verdict)), tone_of(change.verdict)}});
        }
    }
    return table;
}

}  // namespace

std::string to_text(const Trend& trend) {
    std::string text = trend.sentence + "\n\n";
    for (const auto& series : trend.series) {
        text += series.name + "\n";
        for (std::size_t i = 0; i < trend.runs.size(); ++i) {
            const auto change = std::ranges::find(series.changes, i, &TrendChange::run);
            const auto mark =
                change == series.changes.end() ? "" : fmt::format("  <- {}", word_of(change->verdict));
            text += fmt::format("  {:>4}  {}  {:<30}  {:>10}{}\n", i + 1, trend.runs[i].time,
                                trend.runs[i].label, number(series.values[i]), mark);
        }
        text += "\n";
    }
    for (const auto& note : trend.notes)
        text += "note: " + note + "\n";
    return text;
}

std::string to_json(const Trend& trend) {
    std::string text;
    base::json::Writer out(text);
    out.begin_object();
    out.member("format", "stampede trend 1").member("sentence", trend.sentence);
    out.key("worse_since");
    trend.worse_since ? out.value(static_cast<std::uint64_t>(*trend.worse_since + 1)) : out.null();
    out.key("runs").begin_array();
    for (const auto& run : trend.runs)
        put(out, run, trend.loads);
    out.end_array().key("series").begin_array();
    for (const auto& series : trend.series)
        put(out, series);
    out.end_array().key("notes").begin_array();
    for (const auto& note : trend.notes)
        out.value(note);
    out.end_array().end_object();
    return text + "\n";
}

std::string to_html(const Trend& trend) {
    report::Page page("Trend over " + std::to_string(trend.runs.size()) + " runs");
    page.subtitle(fmt::format("{} to {}", trend.runs.front().time, trend.runs.back().time));
    page.verdict(trend.worse_since ? Tone::bad : Tone::good, trend.sentence);
    page.section("Over the runs");
    for (const auto& note : trend.notes)
        page.note(Tone::warning, note);
    for (const auto& series : trend.series)
        page.figure(chart_of(trend, series));
    if (const auto table = changes_of(trend); !table.rows.empty()) {
        page.subheading("Changes");
        page.table(table);
    }
    if (!trend.loads.empty()) {
        page.section("Runs and loads");
        page.figure(grid_of(trend, "Apdex", &TrendCell::apdex, false));
        page.figure(grid_of(trend, "Good requests a second", &TrendCell::good_rate, true));
        page.figure(grid_of(trend, "p99, ms", &TrendCell::p99_ms, true));
    }
    return page.html();
}

}  // namespace homespun::stampede
