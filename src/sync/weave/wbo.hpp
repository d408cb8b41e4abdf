#pragma once
#include <expected>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sync/store/weave_store.hpp"

namespace homespun::sync::weave {

/// What one request may hold (sheet sync-legacy, 4.2 and 4.5).
struct Limits {
    std::uint64_t max_payload_bytes = 262'144;
    std::uint64_t max_batch_records = 100;
    std::uint64_t max_batch_bytes = 1'048'576;  ///< of payloads; the record that reaches it is refused too
};

/// Why a body is refused as a whole: the integer of the 400.
enum class BodyFault : int { not_json = 6, invalid_record = 8 };
struct BodyRefusal {
    BodyFault fault;
    std::string detail = {};  ///< for the log; holds nothing of a payload
};
template <class T>
using Read = std::expected<T, BodyRefusal>;

/// What a POST asks for: one record (`single`) or a list, with what is wrong with some of them.
struct PostBody {
    bool single = false;
    std::vector<store::WeaveUpdate> updates = {};
    std::vector<std::string> success = {};                         ///< ids of `updates`, in order
    std::vector<std::pair<std::string, std::string>> failed = {};  ///< id -> reason, each id once
};

/// 1 to 64 printable ASCII characters, no slash.
bool valid_id(std::string_view id);

/// The body of a PUT of one record. The id of the address counts, whatever the body says.
Read<store::WeaveUpdate> read_put(std::string_view body, std::string_view id, const Limits& limits);

/// The body of a POST, or of a PUT on a collection. Faults of single records of a list are in `failed`;
/// those of a single record refuse the body.
Read<PostBody> read_post(std::string_view body, const Limits& limits);

/// A record as JSON: only the fields that have a value; never the ttl.
void append_json(std::string& out, const store::WeaveView& record);

}  // namespace homespun::sync::weave
