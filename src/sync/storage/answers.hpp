#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "barrel/server/context.hpp"
#include "base/json.hpp"
#include "sync/protocol/timestamp.hpp"
#include "sync/store/store.hpp"

namespace homespun::sync::storage {

/// 200 with JSON and X-Last-Modified.
net::http::Response json_answer(protocol::Timestamp last_modified, std::string body);
/// 200 with a bare timestamp: the answer to a PUT.
net::http::Response timestamp_answer(protocol::Timestamp modified);
/// 200 with {"modified": t}: the answer to a DELETE.
net::http::Response modified_answer(protocol::Timestamp modified);
/// The protocol's error body is one integer, as JSON.
net::http::Response error_answer(int status, int code);

// Bodies that the storage of 2010 has, too.

/// {"name": …}: `append` puts a collection's value after its name.
template <class Collections, class Append>
std::string collections_body(const Collections& collections, Append append) {
    std::string body = "{";
    for (const auto& [name, value] : collections) {
        if (body.size() > 1) body += ',';
        base::json::append_string(body, name);
        body += ':';
        append(body, value);
    }
    return body + '}';
}
/// In KB of 1,024, as a number with a point.
void append_kb(std::string& out, std::uint64_t bytes);
/// [used KB, quota KB]; `quota_bytes` 0: null, there is none.
std::string quota_body(const store::ByCollection<std::uint64_t>& usage, std::uint64_t quota_bytes);

/// Answers to pages of other origins (sync-1.5 sheet, 2.3): the preflight, and what every answer adds.
net::http::Response preflight_answer(const net::http::Request& request);
void add_cors(const net::http::Request& request, net::http::Response& response);

}  // namespace homespun::sync::storage
