#include "seism/verdict/artefacts.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <array>
#include <cmath>

#include "base/json.hpp"
#include "report/junit.hpp"
#include "report/markup.hpp"
#include "seism/verdict/figures.hpp"
#include "sys/files.hpp"

namespace homespun::seism {

using base::json::Writer;

namespace {

constexpr double us_per_ms = 1000, us_per_s = 1e6;

double rounded(double value) {
    constexpr double places = 1000;
    return std::round(value * places) / places;
}

void write_findings(Writer& json, const std::vector<Finding>& findings) {
    json.begin_array();
    for (const auto& finding : findings) {
        json.begin_object()
            .member("id", finding.rule)
            .member("verdict", word_of(finding.colour))
            .member("expected", finding.expected)
            .member("observed", finding.observed);
        json.key("evidence").begin_array();
        for (const auto id : finding.evidence)
            json.value(id);
        json.end_array().end_object();
    }
    json.end_array();
}

void write_phase(Writer& json, const PhaseFigures& figures) {
    json.begin_object().member("n", static_cast<std::uint64_t>(figures.requests));
    json.key("outcomes").begin_object();
    for (const auto& [outcome, times] : figures.outcomes)
        json.member(outcome, static_cast<std::uint64_t>(times));
    json.end_object().key("statuses").begin_object();
    for (const auto& [status, times] : figures.statuses)
        json.member(std::to_string(status), static_cast<std::uint64_t>(times));
    json.end_object()
        .member("p50_us", figures.p50)
        .member("p95_us", figures.p95)
        .member("p99_us", figures.p99)
        .member("cpu", rounded(figures.cpu))
        .member("cpu_p95", rounded(figures.cpu_p95))
        .member("cpu_max", rounded(figures.cpu_max))
        .member("rss", static_cast<std::uint64_t>(figures.resident))
        .member("rss_max", static_cast<std::uint64_t>(figures.resident_max))
        .member("pss", static_cast<std::uint64_t>(figures.proportional))
        .member("fds", rounded(figures.descriptors))
        .member("threads", rounded(figures.threads))
        .end_object();
}

void write_cycles(Writer& json, const std::vector<Cycle>& cycles) {
    json.begin_array();
    for (const auto& cycle : cycles) {
        json.begin_object()
            .member("armed_us", cycle.armed)
            .member("stopped_us", cycle.stopped)
            .member("settled_us", cycle.settled)
            .member("bites", cycle.bites)
            .member("inferred", cycle.inferred)
            .end_object();
    }
    json.end_array();
}

void write_trial(Writer& json, const JudgedTrial& judged) {
    const auto& trial = judged.trial;
    json.begin_object()
        .member("id", trial.name)
        .member("proxy", trial.proxy)
        .member("behaviour", trial.behaviour)
        .member("settings", trial.settings)
        .member("overall", word_of(judged.overall))
        .member("bites", trial.bites());
    write_findings(json.key("rules"), judged.findings);
    json.key("phases").begin_object();
    for (const auto phase : {Phase::before, Phase::during, Phase::after})
        write_phase(json.key(word_of(phase)), figures_of(trial, phase));
    json.end_object();
    write_cycles(json.key("cycles"), trial.cycles);
    json.end_object();
}

/// `trial`: null while nothing is judged.
void write_exchange(Writer& json, const Trial* trial, const Exchange& exchange) {
    json.begin_object().member("id", exchange.id);
    if (trial != nullptr) {
        json.member("experiment", trial->name)
            .member("phase", word_of(exchange.phase))
            .member("cycle", exchange.cycle);
        if (exchange.after_index > 0) json.member("after_index", exchange.after_index);
    }
    json.member("t_ms", rounded(static_cast<double>(exchange.start) / us_per_ms))
        .member("late_us", exchange.start - exchange.intended)
        .member("conn", exchange.connection)
        .member("reused", exchange.reused)
        .member("method", exchange.method)
        .member("path", exchange.path)
        .member("req_bytes", exchange.request_bytes)
        .key("status");
    if (exchange.status != 0)
        json.value(exchange.status);
    else
        json.null();
    json.member("outcome", word_of(exchange.outcome))
        .member("ttfb_us", exchange.first_byte)
        .member("total_us", exchange.took())
        .member("resp_bytes", exchange.response_bytes);
    if (exchange.retry_after) json.member("retry_after", *exchange.retry_after);
    if (!exchange.answer_digest.empty()) json.member("answer_sha256", exchange.answer_digest);
    if (exchange.likeness != Likeness::unknown)
        json.member("golden", exchange.likeness == Likeness::same ? "same" : "different");
    if (trial != nullptr) json.member("exposed", exchange.exposed);
    json.end_object();
}

report::JunitCase case_of(const JudgedTrial& judged, const Finding& finding, const Judgement& judgement) {
    const auto& trial = judged.trial;
    const auto text = fmt::format("{}; expected: {}", finding.observed, finding.expected);
    report::JunitCase each{.name = fmt::format("{}/{}", trial.name, finding.rule),
                           .classname = fmt::format("seism.{}.{}", trial.proxy, trial.behaviour)};
    const auto weight = judged.weight_of(finding);
    if (judgement.fails(weight)) each.failure = fmt::format("{}: {}", finding.rule, text);
    if (weight == Colour::grey) each.skipped = text;
    return each;
}

}  // namespace

std::string iso_time(std::chrono::system_clock::time_point time) {
    const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
    return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(static_cast<std::time_t>(ms / 1000)),
                       ms % 1000);
}

