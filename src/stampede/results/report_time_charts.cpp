#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>

#include "base/text.hpp"
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

/// The same in every chart, so that they can be held beside each other.
report::Axis time_axis(const Run& run) {
    report::Axis axis{.label = "time since the beginning", .low = 0, .unit = report::Unit::clock};
    double end = 0;
    for (const auto& sample : run.samples)
        end = std::fmax(end, sample.at_s);
    if (end > 0) axis.high = end;
    return axis;
}

Tone tone_of(Purpose purpose) {
    switch (purpose) {
        case Purpose::push:
            return Tone::bad;
        case Purpose::soak:
            return Tone::good;
        default:
            return Tone::neutral;
    }
}

/// What the run was at; levels of one purpose in a row are one.
std::vector<report::Phase> phases_of(const Run& run, bool with_names) {
    std::vector<report::Phase> phases;
    const Level* before = nullptr;
    for (const auto& level : run.levels) {
        const double end = level.start_s + level.seconds;
        if (before != nullptr && before->purpose == level.purpose) {
            phases.back().to = end;
        } else {
            phases.push_back({level.start_s, end, with_names ? std::string(name_of(level.purpose)) : "",
                              tone_of(level.purpose)});
        }
        before = &level;
    }
    return phases;
}

/// Some seconds in a row that a chart shows as one.
struct Stretch {
    double begin = 0, end = 0;
    std::vector<const Sample*> samples = {};
};

/// At most about that many: charts of hours stay small. Samples that do not come after the one before are
/// passed over.
std::vector<Stretch> stretches_of(const Run& run, std::size_t most) {
    std::vector<Stretch> stretches;
    const auto each = std::max<std::size_t>((run.samples.size() + most - 1) / most, 1);
    double before = 0;
    for (const auto& sample : run.samples) {
        if (!(sample.at_s > before) || !std::isfinite(sample.at_s)) continue;
        if (stretches.empty() || stretches.back().samples.size() == each) stretches.push_back({before});
        stretches.back().samples.push_back(&sample);
        stretches.back().end = before = sample.at_s;
    }
    return stretches;
}

// The rows of the heat map: eight for a factor of ten, from 1 µs to an hour, as samples have them.
constexpr int rows_a_decade = 8;
constexpr int lowest_row = -3 * rows_a_decade, highest_row = 7 * rows_a_decade;

/// Which row ends at that many ms; nothing when none does.
std::optional<int> row_of(double edge_ms) {
    if (!(edge_ms > 0) || !std::isfinite(edge_ms)) return std::nullopt;
    const double row = std::ceil(std::log10(edge_ms) * rows_a_decade - 1e-6);
    if (row < lowest_row || row > highest_row) return std::nullopt;
    return static_cast<int>(row);
}

std::optional<report::HeatMap> heat_of(const ReportView& view) {
    constexpr std::size_t most_columns = 150;
    const auto stretches = stretches_of(view.run(), most_columns);
    std::vector<std::map<int, double>> columns;
    int low = highest_row, high = lowest_row;
    for (const auto& stretch : stretches) {
        auto& column = columns.emplace_back();
        for (const auto* sample : stretch.samples) {
            for (const auto& [edge, count] : sample->latencies) {
                const auto row = row_of(edge);
                if (!row || count == 0) continue;
                column[*row] += static_cast<double>(count);
                low = std::min(low, *row);
                high = std::max(high, *row);
            }
        }
    }
    if (low > high) return std::nullopt;
    report::HeatMap chart{.title = "Where response times fell"};
    chart.x = time_axis(view.run());
    chart.y = {.label = "response time, ms", .log = true};
    const auto seconds = stretches.front().samples.size();
    chart.counted = seconds > 1 ? fmt::format("good requests in {} s", seconds) : "good requests in a second";
    for (int row = low - 1; row <= high; ++row)
        chart.bounds.push_back(std::pow(10, static_cast<double>(row) / rows_a_decade));
    for (std::size_t i = 0; i < stretches.size(); ++i) {
        chart.columns.push_back(stretches[i].begin);
        auto& counts = chart.counts.emplace_back(static_cast<std::size_t>(high - low + 1), 0.0);
        for (const auto& [row, count] : columns[i])
            counts[static_cast<std::size_t>(row - low)] = count;
    }
    chart.horizontal = demand_marks(view.run().demands);
    chart.phases = phases_of(view.run(), true);
    return chart;
}

/// Of a rate over the stretch.
double mean_of(const Stretch& stretch, auto rate) {
    double sum = 0, before = stretch.begin;
    for (const auto* sample : stretch.samples) {
        sum += rate(*sample) * (sample->at_s - before);
        before = sample->at_s;
    }
    return sum / (stretch.end - stretch.begin);
}

LineChart rate_chart(const ReportView& view) {
    constexpr std::size_t most_points = 600;
    const auto stretches = stretches_of(view.run(), most_points);
    LineChart chart{.title = "What was answered, and how"};
    chart.x = time_axis(view.run());
    chart.y = {.label = "requests/s", .zero = true};
    chart.phases = phases_of(view.run(), true);
    const auto add = [&](std::string name, Style style, int color, auto figure) {
        Series series{.name = std::move(name), .style = style, .color = color};
        for (const auto& stretch : stretches) {
            const double value = mean_of(stretch, figure);
            // A sample that took long stands for all of that time.
            const auto usual = static_cast<double>(stretch.samples.size());
            if (stretch.end - stretch.begin > 2.5 * usual)
                series.points.push_back({stretch.begin + 0.01, value});
            series.points.push_back({stretch.end, value});
        }
        chart.series.push_back(std::move(series));
    };
    add("good", Style::stacked, 3, [](const Sample& sample) { return sample.good; });
    constexpr std::array colors{7, 2, 4, 5, 8, 6};
    for (std::size_t i = 0, shown = 0; i < error_classes; ++i) {
        const auto rate = [i](const Sample& sample) { return sample.errors[i]; };
        if (std::ranges::none_of(view.run().samples, [&](const Sample& s) { return rate(s) > 0; })) continue;
        add(std::string(name_of(static_cast<ErrorClass>(i))), Style::stacked, colors[shown++ % colors.size()],
            rate);
    }
    const double each = view.requests_per_session();
    if (!view.is_closed() && each > 0)
        add("asked for", Style::dashed, 1, [&](const Sample& sample) { return sample.load * each; });
    return chart;
}

