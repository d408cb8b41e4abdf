#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace homespun::stampede {

/// A path of a Sync storage server, cut to pieces; refers to the text it came from.
struct SyncPath {
    std::string_view user;   ///< uid (1.5) or name (1.1) behind the version
    std::string_view what;   ///< "info/collections", "storage/tabs/ID"; empty: all of the user's
    std::string_view query;  ///< behind '?'
};

/// Nothing unless `target` is `…/1.5/USER`, `…/1.1/USER` or `…/1.0/USER` with `info/…`, `storage` or nothing
/// behind the user.
std::optional<SyncPath> parse_sync_path(std::string_view target);

/// By what requests are told apart in figures. Of a Sync path the name that `sync_type_names` has for it, or
/// one of the same kind ("GET forms/{n}"); of every other METHOD and path without the query, where {n} stands
/// for numbers and ids.
std::string request_group(std::string_view method, std::string_view target);

}  // namespace homespun::stampede
