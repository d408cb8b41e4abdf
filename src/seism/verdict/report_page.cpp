// The page of a run: verdict, matrix of back-ends and behaviours, and for each experiment what was asked,
// what was found, and a timeline.

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "report/page.hpp"
#include "seism/verdict/artefacts.hpp"
#include "seism/verdict/figures.hpp"

namespace homespun::seism {
namespace {

using report::Tone;

constexpr double us_per_s = 1e6, us_per_ms = 1e3;

Tone tone_of(Colour colour) {
    constexpr std::array<Tone, 4> tones = {Tone::good, Tone::warning, Tone::neutral, Tone::bad};
    return tones[static_cast<std::size_t>(colour)];
}

std::string column_of(const Trial& trial) {
    return trial.settings.empty() ? trial.behaviour : fmt::format("{} {}", trial.behaviour, trial.settings);
}

template <class Add>
std::vector<std::string> distinct(const Judgement& judgement, Add name_of) {
    std::vector<std::string> names;
    for (const auto& judged : judgement.trials) {
        auto name = name_of(judged.trial);
        if (std::ranges::find(names, name) == names.end()) names.push_back(std::move(name));
    }
    return names;
}

report::Table matrix(const Judgement& judgement) {
    const auto backs = distinct(judgement, [](const Trial& trial) { return trial.proxy; });
    const auto behaviours = distinct(judgement, column_of);
    report::Table table{.caption = "What the application did when a back-end (row) behaved so (column)"};
    table.columns.push_back({.header = "back-end"});
    for (const auto& behaviour : behaviours)
        table.columns.push_back({.header = behaviour, .align = report::Align::center});
    for (const auto& back : backs) {
        std::vector<report::Cell> row{report::Cell(back)};
        for (const auto& behaviour : behaviours) {
            std::optional<Colour> worst;
            for (const auto& judged : judgement.trials) {
                if (judged.trial.proxy == back && column_of(judged.trial) == behaviour)
                    worst = std::max(worst.value_or(Colour::green), judged.overall);
            }
            row.push_back(worst ? report::Cell(std::string(word_of(*worst)), tone_of(*worst))
                                : report::Cell(""));
        }
        table.rows.push_back(std::move(row));
    }
    return table;
}

report::Table rules_table(const JudgedTrial& judged) {
    report::Table table{.columns = {{.header = "rule"},
                                    {.header = "verdict"},
                                    {.header = "found"},
                                    {.header = "expected"},
                                    {.header = "requests"}}};
    for (const auto& finding : judged.findings) {
        std::string ids;
        for (const auto id : finding.evidence)
            ids += fmt::format("{}{}", ids.empty() ? "" : ", ", id);
        table.rows.push_back({report::Cell(finding.rule),
                              report::Cell(std::string(word_of(finding.colour)), tone_of(finding.colour)),
                              report::Cell(finding.observed), report::Cell(finding.expected),
                              report::Cell(ids)});
    }
    return table;
}

report::Table figures_table(const Trial& trial) {
    using enum report::Align;
    report::Table table{.columns = {{"phase"},
                                    {"requests", right},
                                    {"outcomes"},
                                    {"p50 ms", right},
                                    {"p99 ms", right},
                                    {"CPU %", right},
                                    {"memory MiB", right},
                                    {"descriptors", right},
                                    {"threads", right}}};
    for (const auto phase : {Phase::before, Phase::during, Phase::after}) {
        const auto figures = figures_of(trial, phase);
        std::string outcomes;
        const auto add = [&](const auto& what, std::size_t times) {
            outcomes += fmt::format("{}{} x {}", outcomes.empty() ? "" : ", ", times, what);
        };
        for (const auto& [status, times] : figures.statuses)
            add(status, times);
        for (const auto& [outcome, times] : figures.outcomes) {
            if (outcome != "ok" && outcome != "http_error") add(outcome, times);
        }
        const auto number = [](double value) { return fmt::format("{:.1f}", value); };
        constexpr double percent = 100, mib = 1024.0 * 1024.0;
        table.rows.push_back({std::string(word_of(phase)), std::to_string(figures.requests), outcomes,
                              number(static_cast<double>(figures.p50) / us_per_ms),
                              number(static_cast<double>(figures.p99) / us_per_ms),
                              number(figures.cpu * percent), number(figures.resident / mib),
                              fmt::format("{:.0f}", figures.descriptors),
                              fmt::format("{:.0f}", figures.threads)});
    }
    return table;
}

std::vector<report::Phase> bands(const Trial& trial) {
    std::vector<report::Phase> phases;
    for (const auto& cycle : trial.cycles)
        phases.push_back({.from = static_cast<double>(cycle.armed - trial.begin) / us_per_s,
                          .to = static_cast<double>(cycle.stopped - trial.begin) / us_per_s,
                          .label = trial.behaviour,
                          .tone = Tone::bad});
    return phases;
}

report::LineChart requests_chart(const Trial& trial) {
    report::LineChart chart{.title = "Requests",
                            .x = {.label = "seconds"},
                            .y = {.label = "time until it ended, ms", .log = true}};
    struct Kind {
        std::string name;
        int color;
        bool (*is)(const Exchange&);
    };
    const std::array<Kind, 4> kinds = {{
        {"success", 3,
         [](const Exchange& each) {
             return each.outcome == Outcome::ok && each.likeness != Likeness::different;
         }},
        {"wrong answer", 4,
         [](const Exchange& each) {
             return each.outcome == Outcome::ok && each.likeness == Likeness::different;
         }},
        {"error status", 2, [](const Exchange& each) { return each.outcome == Outcome::http_error; }},
        {"no answer", 7, [](const Exchange& each) { return !each.answered(); }},
    }};
    for (const auto& kind : kinds) {
        report::Series series{.name = kind.name, .style = report::Style::points, .color = kind.color};
        for (const auto& exchange : trial.exchanges) {
            if (kind.is(exchange))
                series.points.push_back(
                    {.x = static_cast<double>(exchange.start - trial.begin) / us_per_s,
                     .y = std::max(static_cast<double>(exchange.took()), 1.0) / us_per_ms});
        }
        if (!series.points.empty()) chart.series.push_back(std::move(series));
    }
    chart.phases = bands(trial);
    return chart;
}

report::LineChart samples_chart(const Trial& trial, std::string title, std::string label, report::Unit unit,
                                double (*read)(const Sample&)) {
    constexpr int height = 140;
    report::LineChart chart{.title = std::move(title),
                            .x = {.label = "seconds"},
                            .y = {.label = std::move(label), .zero = true, .unit = unit},
                            .height = height};
    report::Series series{.name = chart.title};
    for (const auto& sample : trial.samples) {
        series.points.push_back({.x = static_cast<double>(sample.at - trial.begin) / us_per_s,
                                 .y = sample.processes == 0 ? report::missing : read(sample)});
    }
    chart.series.push_back(std::move(series));
    chart.phases = bands(trial);
    return chart;
}

void add_trial(report::Page& page, const JudgedTrial& judged) {
    const auto& trial = judged.trial;
    page.section(trial.name);
    page.note(tone_of(judged.overall), fmt::format("{}: {} on {}, {} bites", word_of(judged.overall),
                                                   column_of(trial), trial.proxy, trial.bites()));
    page.table(rules_table(judged));
    page.figure(requests_chart(trial),
                "Each dot is a request at the time it began; the band is the perturbation.");
    if (!trial.samples.empty()) {
        page.figure(samples_chart(trial, "CPU", "cores", report::Unit::number,
                                  [](const Sample& sample) { return sample.cpu; }));
        page.figure(samples_chart(trial, "Memory", "resident", report::Unit::bytes,
                                  [](const Sample& sample) { return static_cast<double>(sample.resident); }));
    }
    page.table(figures_table(trial));
}

std::string sentence(const RunFacts& facts, const Judgement& judgement) {
    if (!facts.trouble.empty()) return "It could not be carried out: " + facts.trouble;
    switch (judgement.overall()) {
        case Colour::green:
            return "The application stood every perturbation.";
        case Colour::amber:
            return "The application stood every perturbation, some of them just so.";
        case Colour::red:
            return "The application failed: see what is red.";
        case Colour::grey:
            break;
    }
    return "Nothing is known for certain: see what is inconclusive.";
}

}  // namespace

std::string report_html(const RunFacts& facts, const Judgement& judgement) {
    report::Page page(facts.title);
    page.subtitle(fmt::format("seism {}, {}, seed {}, {}", facts.version, iso_time(facts.began), facts.seed,
                              facts.hostname));
    page.verdict(facts.trouble.empty() ? tone_of(judgement.overall()) : Tone::bad,
                 sentence(facts, judgement));
    const auto counts = judgement.counts();
    if (const auto score = judgement.resilience())
        page.tile({.label = "resilience",
                   .value = fmt::format("{:.0f} %", std::floor(*score * 100)),
                   .note = "experiments that did not fail",
                   .tone = tone_of(judgement.overall())});
    page.tile({.label = "rules passed", .value = std::to_string(counts.passed)})
        .tile({.label = "failed",
               .value = std::to_string(counts.failed),
               .tone = counts.failed > 0 ? Tone::bad : Tone::neutral})
        .tile({.label = "inconclusive", .value = std::to_string(counts.skipped)});
    if (!facts.description.empty()) page.paragraph(facts.description);
    if (!judgement.trials.empty()) page.section("Resilience").table(matrix(judgement));
    for (const auto& finding : judgement.findings)
        page.note(tone_of(finding.colour), fmt::format("{}: {}", finding.rule, finding.observed));
    for (const auto& judged : judgement.trials)
        add_trial(page, judged);
    page.section("Again").paragraph("The same bites on the same connections:").code(facts.replay);
    report::Definitions rules_told;
    for (const auto& rule : rules())
        rules_told.emplace_back(rule.id, rule.says);
    page.section("Rules").definitions(rules_told);
    return page.html();
}

}  // namespace homespun::seism
