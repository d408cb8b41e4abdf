#include "stampede/results/report_page.hpp"

#include <fmt/format.h>

#include "report/page.hpp"
#include "stampede/results/comparable.hpp"
#include "stampede/results/report_charts.hpp"
#include "stampede/results/report_numbers.hpp"
#include "stampede/results/report_tables.hpp"
#include "stampede/results/report_view.hpp"
#include "stampede/results/report_words.hpp"

namespace homespun::stampede {
namespace {

using report::Page;
using report::Tone;

constexpr std::string_view command_line_key = "command_line";

/// Host and port; the whole target stands in the line below.
std::string title_of(const Run& run) {
    std::string_view server = run.target;
    if (const auto scheme = server.find("://"); scheme != std::string_view::npos)
        server.remove_prefix(scheme + 3);
    server = server.substr(0, server.find('/'));
    return fmt::format("{} {}{}", run.command == "capacity" ? "Capacity of" : "Load on", server,
                       run.interrupted ? " (partial)" : "");
}

std::string subtitle_of(const Run& run) {
    auto text = fmt::format("{} UTC · {} · model {} · {} arrivals", time_of(run), run.target, run.model,
                            run.arrivals);
    for (const auto* key : {"label", "stampede"}) {
        const auto value = environment_of(run, key);
        if (!value.empty()) text += fmt::format(" · {} {}", key, value);
    }
    return text;
}

void add_findings(Page& page, const ReportView& view) {
    const auto& run = view.run();
    page.section("What was found");
    if (run.interrupted)
        page.note(Tone::warning,
                  "The run ended before its time: what follows is partial. Levels that were not played are "
                  "missing, and the last one may be shorter than the others.");
    if (!run.generator.doubts.empty())
        page.note(Tone::warning, "Nothing may be concluded from this run:").list(run.generator.doubts);
    for (const auto& words : search_words(view))
        page.paragraph(words);
    add_level_tables(page, view);
    const auto failure = failure_words(run), push = push_words(view);
    if (failure.empty() && push.empty()) return;
    page.subheading("How it fails");
    if (!failure.empty()) page.paragraph(failure);
    if (!push.empty()) page.paragraph(push);
}

void add_error_section(Page& page, const ReportView& view) {
    if (view.counted().empty() && view.run().failures.empty()) return;
    page.section("Errors");
    add_errors(page, view);
    add_failures(page, view);
}

void add_generator(Page& page, const ReportView& view) {
    page.section("The load generator");
    if (view.run().generator.doubts.empty()) {
        page.note(Tone::good, "Nothing says that the generator, and not the server, made these figures.");
    } else {
        page.note(Tone::warning,
                  "Nothing may be concluded from this run; the reasons stand at the top of the page.");
    }
    page.list(generator_words(view));
    add_generator_charts(page, view);
}

void add_environment(Page& page, const Run& run) {
    page.section("Environment");
    report::Definitions facts{{"target", run.target},
                              {"model", run.model},
                              {"arrivals", arrival_words(run)},
                              {"demands", demand_words(run.demands)},
                              {"seed", std::to_string(run.seed)},
                              {"begun", time_of(run) + " UTC"}};
    std::string command_line;
    for (const auto& [key, value] : run.environment) {
        if (key == command_line_key) {
            command_line = value;
        } else {
            facts.emplace_back(key, value);
        }
    }
    page.definitions(facts);
    if (!command_line.empty()) page.code(command_line);
}

}  // namespace

std::string render_report(const Run& run) {
    const ReportView view(run);
    Page page(title_of(run));
    page.subtitle(subtitle_of(run));
    page.verdict(verdict_tone(run), verdict_words(run));
    for (auto& tile : tiles_of(view))
        page.tile(std::move(tile));
    add_findings(page, view);
    add_load_charts(page, view);
    add_time_charts(page, view);
    add_spectrum(page, view);
    add_type_tables(page, view);
    add_mix(page, view);
    add_slowest(page, view);
    add_error_section(page, view);
    add_server_charts(page, view);
    add_generator(page, view);
    add_environment(page, run);
    page.section("What the words mean");
    page.definitions(terms(run));
    return page.html();
}

}  // namespace homespun::stampede
