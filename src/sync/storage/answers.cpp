#include "sync/storage/answers.hpp"

namespace homespun::sync::storage {

using net::http::Request;
using net::http::Response;
using protocol::Timestamp;

Response json_answer(Timestamp last_modified, std::string body) {
    Response response(200, "application/json", std::move(body));
    response.headers.add("X-Last-Modified", last_modified.text());
    return response;
}

Response timestamp_answer(Timestamp modified) {
    return json_answer(modified, modified.text());
}

Response modified_answer(Timestamp modified) {
    return json_answer(modified, "{\"modified\":" + modified.text() + "}");
}

Response error_answer(int status, int code) {
    return Response(status, "application/json", std::to_string(code));
}

void append_kb(std::string& out, std::uint64_t bytes) {
    constexpr double bytes_per_kb = 1024;
    base::json::append_double(out, static_cast<double>(bytes) / bytes_per_kb);
}

std::string quota_body(const store::ByCollection<std::uint64_t>& usage, std::uint64_t quota_bytes) {
    std::uint64_t bytes = 0;
    for (const auto& [name, used] : usage.collections)
        bytes += used;
    std::string body = "[";
    append_kb(body, bytes);
    body += ',';
    if (quota_bytes == 0)
        body += "null";
    else
        append_kb(body, quota_bytes);
    return body + ']';
}

Response preflight_answer(const Request& request) {
    Response response(204);
    if (request.headers.has("Origin")) {
        response.headers.add("Access-Control-Allow-Methods", "DELETE, GET, POST, PUT");
        response.headers.add(
            "Access-Control-Allow-Headers",
            "Authorization, Content-Type, User-Agent, Accept, X-If-Modified-Since, X-If-Unmodified-Since, "
            "X-Confirm-Delete, X-Last-Modified, X-Weave-Timestamp, X-Weave-Next-Offset, X-Weave-Records, "
            "X-Weave-Bytes, X-Weave-Total-Records, X-Weave-Total-Bytes, X-Verify-Code");
        response.headers.add("Access-Control-Max-Age", "1728000");
    } else {
        response.headers.add("Allow", "DELETE, GET, HEAD, OPTIONS, POST, PUT");
    }
    return response;
}

void add_cors(const Request& request, Response& response) {
    const auto origin = request.headers.find("Origin");
    if (!origin) return;
    response.headers.add("Access-Control-Allow-Origin", *origin);
    response.headers.add(
        "Access-Control-Expose-Headers",
        "X-Last-Modified, X-Weave-Timestamp, X-Weave-Next-Offset, X-Weave-Records, X-Weave-Backoff, "
        "X-Weave-Alert, X-Weave-Quota-Remaining, Retry-After");
    response.headers.add("Vary", "Origin");
}

}  // namespace homespun::sync::storage
