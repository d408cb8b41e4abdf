#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "stampede/results/report_charts.hpp"
#include "stampede/results/report_numbers.hpp"

namespace homespun::stampede {
namespace {

using report::Tone;

struct Portion {
    std::string type;
    std::uint64_t requests = 0;
    double measured = 0, expected = 0;  ///< shares
    /// In percentage points.
    [[nodiscard]] double difference() const { return (measured - expected) * 100; }
};

/// What is counted: levels that held, as failing sessions end early; all when none held.
std::vector<const SeenLevel*> sources(const ReportView& view) {
    std::vector<const SeenLevel*> held, all;
    for (const auto& seen : view.counted()) {
        all.push_back(&seen);
        if (seen.level->good) held.push_back(&seen);
    }
    return held.empty() ? all : held;
}

std::vector<Portion> portions_of(const ReportView& view, std::uint64_t& total) {
    std::vector<Portion> portions;
    const auto find = [&](const std::string& type) -> Portion& {
        const auto found = std::ranges::find(portions, type, &Portion::type);
        return found != portions.end() ? *found : portions.emplace_back(Portion{.type = type});
    };
    for (const auto* seen : sources(view)) {
        const auto& types = seen->level->counts.types;
        for (std::size_t i = 0; i < types.size(); ++i)
            find(view.type_name(i)).requests += types[i].total();
        total += seen->all.total();
    }
    for (const auto& [type, share] : view.run().expected_mix)
        find(type).expected += share;
    for (auto& portion : portions)
        portion.measured = total > 0 ? static_cast<double>(portion.requests) / static_cast<double>(total) : 0;
    std::erase_if(portions, [](const Portion& one) { return one.requests == 0 && !(one.expected > 0); });
    std::ranges::sort(portions, [](const Portion& a, const Portion& b) {
        return std::pair(b.requests, a.type) < std::pair(a.requests, b.type);
    });
    return portions;
}

report::BarChart chart_of(const std::vector<Portion>& portions, bool has_model) {
    report::BarChart chart{.title = "Shares of the requests"};
    chart.values = {.label = "share of requests", .zero = true, .unit = report::Unit::percent};
    chart.lying = true;
    report::BarSeries measured{.name = "measured", .color = 1}, expected{.name = "model", .color = 8};
    for (const auto& portion : portions) {
        chart.categories.push_back(portion.type);
        measured.values.push_back(portion.measured);
        expected.values.push_back(portion.expected);
    }
    chart.series.push_back(std::move(measured));
    if (has_model) chart.series.push_back(std::move(expected));
    return chart;
}

report::Table table_of(const std::vector<Portion>& portions) {
    constexpr auto right = report::Align::right;
    report::Table table{
        .columns = {{"type"}, {"requests", right}, {"measured", right}, {"model", right}, {"points", right}}};
    for (const auto& portion : portions) {
        table.rows.push_back({portion.type,
                              count_text(portion.requests),
                              share_text(portion.measured),
                              share_text(portion.expected),
                              {fmt::format("{:+.1f}", portion.difference()),
                               std::abs(portion.difference()) > 1 ? Tone::warning : Tone::neutral}});
    }
    return table;
}

/// What differs by more than a point, and whether that means anything.
void add_note(report::Page& page, const std::vector<Portion>& portions, std::uint64_t total,
              double requests_per_session) {
    std::string off;
    bool beyond_chance = false;
    for (const auto& portion : portions) {
        if (!(std::abs(portion.difference()) > 1)) continue;
        off += (off.empty() ? "" : ", ") + portion.type;
        // Three standard deviations. Requests of one session come together, so sessions are what is drawn.
        const double draws = static_cast<double>(total) / std::max(requests_per_session, 1.0);
        const double share = std::clamp(portion.expected, 0.01, 0.99);
        const double chance = 300 * std::sqrt(share * (1 - share) / std::max(draws, 1.0));
        beyond_chance = beyond_chance || std::abs(portion.difference()) > chance;
    }
    if (off.empty()) {
        page.note(Tone::good, "No type's share differs from the model's by more than one point.");
    } else if (beyond_chance) {
        page.note(Tone::warning, "More than one point from the model, and more than chance explains: " + off +
                                     ". The server was not asked what the model is meant to ask.");
    } else {
        page.note(Tone::neutral,
                  fmt::format("More than one point from the model: {}. With {} requests, chance "
                              "alone explains this.",
                              off, count_text(total)));
    }
}

}  // namespace

void add_mix(report::Page& page, const ReportView& view) {
    std::uint64_t total = 0;
    const auto portions = portions_of(view, total);
    if (portions.size() < 2 || total == 0) return;
    const bool has_model = !view.run().expected_mix.empty();
    page.subheading("Mix");
    page.figure(chart_of(portions, has_model),
                fmt::format("Shares of the {} at the levels that held, all of them together.",
                            counted(total, "request")));
    if (!has_model) return;
    add_note(page, portions, total, view.requests_per_session());
    page.begin_fold("The mix in numbers");
    page.table(table_of(portions));
    page.end_fold();
}

}  // namespace homespun::stampede
