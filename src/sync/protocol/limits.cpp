#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"
#include "sync/protocol/bso.hpp"

namespace homespun::sync::protocol {
namespace {

/// What the JSON around the payloads needs at least (sheet, 12).
constexpr std::uint64_t json_overhead = 4096;
/// A request lies in memory while it is read.
constexpr std::uint64_t largest_possible_request = std::uint64_t{256} << 20;

base::Result<void> check_one(const Limits& limits, std::string_view whose) {
    const auto bad = [&](std::string_view why) { return base::fail(fmt::format("{}: {}", whose, why)); };
    if (limits.max_post_records == 0 || limits.max_total_records == 0)
        return bad("a limit of 0 records lets nobody store anything");
    if (limits.max_record_payload_bytes > limits.max_post_bytes)
        return bad("max_record_payload_bytes is above max_post_bytes: such a record could not be posted");
    if (limits.max_request_bytes < limits.max_post_bytes + json_overhead)
        return bad(
            fmt::format("max_request_bytes must be at least max_post_bytes and {} more, for the JSON around",
                        json_overhead));
    if (limits.max_request_bytes > largest_possible_request)
        return bad(fmt::format("max_request_bytes may be {} at most", largest_possible_request));
    if (limits.max_total_records < limits.max_post_records || limits.max_total_bytes < limits.max_post_bytes)
        return bad("a whole batch (max_total_*) must hold what one request (max_post_*) may");
    return {};
}

}  // namespace

std::uint64_t LimitTable::largest_request() const {
    auto largest = general.max_request_bytes;
    for (const auto& [name, limits] : collections)
        largest = std::max(largest, limits.max_request_bytes);
    return largest;
}

base::Result<void> LimitTable::add(std::string_view text) {
    const auto bad = [&](std::string_view why) {
        return base::fail(
            fmt::format("\"{}\": {}; write it like newtab-images max_record_payload_bytes=20971520 "
                        "max_post_bytes=20971520 max_request_bytes=26214400",
                        text, why));
    };
    std::string name;
    Limits limits = general;
    for (const auto word : base::split(text, ':')) {
        if (word.empty()) continue;
        if (name.empty()) {
            name = word;
            if (!valid_collection_name(name)) return bad("that is no name of a collection");
            continue;
        }
        const auto equals = std::min(word.find('='), word.size());
        const auto limit = word.substr(0, equals);
        auto* const field = limit == "max_record_payload_bytes" ? &limits.max_record_payload_bytes
                            : limit == "max_post_bytes"         ? &limits.max_post_bytes
                            : limit == "max_request_bytes"      ? &limits.max_request_bytes
                                                                : nullptr;
        if (field == nullptr) return bad(fmt::format("{} is no limit of a collection", limit));
        const auto number =
            base::parse_integer<std::uint64_t>(word.substr(std::min(equals + 1, word.size())));
        if (!number) return bad(fmt::format("{} needs a number of bytes", limit));
        *field = *number;
    }
    if (name.empty()) return bad("the collection is missing");
    if (!collections.emplace(std::move(name), limits).second) return bad("that collection is there twice");
    return {};
}

base::Result<void> LimitTable::check() const {
    if (auto good = check_one(general, "limits"); !good) return good;
    for (const auto& [name, limits] : collections) {
        if (auto good = check_one(limits, "limits of " + name); !good) return good;
    }
    return {};
}

}  // namespace homespun::sync::protocol
