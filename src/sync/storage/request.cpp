#include "sync/storage/request.hpp"

#include "base/text.hpp"
#include "sync/protocol/accept.hpp"

namespace homespun::sync::storage {
namespace {

using protocol::Timestamp;

constexpr std::size_t most_ids = 100;

std::unexpected<Refusal> bad_query(std::string_view reason) {
    return std::unexpected(Refusal{400, 0, reason});
}

Parsed<std::optional<Timestamp>> header_time(const net::http::Request& request, std::string_view name) {
    const auto text = request.headers.find(name);
    if (!text) return std::nullopt;
    const auto time = Timestamp::parse(base::trim(*text));
    if (!time) return bad_query("bad_if_header");
    return time;
}

Parsed<std::vector<std::string>> parse_ids(std::string_view text) {
    std::vector<std::string> ids;
    for (const auto piece : base::split(text, ',')) {
        const auto id = base::trim(piece);
        if (id.empty()) continue;
        if (!protocol::valid_record_id(id)) return bad_query("bad_id");
        ids.emplace_back(id);
    }
    if (ids.empty()) return bad_query("no_ids");
    if (ids.size() > most_ids) return bad_query("too_many_ids");
    return ids;
}

}  // namespace

Parsed<store::Precondition> parse_precondition(const net::http::Request& request) {
    const auto modified = header_time(request, "X-If-Modified-Since");
    if (!modified) return std::unexpected(modified.error());
    const auto unmodified = header_time(request, "X-If-Unmodified-Since");
    if (!unmodified) return std::unexpected(unmodified.error());
    if (*modified && *unmodified) return bad_query("both_if_headers");
    store::Precondition when;
    when.if_unmodified_since = *unmodified;
    if (request.method == "GET" || request.method == "HEAD") when.if_modified_since = *modified;
    return when;
}

Parsed<Format> negotiate(const net::http::Request& request, bool newlines_possible) {
    const auto header = request.headers.find("Accept");
    if (!header || base::trim(*header).empty()) return Format::json;
    const double json = protocol::accept_quality(*header, "application/json");
    const double newlines = newlines_possible ? protocol::accept_quality(*header, "application/newlines") : 0;
    if (json <= 0 && newlines <= 0) return std::unexpected(Refusal{406, 0, "not_acceptable"});
    return newlines > json ? Format::newlines : Format::json;
}

Parsed<Format> upload_format(const net::http::Request& request) {
    const auto header = request.headers.find("Content-Type");
    if (!header) return Format::json;
    const auto type = base::trim(header->substr(0, header->find(';')));
    if (base::iequals(type, "application/json") || base::iequals(type, "text/plain")) return Format::json;
    if (base::iequals(type, "application/newlines")) return Format::newlines;
    return std::unexpected(Refusal{415, 0, "wrong_content_type"});
}

Parsed<store::ListQuery> parse_list_query(std::string_view query) {
    store::ListQuery list;
    for (const auto& [name, value, has_value] : base::parse_query(query)) {
        if (name == "full") {
            list.full = true;
        } else if (name == "ids") {
            auto ids = parse_ids(value);
            if (!ids) return std::unexpected(ids.error());
            list.ids = std::move(*ids);
        } else if (name == "newer" || name == "older") {
            const auto time = Timestamp::parse(value);
            if (!time) return bad_query("bad_time");
            (name == "newer" ? list.newer : list.older) = *time;
        } else if (name == "sort") {
            if (value == "newest") {
                list.sort = store::Sort::newest;
            } else if (value == "oldest") {
                list.sort = store::Sort::oldest;
            } else if (value == "index") {
                list.sort = store::Sort::index;
            } else {
                return bad_query("bad_sort");
            }
        } else if (name == "limit") {
            const auto limit = base::parse_integer<std::uint64_t>(value);
            if (!limit) return bad_query("bad_limit");
            list.limit = *limit;
        } else if (name == "offset") {
            if (value.empty()) return bad_query("bad_offset");
            list.offset = value;
        }
    }
    return list;
}

Parsed<std::optional<std::vector<std::string>>> parse_delete_ids(std::string_view query) {
    std::optional<std::vector<std::string>> found;
    for (const auto& [name, value, has_value] : base::parse_query(query)) {
        if (name != "ids") continue;
        auto ids = parse_ids(value);
        if (!ids) return std::unexpected(ids.error());
        found = std::move(*ids);
    }
    return found;
}

Parsed<BatchQuery> parse_batch_query(std::string_view query) {
    BatchQuery batch;
    bool commit_seen = false;
    for (const auto& [name, value, has_value] : base::parse_query(query)) {
        if (name == "batch") {
            if (value.empty() || base::iequals(value, "true")) {
                batch.kind = BatchQuery::Kind::open;
            } else {
                batch.kind = BatchQuery::Kind::append;
                batch.id = value;
            }
        } else if (name == "commit") {
            if (!base::iequals(value, "true")) return bad_query("bad_commit");
            commit_seen = true;
        }
    }
    if (commit_seen && batch.kind == BatchQuery::Kind::none) return bad_query("commit_without_batch");
    batch.commit = commit_seen;
    return batch;
}

Parsed<void> check_announced(const net::http::Request& request, const AnnouncedLimits& limits) {
    const std::pair<std::string_view, std::uint64_t> announced[] = {
        {"X-Weave-Records", limits.records},
        {"X-Weave-Bytes", limits.bytes},
        {"X-Weave-Total-Records", limits.total_records},
        {"X-Weave-Total-Bytes", limits.total_bytes}};
    for (const auto& [name, most] : announced) {
        const auto text = request.headers.find(name);
        if (!text) continue;
        const auto number = base::parse_integer<std::uint64_t>(base::trim(*text));
        if (!number) return std::unexpected(Refusal{400, 1, "bad_weave_header"});
        if (*number > most) return std::unexpected(Refusal{400, 17, "announced_too_large"});
    }
    return {};
}

}  // namespace homespun::sync::storage