std::string verdict_json(const RunFacts& facts, const Judgement& judgement) {
    std::string text;
    Writer json(text);
    const auto counts = judgement.counts();
    json.begin_object()
        .member("schema", 1)
        .member("seism", facts.version)
        .member("title", facts.title)
        .member("seed", facts.seed)
        .member("started", iso_time(facts.began))
        .member("ended", iso_time(facts.ended))
        .member("overall", word_of(judgement.overall()))
        .member("exit", static_cast<int>(facts.exit))
        .member("strict", judgement.strict);
    if (!facts.trouble.empty()) json.member("trouble", facts.trouble);
    json.key("resilience");
    if (const auto score = judgement.resilience())
        json.value(rounded(*score));
    else
        json.null();
    json.key("counts")
        .begin_object()
        .member("passed", static_cast<std::uint64_t>(counts.passed))
        .member("failed", static_cast<std::uint64_t>(counts.failed))
        .member("skipped", static_cast<std::uint64_t>(counts.skipped))
        .end_object();
    json.key("experiments").begin_array();
    for (const auto& judged : judgement.trials)
        write_trial(json, judged);
    json.end_array();
    write_findings(json.key("rules"), judgement.findings);
    for (const auto& [name, words] : {std::pair("off", &facts.off), std::pair("traffic", &facts.traffic)}) {
        json.key(name).begin_array();
        for (const auto& word : *words)
            json.value(word);
        json.end_array();
    }
    json.member("replay", facts.replay).member("file", facts.file).member("source", facts.source);
    json.end_object();
    return text + "\n";
}

std::string junit_text(const RunFacts& facts, const Judgement& judgement) {
    std::vector<report::JunitSuite> suites;
    const auto suite = [&](std::string name) -> report::JunitSuite& {
        return suites.emplace_back(
            report::JunitSuite{.name = std::move(name),
                               .cases = {},
                               .timestamp = iso_time(facts.began),
                               .hostname = facts.hostname,
                               .properties = {{"seed", std::to_string(facts.seed)}, {"seism", facts.version}},
                               .output = facts.replay});
    };
    for (const auto& judged : judgement.trials) {
        auto& cases = suite(judged.trial.name).cases;
        for (const auto& finding : judged.findings)
            cases.push_back(case_of(judged, finding, judgement));
        if (!cases.empty())
            cases.front().seconds = static_cast<double>(judged.trial.end - judged.trial.begin) / us_per_s;
    }
    if (!judgement.findings.empty() || !facts.trouble.empty()) {
        auto& cases = suite("run").cases;
        for (const auto& finding : judgement.findings) {
            cases.push_back({.name = finding.rule});
            if (judgement.fails(finding.colour)) cases.back().failure = finding.observed;
        }
        if (!facts.trouble.empty()) cases.push_back({.name = "environment", .error = facts.trouble});
    }
    return report::junit_xml(suites);
}

