#pragma once
#include "report/page.hpp"
#include "stampede/results/report_view.hpp"

namespace homespun::stampede {

/// The tables of a report. Each adds what there is data for, and nothing else.

/// The levels in their order, and behind a fold those that no figure comes from.
void add_level_tables(report::Page& page, const ReportView& view);
/// The types that were asked for, at the level that the report shows.
void add_type_tables(report::Page& page, const ReportView& view);
/// By class, over all counted levels.
void add_errors(report::Page& page, const ReportView& view);
/// Failed requests that were kept; alike ones in one row.
void add_failures(report::Page& page, const ReportView& view);
void add_slowest(report::Page& page, const ReportView& view);

}  // namespace homespun::stampede
