#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/executor.hpp"
#include "base/task.hpp"
#include "net/http/headers.hpp"

namespace homespun::net::http {

/// Where the router leaves what it found between `Application::plan` and `Application::handle`.
struct RouteState {
    virtual ~RouteState() = default;
};

/// A request body that is read while the handler runs (paths with `stream`).
class BodyStream {
  public:
    virtual ~BodyStream() = default;
    /// The next piece (never empty), or nothing at the end. `failed()` tells an end from a broken or
    /// oversized body.
    virtual base::Task<std::optional<std::string>> next() = 0;
    [[nodiscard]] virtual bool failed() const = 0;
};

/// One request, owned by its connection, alive until its response has been handed over. Touched only on its
/// loop.
struct Request {
    std::string method;  ///< as sent: case-sensitive
    std::string target;  ///< raw request target, still percent-encoded, with the query: what HAWK signs
    int version_minor = 1;
    Headers headers;
    std::string body;                    ///< whole body, unless `stream` is set
    std::unique_ptr<BodyStream> stream;  ///< set when the plan asked for a stream
    std::string_view scheme = "http";    ///< of the connection, not of a proxy before it
    std::string remote;                  ///< peer's address without port; "unix" for a unix socket
    std::uint64_t id = 0;                ///< unique within the process, for logs
    base::Executor* executor = nullptr;  ///< the loop it lives on
    std::unique_ptr<RouteState> route;

    /// The target up to '?'.
    [[nodiscard]] std::string_view path() const;
    /// Behind '?', empty when there is none.
    [[nodiscard]] std::string_view query() const;
};

/// A body made piece by piece: called again until it gives nothing; the next piece is asked for only when the
/// peer has taken the last one. Sent chunked (to HTTP/1.0 peers: until close).
using BodySource = std::move_only_function<base::Task<std::optional<std::string>>()>;

/// A part of a file, sent from the open descriptor, which the response owns.
struct FileBody {
    std::shared_ptr<const int> descriptor;  ///< closed by its deleter
    std::uint64_t offset = 0;
    std::uint64_t size = 0;
};

/// The connection leaves HTTP after this response's head: `take` gets the connected socket (non-blocking, its
/// to close) and the bytes that had been read beyond the request.
struct Upgrade {
    std::move_only_function<void(int descriptor, std::string already_read)> take;
};

/// What a handler returns. The server adds Date, Content-Length or Transfer-Encoding, and Connection; an
/// empty `content_type` sends no Content-Type. 204 and 304 never carry a body.
struct Response {
    int status = 200;
    std::string content_type;
    Headers headers;
    std::variant<std::string, BodySource, FileBody, Upgrade> body;
    bool close = false;  ///< end the connection after this answer

    Response() = default;
    explicit Response(int code) : status(code) {}
    Response(int code, std::string type, std::string text)
        : status(code), content_type(std::move(type)), body(std::move(text)) {}
};

/// "OK", "Not Found"…; "Unknown" for a code without a registered phrase.
std::string_view reason_phrase(int status);

}  // namespace homespun::net::http
