#pragma once
#include <string>
#include <string_view>

#include "barrel/server/context.hpp"
#include "sync/protocol/timestamp.hpp"

namespace homespun::sync::storage {

/// 200 with JSON and X-Last-Modified.
net::http::Response json_answer(protocol::Timestamp last_modified, std::string body);
/// 200 with a bare timestamp: the answer to a PUT.
net::http::Response timestamp_answer(protocol::Timestamp modified);
/// 200 with {"modified": t}: the answer to a DELETE.
net::http::Response modified_answer(protocol::Timestamp modified);
/// The protocol's error body is one integer, as JSON.
net::http::Response error_answer(int status, int code);

/// Answers to pages of other origins (sync-1.5 sheet, 2.3): the preflight, and what every answer adds.
net::http::Response preflight_answer(const net::http::Request& request);
void add_cors(const net::http::Request& request, net::http::Response& response);

}  // namespace homespun::sync::storage
