#pragma once
#include <chrono>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "seism/verdict/judgement.hpp"

namespace homespun::seism {

/// What a run was, for those who read its results.
struct RunFacts {
    std::string title{}, description{};
    std::string version{};
    std::uint64_t seed = 0;
    std::string file{};                         ///< the experiment's, as it was named
    std::string source{};                       ///< its text
    std::string replay{};                       ///< the command that does the same again
    std::vector<std::string> off{}, traffic{};  ///< of the command line: rules, and who made the requests
    std::string hostname{};
    std::chrono::system_clock::time_point began{}, ended{};
    ExitCode exit = ExitCode::passed;
    std::string trouble{};  ///< why it could not be carried out
    std::vector<PerturbationEvent> events{};
};

/// `2026-11-21T02:00:00.000Z`
[[nodiscard]] std::string iso_time(std::chrono::system_clock::time_point time);

[[nodiscard]] std::string verdict_json(const RunFacts& facts, const Judgement& judgement);
[[nodiscard]] std::string junit_text(const RunFacts& facts, const Judgement& judgement);
/// Lines of JSON. Of a request before its run is judged: its phase and all that follows from it is not known
/// yet.
void append_request_line(std::string& out, const Exchange& exchange);
void append_event_line(std::string& out, const PerturbationEvent& event,
                       std::chrono::system_clock::time_point began);
void append_sample_line(std::string& out, const Sample& sample);

/// A line of JSON for each request of all trials.
[[nodiscard]] std::string requests_lines(const Judgement& judgement);
[[nodiscard]] std::string events_lines(const RunFacts& facts);
/// The application's processes, several times a second.
[[nodiscard]] std::string samples_lines(const Judgement& judgement);
/// One self-contained page.
[[nodiscard]] std::string report_html(const RunFacts& facts, const Judgement& judgement);
/// A small picture with the overall colour for a web page.
[[nodiscard]] std::string badge_svg(const Judgement& judgement);

/// Writes verdict.json, junit.xml, requests.jsonl, events.jsonl, samples.jsonl, report.html and
/// badge.svg.
base::Result<void> write_artefacts(const std::string& folder, const RunFacts& facts,
                                   const Judgement& judgement);

}  // namespace homespun::seism
