#pragma once
#include <string>
#include <vector>

#include "report/page.hpp"
#include "stampede/results/report_view.hpp"

namespace homespun::stampede {

/// What a report says in sentences. Nothing is judged anew: all of it stands in the run.

report::Tone verdict_tone(const Run& run);
std::string verdict_words(const Run& run);
std::vector<report::Tile> tiles_of(const ReportView& view);

/// What a level must hold to be good.
std::string demand_words(const Demands& demands);
/// The demand on p99 as a line across a chart of ms.
std::vector<report::Mark> demand_marks(const Demands& demands);
/// How the levels were chosen and what came of them.
std::vector<std::string> search_words(const ReportView& view);
/// What broke and the evidence; empty when nothing did.
std::string failure_words(const Run& run);
/// How it failed far beyond the limit, and the way back; empty when there was no push.
std::string push_words(const ReportView& view);
std::vector<std::string> generator_words(const ReportView& view);

/// "open model: …" or "closed model: …".
std::string arrival_words(const Run& run);
/// What an error class means.
std::string_view meaning_of(ErrorClass error);
/// Why a figure is marked with an asterisk.
std::string_view unsettled_words();
report::Definitions terms(const Run& run);

}  // namespace homespun::stampede
