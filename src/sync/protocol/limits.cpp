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

/// `whose` stands in front of the names of limits: `limits.`, or the entry of a collection.
base::Result<void> check_one(const Limits& limits, std::string_view whose) {
    const auto bad = [&](std::string_view name, std::uint64_t value, const std::string& why) {
        return base::fail(
            fmt::format("{}{} ({}) {}; `homespun config` shows where each is set", whose, name, value, why));
    };
    // In the text of a collection the second name goes without the words in front.
    const std::string_view also = whose.ends_with('.') ? whose : std::string_view();
    if (limits.max_post_records == 0)
        return bad("max_post_records", 0, "lets nobody store anything: set 1 or more");
    if (limits.max_total_records == 0)
        return bad("max_total_records", 0, "lets nobody store anything: set 1 or more");
    if (limits.max_record_payload_bytes > limits.max_post_bytes) {
        return bad("max_record_payload_bytes", limits.max_record_payload_bytes,
                   fmt::format("is above {}max_post_bytes ({}), so that such a record could not be posted: "
                               "raise that, too",
                               also, limits.max_post_bytes));
    }
    const auto least_request = limits.max_post_bytes + json_overhead;
    if (limits.max_request_bytes < least_request) {
        return bad("max_request_bytes", limits.max_request_bytes,
                   fmt::format("must be at least {}max_post_bytes ({}) and {} more, for the JSON around: set "
                               "it to {} or more",
                               also, limits.max_post_bytes, json_overhead, least_request));
    }
    if (limits.max_request_bytes > largest_possible_request) {
        return bad("max_request_bytes", limits.max_request_bytes,
                   fmt::format("may be {} at most", largest_possible_request));
    }
    const auto whole = [&](std::string_view total, std::uint64_t value, std::string_view post,
                           std::uint64_t least) {
        return bad(total, value,
                   fmt::format("must be at least {}{} ({}): a whole batch holds what one request may", also,
                               post, least));
    };
    if (limits.max_total_records < limits.max_post_records)
        return whole("max_total_records", limits.max_total_records, "max_post_records",
                     limits.max_post_records);
    if (limits.max_total_bytes < limits.max_post_bytes)
        return whole("max_total_bytes", limits.max_total_bytes, "max_post_bytes", limits.max_post_bytes);
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
            fmt::format("\"{}\": {}; write it like newtab-images:max_record_payload_bytes=20971520:"
                        "max_post_bytes=20971520:max_request_bytes=26214400",
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
    if (auto good = check_one(general, "limits."); !good) return good;
    for (const auto& [name, limits] : collections) {
        if (auto good = check_one(limits, fmt::format("limits.collections: \"{}\": ", name)); !good)
            return good;
    }
    return {};
}

}  // namespace homespun::sync::protocol
