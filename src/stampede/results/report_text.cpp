#include "stampede/results/report_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "stampede/capacity/judge.hpp"
#include "stampede/results/comparable.hpp"
#include "stampede/results/figures.hpp"
#include "stampede/results/report_numbers.hpp"
#include "stampede/results/report_view.hpp"
#include "stampede/results/report_words.hpp"

namespace homespun::stampede {
namespace {

constexpr std::size_t most_levels = 12, most_types = 5;

/// One line of a terminal; what is cut off stands in report.html.
std::string line(const std::string& text, std::size_t width = 120) {
    auto shown = printable(text);
    if (shown.size() > width) {
        // Not inside a character of several bytes.
        auto end = width - 3;
        while (end > 0 && (static_cast<unsigned char>(shown[end]) & 0xC0) == 0x80)
            --end;
        shown = shown.substr(0, end) + "…";
    }
    return shown + "\n";
}

std::string level_line(const ReportView& view, const SeenLevel& seen) {
    const auto& level = *seen.level;
    const auto apdex =
        seen.all.total() > 0 ? fmt::format("{:.2f}", apdex_of(seen.all, view.run().demands)) : "–";
    return line(fmt::format("{:<8}{:>9}{} {:>5} {:>9} {:>9} {:>8} {:>8} {:>6}  {}", name_of(level.purpose),
                            rate_text(level.load), level.settled ? ' ' : '*',
                            rate_text(std::round(level.seconds)), rate_text(goodput(level)),
                            share_text(error_share(seen.all)), ms_text(quantile_ms(seen.all, 0.5)),
                            ms_text(quantile_ms(seen.all, 0.99)), apdex, level.good ? "holds" : level.why));
}

/// The last ones, which tell most of a search; how many came before.
std::string level_lines(const ReportView& view) {
    const auto& levels = view.counted();
    if (levels.empty()) return "No level was counted.\n";
    auto text = fmt::format("{:<8}{:>9}  {:>5} {:>9} {:>9} {:>8} {:>8} {:>6}\n", "level",
                            view.is_closed() ? "users" : "load/s", "s", "good/s", "failed", "p50 ms",
                            "p99 ms", "Apdex");
    const auto first = levels.size() > most_levels ? levels.size() - most_levels : 0;
    if (first > 0) text += fmt::format("… {} before\n", counted(first, "level"));
    for (auto i = first; i < levels.size(); ++i)
        text += level_line(view, levels[i]);
    if (view.has_unsettled()) text += std::string(unsettled_words()) + "\n";
    return text;
}

std::string type_lines(const ReportView& view) {
    const auto* shown = view.shown();
    if (shown == nullptr || shown->all.total() == 0) return {};
    std::vector<std::size_t> types;
    const auto& tallies = shown->level->counts.types;
    for (std::size_t i = 0; i < tallies.size(); ++i) {
        if (tallies[i].total() > 0) types.push_back(i);
    }
    std::ranges::sort(types, std::ranges::greater(),
                      [&](std::size_t type) { return std::pair(tallies[type].total(), type); });
    auto text = fmt::format("\n{:>9} {:>9} {:>9} {:>8} {:>8}  at {}\n", "requests", "good/s", "failed",
                            "p50 ms", "p99 ms", view.name_of(*shown->level));
    for (std::size_t i = 0; i < std::min(types.size(), most_types); ++i) {
        const auto& tally = tallies[types[i]];
        const double seconds = shown->level->seconds;
        text += line(fmt::format("{:>9} {:>9} {:>9} {:>8} {:>8}  {}", count_text(tally.total()),
                                 seconds > 0 ? rate_text(static_cast<double>(tally.good) / seconds) : "–",
                                 share_text(error_share(tally)), ms_text(quantile_ms(tally, 0.5)),
                                 ms_text(quantile_ms(tally, 0.99)), view.type_name(types[i])));
    }
    if (types.size() > most_types)
        text += fmt::format("… and {}\n", counted(types.size() - most_types, "type"));
    return text;
}

}  // namespace

std::string render_text(const Run& run) {
    const ReportView view(run);
    constexpr std::size_t sentence = 600;
    auto text = line(verdict_words(run), sentence);
    text += line(fmt::format("{}, model {}, {} arrivals, {} UTC{}", run.target, run.model, run.arrivals,
                             time_of(run), run.interrupted ? "; partial" : ""));
    text += "\n" + level_lines(view);
    if (const auto push = push_words(view); !push.empty()) text += line(push, sentence);
    text += type_lines(view);
    text += "\n";
    for (std::size_t i = 0; i < std::min<std::size_t>(run.generator.doubts.size(), 3); ++i)
        text += line("Doubt: " + run.generator.doubts[i] + ".");
    if (run.generator.doubts.empty())
        text += fmt::format(
            "The measurement was sound: the generator used {} of its CPU at most, 99 % sent within {}.\n",
            share_text(run.generator.cpu_peak), time_text(run.generator.send_lag_p99_ms));
    return text;
}

}  // namespace homespun::stampede
