#pragma once
#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "sync/store/store.hpp"

namespace homespun::sync::protocol {

/// What one request and one batch may hold (sync-1.5 sheet, 12); served as info/configuration.
struct Limits {
    std::uint64_t max_post_records = 100;
    std::uint64_t max_post_bytes = 2'621'440;  ///< sum of the payloads of one request
    std::uint64_t max_record_payload_bytes = 2'621'440;
    std::uint64_t max_request_bytes = 2'625'536;
    std::uint64_t max_total_records = 10'000;  ///< of a batch
    std::uint64_t max_total_bytes = 262'144'000;
};

/// The limits of every collection, and of those that have others: large things like newtab images.
struct LimitTable {
    Limits general;
    std::map<std::string, Limits, std::less<>> collections = {};

    [[nodiscard]] const Limits& of(std::string_view collection) const {
        const auto found = collections.find(collection);
        return found == collections.end() ? general : found->second;
    }
    /// The largest request body that any of them allows.
    [[nodiscard]] std::uint64_t largest_request() const;
    /// `NAME:LIMIT=NUMBER:…` as the configuration has it; the limits are max_record_payload_bytes,
    /// max_post_bytes and max_request_bytes. The error says what is wrong.
    base::Result<void> add(std::string_view text);
    /// Refuses limits that no client could use: a request must hold what a post may (sheet, 12).
    [[nodiscard]] base::Result<void> check() const;
};

/// Why a body is refused as a whole. The number is the body of the answer.
enum class BodyFault : int {
    not_json = 6,        ///< 400
    invalid_record = 8,  ///< 400: well-formed, but not what it should be
    too_large = 17,      ///< 413: the payload of a PUT
};

struct BodyRefusal {
    BodyFault fault;
    std::string detail;  ///< for the log; holds nothing of a payload
};

enum class BodyFormat {
    json,      ///< application/json, text/plain
    newlines,  ///< application/newlines: one JSON object a line
};

/// A POST body that was understood: what to store, in order, and what not, with the reason to be told.
struct PostBody {
    std::vector<store::RecordUpdate> updates;
    std::vector<std::pair<std::string, std::string>> failed;  ///< id -> reason
};

/// 1 to 64 characters from blank to tilde.
bool valid_record_id(std::string_view id);
/// [a-zA-Z0-9._-]{1,32}
bool valid_collection_name(std::string_view name);

/// The body of `PUT …/{collection}/{id}`. The id in the path counts; one in the body must only be well
/// formed.
std::expected<store::RecordUpdate, BodyRefusal> parse_put_body(std::string_view body,
                                                               std::string_view collection,
                                                               std::string_view id, const Limits& limits);

/// The body of `POST …/{collection}`. Faults of single records land in `failed`; the limits are inclusive and
/// count in the order of the list, refused payloads included (sheet, 7.2).
std::expected<PostBody, BodyRefusal> parse_post_body(std::string_view body, BodyFormat format,
                                                     std::string_view collection, const Limits& limits);

/// `{"id":…,"modified":…,"payload":…}`, with sortindex when it is set.
void append_record_json(std::string& out, const store::RecordView& record);

}  // namespace homespun::sync::protocol
