#include "stampede/results/report_tables.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "stampede/capacity/judge.hpp"
#include "stampede/results/figures.hpp"
#include "stampede/results/report_numbers.hpp"
#include "stampede/results/report_words.hpp"

namespace homespun::stampede {
namespace {

using report::Cell;
using report::Tone;
constexpr auto right = report::Align::right;

constexpr std::string_view no_figure_words =
    "“—”: failed requests reach into that share, so there is no figure.";
constexpr std::string_view too_few_words = "“·”: too few requests for a figure there.";

Cell toned(std::string text, bool is_bad) {
    return {std::move(text), is_bad ? Tone::bad : Tone::neutral};
}

std::vector<Cell> level_row(const ReportView& view, const SeenLevel& seen) {
    const auto& level = *seen.level;
    const auto& demands = view.run().demands;
    const auto& all = seen.all;
    const double failed = error_share(all), apdex = apdex_of(all, demands);
    const auto p99 = quantile_ms(all, 0.99);
    const bool judged = !level.good && all.total() > 0;
    const auto quantile = [&](double share) {
        return all.total() > 0 ? ms_text(quantile_ms(all, share)) : std::string("–");
    };
    Cell load(rate_text(level.load));
    if (!level.settled) load = {load.text + " *", Tone::warning};
    return {std::string(name_of(level.purpose)),
            std::move(load),
            rate_text(std::round(level.seconds)),
            rate_text(goodput(level)),
            toned(all.total() > 0 ? share_text(failed) : "–", judged && failed > demands.error_share),
            quantile(0.5),
            quantile(0.95),
            toned(quantile(0.99), judged && (!p99 || *p99 > demands.p99_ms)),
            toned(all.total() > 0 ? fmt::format("{:.2f}", apdex) : "–", judged && apdex < demands.apdex),
            level.good ? Cell("yes", Tone::good) : Cell("no", Tone::bad)};
}

report::Table level_table(const ReportView& view, const std::vector<SeenLevel>& levels) {
    report::Table table{.columns = {{"purpose"},
                                    {view.is_closed() ? "users" : "load/s", right},
                                    {"s", right},
                                    {"good/s", right},
                                    {"failed", right},
                                    {"p50", right},
                                    {"p95", right},
                                    {"p99", right},
                                    {"Apdex", right},
                                    {"held", right}}};
    for (const auto& seen : levels)
        table.rows.push_back(level_row(view, seen));
    return table;
}

bool has_cell(const report::Table& table, std::string_view text) {
    return std::ranges::any_of(table.rows, [&](const auto& row) {
        return std::ranges::any_of(row, [&](const Cell& cell) { return cell.text == text; });
    });
}

/// What the signs in a table mean; empty when it has none.
std::string notes_of(const std::vector<const report::Table*>& tables) {
    const auto has = [&](std::string_view sign) {
        return std::ranges::any_of(tables, [&](const auto* table) { return has_cell(*table, sign); });
    };
    std::string notes;
    if (has("—")) notes += no_figure_words;
    if (has("·")) notes += (notes.empty() ? "" : " ") + std::string(too_few_words);
    return notes;
}

void add_with_notes(report::Page& page, const std::vector<const report::Table*>& tables) {
    for (const auto* table : tables)
        page.table(*table);
    if (const auto notes = notes_of(tables); !notes.empty()) page.paragraph(notes);
}

/// A type that was asked for.
struct Asked {
    std::string name;
    const Tally* tally;
};

std::vector<Asked> asked_at(const ReportView& view, const SeenLevel& seen) {
    std::vector<Asked> asked;
    const auto& types = seen.level->counts.types;
    for (std::size_t i = 0; i < types.size(); ++i) {
        if (types[i].total() > 0) asked.push_back({view.type_name(i), &types[i]});
    }
    std::ranges::sort(asked, [](const Asked& a, const Asked& b) {
        return std::pair(b.tally->total(), a.name) < std::pair(a.tally->total(), b.name);
    });
    if (asked.size() > 1) asked.push_back({"all", &seen.all});
    return asked;
}

std::string errors_of(const Tally& tally) {
    std::string text;
    for (std::size_t i = 0; i < error_classes; ++i) {
        if (tally.errors[i] == 0) continue;
        text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count_text(tally.errors[i]),
                            name_of(static_cast<ErrorClass>(i)));
    }
    return text.empty() ? "none" : text;
}

report::Table count_table(const std::vector<Asked>& asked, double seconds, const Demands& demands) {
    report::Table table{.columns = {{"type"},
                                    {"requests", right},
                                    {"good/s", right},
                                    {"failed"},
                                    {"Apdex", right},
                                    {"bytes in", right},
                                    {"bytes out", right}},
                        .caption = "How many, and what came of them"};
    for (const auto& [name, tally] : asked) {
        table.rows.push_back({name, count_text(tally->total()),
                              seconds > 0 ? rate_text(static_cast<double>(tally->good) / seconds) : "–",
                              toned(errors_of(*tally), tally->failed() > 0),
                              fmt::format("{:.2f}", apdex_of(*tally, demands)), bytes_text(tally->bytes_in),
                              bytes_text(tally->bytes_out)});
    }
    return table;
}

report::Table response_table(const std::vector<Asked>& asked) {
    constexpr std::array shares{0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 0.9999};
    report::Table table{.columns = {{"type"}, {"mean", right}},
                        .caption = "Response time in ms; mean and maximum are of the good requests only"};
    for (const auto* name : {"p50", "p75", "p90", "p95", "p99", "p99.9", "p99.99", "max"})
        table.columns.push_back({name, right});
    for (const auto& [name, tally] : asked) {
        const bool any = tally->good > 0;
        std::vector<Cell> row{name, any ? ms_text(tally->response.mean() / 1000) : "—"};
        for (const double share : shares)
            row.emplace_back(shows(*tally, share) ? ms_text(quantile_ms(*tally, share)) : "·");
        row.emplace_back(any ? ms_text(static_cast<double>(tally->response.max()) / 1000) : "—");
        table.rows.push_back(std::move(row));
    }
    return table;
}

report::Table service_table(const std::vector<Asked>& asked) {
    report::Table table{.columns = {{"type"},
                                    {"service p50", right},
                                    {"service p99", right},
                                    {"first byte p50", right},
                                    {"first byte p99", right}},
                        .caption = "What the server took, in ms: service time, and time to the first byte"};
    for (const auto& [name, tally] : asked) {
        std::vector<Cell> row{name};
        for (const auto* times : {&tally->service, &tally->first_byte}) {
            for (const double share : {0.5, 0.99})
                row.emplace_back(shows(*tally, share) ? ms_text(quantile_ms(*tally, *times, share)) : "·");
        }
        table.rows.push_back(std::move(row));
    }
    return table;
}

void add_reasons(report::Page& page, const ReportView& view) {
    report::Table table{.columns = {{"level"}, {"why it did not hold"}}};
    for (const auto& seen : view.counted()) {
        if (!seen.level->good)
            table.rows.push_back(
                {view.name_of(*seen.level), seen.level->why.empty() ? "–" : seen.level->why});
    }
    if (!table.rows.empty()) page.table(table);
}

}  // namespace