std::string requests_lines(const Judgement& judgement) {
    std::string text;
    for (const auto& judged : judgement.trials) {
        for (const auto& exchange : judged.trial.exchanges) {
            Writer json(text);
            write_exchange(json, &judged.trial, exchange);
            text += '\n';
        }
    }
    return text;
}

void append_request_line(std::string& out, const Exchange& exchange) {
    Writer json(out);
    write_exchange(json, nullptr, exchange);
    out += '\n';
}

void append_event_line(std::string& out, const PerturbationEvent& event,
                       std::chrono::system_clock::time_point began) {
    Writer json(out);
    json.begin_object()
        .member("seq", event.sequence)
        .member("type", word_of(event.type))
        .member("t_us", event.at)
        .member("wall", iso_time(began + std::chrono::microseconds(event.at)))
        .member("proxy", event.proxy);
    if (!event.perturbation.empty()) {
        json.member("perturbation", event.perturbation)
            .member("behaviour", event.behaviour)
            .member("bites", event.bites);
    }
    if (event.type == PerturbationEvent::Type::bite)
        json.member("conn", event.connection).member("request", event.request);
    if (!event.note.empty()) json.member("note", event.note);
    json.end_object();
    out += '\n';
}

void append_sample_line(std::string& out, const Sample& sample) {
    Writer json(out);
    json.begin_object()
        .member("t_ms", rounded(static_cast<double>(sample.at) / us_per_ms))
        .member("processes", static_cast<std::uint64_t>(sample.processes))
        .member("cpu", rounded(sample.cpu))
        .member("rss", sample.resident);
    if (sample.descriptors) json.member("fds", *sample.descriptors);
    json.member("threads", sample.threads).end_object();
    out += '\n';
}

std::string events_lines(const RunFacts& facts) {
    std::string text;
    for (const auto& event : facts.events)
        append_event_line(text, event, facts.began);
    return text;
}

std::string samples_lines(const Judgement& judgement) {
    std::string text;
    for (const auto& judged : judgement.trials) {
        for (const auto& sample : judged.trial.samples)
            append_sample_line(text, sample);
    }
    return text;
}

std::string badge_svg(const Judgement& judgement) {
    const auto colour = judgement.overall();
    constexpr std::array<std::string_view, 4> paints = {"#2e7d32", "#b26a00", "#5f6368", "#c62828"};
    auto words = std::string(word_of(colour));
    if (const auto score = judgement.resilience())
        words += fmt::format(" {:.0f} %", std::floor(*score * 100));
    constexpr int left = 52, padding = 8, size = 11;
    const int right = static_cast<int>(report::text_width(words) * size) + 2 * padding;
    return fmt::format(
        R"(<svg xmlns="http://www.w3.org/2000/svg" width="{0}" height="20" role="img" aria-label="seism: {4}">)"
        R"(<title>seism: {4}</title><rect width="{1}" height="20" fill="#444"/>)"
        R"(<rect x="{1}" width="{2}" height="20" fill="{3}"/>)"
        R"(<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="{5}">)"
        R"(<text x="{6}" y="14">seism</text><text x="{7}" y="14">{4}</text></g></svg>)"
        "\n",
        left + right, left, right, paints[static_cast<std::size_t>(colour)], words, size, padding,
        left + padding);
}

base::Result<void> write_artefacts(const std::string& folder, const RunFacts& facts,
                                   const Judgement& judgement) {
    constexpr unsigned readable = 0644;
    const std::vector<std::pair<std::string, std::string>> files = {
        {"verdict.json", verdict_json(facts, judgement)},
        {"junit.xml", junit_text(facts, judgement)},
        {"requests.jsonl", requests_lines(judgement)},
        {"events.jsonl", events_lines(facts)},
        {"samples.jsonl", samples_lines(judgement)},
        {"report.html", report_html(facts, judgement)},
        {"badge.svg", badge_svg(judgement)}};
    for (const auto& [name, text] : files) {
        if (auto written = sys::write_file_atomically(folder + "/" + name, text, readable); !written)
            return written;
    }
    return {};
}

}  // namespace homespun::seism
