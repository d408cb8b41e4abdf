#include <fmt/format.h>

#include <algorithm>

#include "report/numbers.hpp"
#include "stampede/results/report_numbers.hpp"
#include "stampede/results/report_tables.hpp"

namespace homespun::stampede {
namespace {

constexpr auto right = report::Align::right;

std::string moment(double at_s) {
    return report::short_number(at_s, report::Unit::clock);
}

std::string stretch(const ReportView& view, double at_s) {
    const auto* level = level_at(view.run(), at_s);
    return level == nullptr ? "between levels" : view.name_of(*level);
}

bool is_warm_up(const Run& run, double at_s) {
    const auto* level = level_at(run, at_s);
    return level != nullptr && level->purpose == Purpose::warm_up;
}

/// Failures that look the same.
struct Group {
    const Example* first;
    std::uint64_t count = 1;
};

}  // namespace

void add_failures(report::Page& page, const ReportView& view) {
    const auto& failures = view.run().failures;
    if (failures.empty()) return;
    std::vector<Group> groups;
    for (const auto& failure : failures) {
        const auto found = std::ranges::find_if(groups, [&](const Group& group) {
            return group.first->type == failure.type && group.first->what == failure.what;
        });
        if (found == groups.end()) {
            groups.push_back({&failure});
        } else {
            ++found->count;
        }
    }
    report::Table table{
        .columns = {{"first at", right}, {"during"}, {"type"}, {"kept", right}, {"ms", right}, {"what came"}},
        .caption =
            "The first failures of the run as they were kept, the warm-up's among them; those that "
            "look the same in one row"};
    for (const auto& [first, count] : groups) {
        table.rows.push_back({moment(first->at_s), stretch(view, first->at_s), first->type, count_text(count),
                              ms_text(first->response_ms), first->what});
    }
    page.table(table);
}

void add_slowest(report::Page& page, const ReportView& view) {
    report::Table table{.columns = {{"ended at", right}, {"during"}, {"type"}, {"ms", right}, {"what came"}}};
    std::uint64_t left_out = 0;
    bool told = false;
    for (const auto& slow : view.run().slowest) {
        if (is_warm_up(view.run(), slow.at_s)) {
            ++left_out;
            continue;
        }
        told = told || !slow.what.empty();
        table.rows.push_back(
            {moment(slow.at_s), stretch(view, slow.at_s), slow.type, ms_text(slow.response_ms), slow.what});
    }
    if (!told) table.columns.pop_back();
    if (table.rows.empty() && left_out == 0) return;
    page.subheading("Slowest");
    if (left_out > 0)
        page.paragraph(fmt::format("{} of the slowest {} in the warm-up and left out.",
                                   counted(left_out, "request"), left_out == 1 ? "was" : "were"));
    if (table.rows.empty()) return;
    page.begin_fold(fmt::format("The {} slowest requests", table.rows.size()));
    page.table(table);
    page.end_fold();
}

}  // namespace homespun::stampede
