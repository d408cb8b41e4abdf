#pragma once
#include "report/page.hpp"
#include "stampede/results/report_view.hpp"

namespace homespun::stampede {

/// The charts of a report. Each adds what there is data for, and nothing else. In all of them a percentile
/// that failed requests reach into is missing.

/// Throughput, latency, what was asked and what came, and Apdex, by load.
void add_load_charts(report::Page& page, const ReportView& view);
/// Response time by percentile, for the levels that tell most.
void add_spectrum(report::Page& page, const ReportView& view);
/// The share of each request type, measured and as the model says, with a table and a note on differences.
void add_mix(report::Page& page, const ReportView& view);

/// Where response times fell, and what was answered how, second by second.
void add_time_charts(report::Page& page, const ReportView& view);
/// The watched servers; nothing when none was.
void add_server_charts(report::Page& page, const ReportView& view);
/// CPU and send lag of the generator.
void add_generator_charts(report::Page& page, const ReportView& view);

}  // namespace homespun::stampede
