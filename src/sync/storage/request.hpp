#pragma once
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/http/message.hpp"
#include "sync/protocol/bso.hpp"
#include "sync/store/store.hpp"

namespace homespun::sync::storage {

/// A refusal in the words of the protocol: status, the integer of the body, and a reason for the log
/// (sync-1.5 sheet, 10).
struct Refusal {
    int status = 400;
    int code = 0;
    std::string_view reason;
};

template <class T>
using Parsed = std::expected<T, Refusal>;

/// The two X-If headers. Both at once, or no decimal number, is refused. X-If-Modified-Since counts on GET
/// and HEAD.
Parsed<store::Precondition> parse_precondition(const net::http::Request& request);

using Format = protocol::BodyFormat;

/// What Accept allows for a listing (`newlines_possible`) or for a single answer; 406 when nothing fits.
Parsed<Format> negotiate(const net::http::Request& request, bool newlines_possible);

/// What Content-Type says an upload is; a missing one counts as JSON, others are 415.
Parsed<Format> upload_format(const net::http::Request& request);

/// The query of a GET of a collection.
Parsed<store::ListQuery> parse_list_query(std::string_view query);

/// `ids` of a DELETE: nothing when the parameter is absent.
Parsed<std::optional<std::vector<std::string>>> parse_delete_ids(std::string_view query);

/// The batch parameters of a POST.
struct BatchQuery {
    enum class Kind { none, open, append };
    Kind kind = Kind::none;
    std::string id;  ///< for append
    bool commit = false;
};
Parsed<BatchQuery> parse_batch_query(std::string_view query);

/// Announced sizes (X-Weave-Records, -Bytes, -Total-Records, -Total-Bytes) against the limits.
struct AnnouncedLimits {
    std::uint64_t records, bytes, total_records, total_bytes;
};
Parsed<void> check_announced(const net::http::Request& request, const AnnouncedLimits& limits);

}  // namespace homespun::sync::storage
