#pragma once
#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>

#include "net/http/application.hpp"
#include "net/http/message.hpp"

namespace homespun::net::http {

/// Incremental HTTP/1.x request parser: bytes in, a Request filled. No I/O; a fuzz target.
/// Feed the head first (`head_done` turns true and nothing behind the head is used up), then the body.
/// After a failure the parser is of no more use. Not thread-safe.
class RequestParser {
  public:
    /// Gets the decoded body bytes (chunked coding removed); false stops with body_too_large.
    using BodySink = std::function<bool(std::string_view)>;

    /// `request` is filled and must outlive the parser. `head_limit` is in bytes, start line included.
    RequestParser(Request& request, std::size_t head_limit);
    ~RequestParser();

    /// Uses up as much as it can of `bytes` and returns how much; give the rest again together with what
    /// comes next.
    std::expected<std::size_t, Refusal> feed(std::string_view bytes);
    void set_body_sink(BodySink sink);

    [[nodiscard]] bool head_done() const;
    /// The whole message is there.
    [[nodiscard]] bool done() const;

    // Known once the head is done:
    [[nodiscard]] bool keep_alive() const;
    [[nodiscard]] bool expects_continue() const;
    [[nodiscard]] std::optional<std::uint64_t> content_length() const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// What a client gets back.
struct ClientResponse {
    int status = 0;
    Headers headers;
    std::string body;
};

/// The same for responses. `to_head`: the answer to a HEAD request, which has no body.
class ResponseParser {
  public:
    ResponseParser(ClientResponse& response, bool to_head, std::size_t body_limit);
    ~ResponseParser();

    /// Forgets everything and empties the response, ready for the next one; allocates nothing.
    void restart(bool to_head);

    /// As above; an unexpected() means the peer broke the protocol or a limit.
    std::expected<std::size_t, Refusal> feed(std::string_view bytes);
    /// The peer closed: true when that was a proper end of the message.
    bool finish();
    [[nodiscard]] bool done() const;
    [[nodiscard]] bool keep_alive() const;

  private:
    struct Impl;
    std::size_t body_limit_;
    std::unique_ptr<Impl> impl_;
};

}  // namespace homespun::net::http