void add_level_tables(report::Page& page, const ReportView& view) {
    if (!view.counted().empty()) {
        auto table = level_table(view, view.counted());
        table.caption =
            "The levels in their order; times in ms, from when a request was due to its last byte";
        add_with_notes(page, {&table});
        add_reasons(page, view);
        if (view.has_unsettled()) page.note(Tone::warning, unsettled_words());
    }
    if (view.aside().empty()) return;
    page.begin_fold("Warm-up and recovery, which are part of no figure");
    const auto table = level_table(view, view.aside());
    add_with_notes(page, {&table});
    page.end_fold();
}

void add_type_tables(report::Page& page, const ReportView& view) {
    const auto* shown = view.shown();
    if (shown == nullptr) return;
    const auto asked = asked_at(view, *shown);
    if (asked.empty()) return;
    page.section("Requests");
    page.paragraph(fmt::format(
        "By type, at {}: {}.", view.name_of(*shown->level),
        shown == view.limit() ? "the highest load that held" : "the last level that was counted"));
    if (!shown->level->settled) page.note(Tone::warning, unsettled_words());
    const auto counts = count_table(asked, shown->level->seconds, view.run().demands);
    const auto responses = response_table(asked), services = service_table(asked);
    add_with_notes(page, {&counts, &responses});
    page.begin_fold("Service time and time to the first byte");
    add_with_notes(page, {&services});
    page.end_fold();
}

void add_errors(report::Page& page, const ReportView& view) {
    struct Row {
        std::uint64_t count = 0, most = 0;
        const SeenLevel* where = nullptr;
    };
    std::array<Row, error_classes> rows;
    std::uint64_t total = 0, failed = 0;
    for (const auto& seen : view.counted()) {
        total += seen.all.total();
        failed += seen.all.failed();
        for (std::size_t i = 0; i < error_classes; ++i) {
            auto& row = rows[i];
            row.count += seen.all.errors[i];
            if (seen.all.errors[i] <= row.most) continue;
            row.most = seen.all.errors[i];
            row.where = &seen;
        }
    }
    if (total == 0) return;
    const auto share = [&](std::uint64_t count) {
        return share_text(static_cast<double>(count) / static_cast<double>(total));
    };
    if (failed == 0) {
        page.paragraph(fmt::format("Of the {} at counted levels none failed.", counted(total, "request")));
        return;
    }
    page.paragraph(fmt::format("Of the {} at counted levels {} failed ({}).", counted(total, "request"),
                               count_text(failed), share(failed)));
    report::Table table{
        .columns = {{"class"}, {"meaning"}, {"requests", right}, {"of all", right}, {"most of them at"}}};
    for (std::size_t i = 0; i < error_classes; ++i) {
        const auto& row = rows[i];
        if (row.count == 0) continue;
        const auto error = static_cast<ErrorClass>(i);
        table.rows.push_back({std::string(name_of(error)), std::string(meaning_of(error)),
                              count_text(row.count), share(row.count),
                              row.where == nullptr ? "" : view.name_of(*row.where->level)});
    }
    page.table(table);
}

}  // namespace homespun::stampede