/// One line for each server that has the figure; nothing when none has.
struct Gauge {
    const char* title;
    const char* unit;
    std::vector<std::pair<const char*, std::optional<double> ServerSample::*>> figures;
};

std::vector<std::string> server_names(const Run& run) {
    std::vector<std::string> names;
    for (const auto& sample : run.samples) {
        for (const auto& server : sample.servers) {
            if (std::ranges::find(names, server.name) == names.end()) names.push_back(server.name);
        }
    }
    return names;
}

LineChart gauge_chart(const Run& run, const Gauge& gauge, const std::vector<std::string>& names) {
    LineChart chart{.title = gauge.title};
    chart.x = time_axis(run);
    chart.y = {.label = gauge.unit, .zero = true};
    chart.height = 170;
    chart.phases = phases_of(run, false);
    for (std::size_t of = 0; of < names.size(); ++of) {
        for (const auto& [what, figure] : gauge.figures) {
            Series series{.name = *what == '\0' ? names[of] : names[of] + ", " + what};
            bool known = false;  // zeros throughout are told in words
            for (const auto& sample : run.samples) {
                const auto server = std::ranges::find(sample.servers, names[of], &ServerSample::name);
                const bool there = server != sample.servers.end() && (*server).*figure;
                series.points.push_back({sample.at_s, there ? *((*server).*figure) : report::missing});
                known = known || (there && series.points.back().y != 0);
            }
            // A server keeps its colour from chart to chart.
            if (gauge.figures.size() == 1) series.color = static_cast<int>(of % 8) + 1;
            if (known) chart.series.push_back(std::move(series));
        }
    }
    return chart;
}

}  // namespace

void add_time_charts(report::Page& page, const ReportView& view) {
    if (view.run().samples.empty()) return;
    page.section("Over time");
    if (const auto heat = heat_of(view))
        page.figure(
            *heat,
            "Each column is a stretch of time, each row a range of response times; the darker, the more "
            "good requests fell there. Failed ones are in the next chart. The warm-up is shown, but is "
            "part of no figure.");
    page.figure(rate_chart(view),
                view.is_closed() ? "Good and failed requests a second, one upon the other."
                                 : "Good and failed requests a second, one upon the other; dashed, what was "
                                   "asked for: sessions a second times the requests of a good session.");
}

void add_server_charts(report::Page& page, const ReportView& view) {
    const auto names = server_names(view.run());
    if (names.empty()) return;
    const std::array<Gauge, 7> gauges{
        {{"Processor", "cores used", {{"", &ServerSample::cpu_cores}}},
         {"Memory", "resident, MB", {{"", &ServerSample::resident_mb}}},
         {"Disk", "MB/s", {{"read", &ServerSample::read_mb_s}, {"written", &ServerSample::write_mb_s}}},
         {"Accept queue", "connections waiting to be accepted", {{"", &ServerSample::accept_queue}}},
         {"Descriptors", "open", {{"", &ServerSample::descriptors}}},
         {"Threads", "threads", {{"", &ServerSample::threads}}},
         {"Storage", "MB", {{"used", &ServerSample::storage_mb}}}}};
    page.section("The server");
    page.paragraph(
        "What was watched of the server, on the same axis as above. Shaded: the phases of the run, "
        "the limit held (green) and the push (red) among them.");
    bool any = false;
    std::string silent;
    for (const auto& gauge : gauges) {
        const auto chart = gauge_chart(view.run(), gauge, names);
        if (chart.series.empty()) {
            silent += (silent.empty() ? "" : ", ") + std::string(gauge.title);
            continue;
        }
        if (!any) page.begin_row();
        any = true;
        page.figure(chart);
    }
    if (any) page.end_row();
    if (!silent.empty())
        page.paragraph("Zero all the time, or not to be read: " + base::to_lower(silent) + ".");
}

void add_generator_charts(report::Page& page, const ReportView& view) {
    const auto& run = view.run();
    if (run.samples.empty()) return;
    LineChart cpu{.title = "Processor time of its threads"};
    cpu.x = time_axis(run);
    cpu.y = {.label = "share", .zero = true, .unit = report::Unit::percent};
    cpu.horizontal = {{0.8, "no conclusion above 80 %", Tone::bad}};
    LineChart lag{.title = "Send lag, p99 of each second"};
    lag.x = time_axis(run);
    lag.y = {.label = "ms", .zero = true};
    const double most_lag = run.demands.p99_ms / 10;
    lag.horizontal = {{most_lag, "no conclusion above " + time_text(most_lag), Tone::bad}};
    Series share{.name = "CPU", .color = 1}, late{.name = "send lag", .color = 1};
    for (const auto& sample : run.samples) {
        share.points.push_back({sample.at_s, sample.generator_cpu});
        late.points.push_back({sample.at_s, sample.send_lag_p99_ms});
    }
    cpu.series = {std::move(share)};
    lag.series = {std::move(late)};
    page.begin_row();
    for (auto* chart : {&cpu, &lag}) {
        chart->height = 170;
        chart->phases = phases_of(run, false);
        page.figure(*chart);
    }
    page.end_row();
}

}  // namespace homespun::stampede
