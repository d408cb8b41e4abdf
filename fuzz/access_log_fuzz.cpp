// Any bytes may stand in a log. A line that is taken holds only what may be sent in a request's head, is
// grouped and counted without harm, and its group is the same however often it is asked.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "stampede/models/access_log.hpp"
#include "stampede/models/log_summary.hpp"
#include "stampede/models/replay_log.hpp"
#include "stampede/models/replay_model.hpp"
#include "stampede/models/request_group.hpp"

namespace {

using namespace homespun::stampede;

bool is_visible(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7f; });
}

void check(const AccessLine& line) {
    if (line.time_ms < 0 || line.status < 100 || line.status > 599) std::abort();
    if (line.method.empty() || !is_visible(line.method)) std::abort();
    if (!line.target.starts_with('/') || !is_visible(line.target) || !is_visible(line.user)) std::abort();
    if (const auto sync = parse_sync_path(line.target)) {
        if (sync->user.empty() || sync->user.find_first_of("/?") != sync->user.npos) std::abort();
        if (!is_visible(replayed_query(sync->query, 1000, "a b", "c d"))) std::abort();
    }
    if (request_group(line.method, line.target) != request_group(line.method, line.target)) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view rest(reinterpret_cast<const char*>(data), size);
    LogSummary summary;
    ReplayLog plain(false), sync(true);
    std::uint64_t taken = 0;
    constexpr std::uint64_t most_lines = 100;
    for (std::uint64_t lines = 0; !rest.empty() && lines < most_lines; ++lines) {
        const auto end = std::min(rest.find('\n'), rest.size() - 1);
        const auto line = parse_access_line(rest.substr(0, end + 1));
        rest.remove_prefix(end + 1);
        if (!line) continue;
        check(*line);
        ++taken;
        summary.add(*line);
        plain.add(*line);
        sync.add(*line);
    }
    plain.finish();
    sync.finish();
    if (summary.requests() != taken) std::abort();
    if (plain.requests() + plain.skipped().total() != taken) std::abort();
    if (sync.requests() + sync.skipped().total() != taken) std::abort();
    std::uint64_t grouped = 0;
    for (const auto& group : summary.groups())
        grouped += group.requests;
    if (grouped != taken || summary.text().empty() || summary.json().empty()) std::abort();
    // What is written as a mix file reads again.
    const auto mix = parse_http_mix(http_mix_text(summary.mix()), "mix");
    if (taken > 0 && !mix) std::abort();
    return 0;
}
