#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"
#include "sync/client/record_server.hpp"

// Records on files and pipes, each with its collection. Pure.
namespace homespun::sync::client {

struct PlacedRecord {
    std::string collection;
    StoredRecord record;
};

/// The records in one JSON value: a record as `get --raw` and `homespun export` write it or a server sends
/// it, or a list of such. The other lines of an export hold none. `collection` is for records that do not
/// name theirs; empty: they are refused.
base::Result<std::vector<PlacedRecord>> placed_records(const base::json::Value& json,
                                                       std::string_view collection);

/// A record as it is stored, as one line of JSON that `placed_records` reads; no line feed.
std::string stored_line(const PlacedRecord& placed);

/// The same with the decrypted JSON, `record`, instead of the payload.
std::string opened_line(const PlacedRecord& placed, std::string_view record);

}  // namespace homespun::sync::client
