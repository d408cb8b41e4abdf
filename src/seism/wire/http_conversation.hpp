#pragma once
#include <cstdint>
#include <memory>
#include <string_view>

#include "seism/wire/conversation.hpp"

namespace homespun::seism::wire {

/// Is told of each exchange of an HTTP connection, while the bytes pass. There is no clock in here: who
/// listens takes the time. `ordinal` is the request's, from 1; with pipelining, requests are ahead of
/// responses. Called on the thread of the conversation. When a connection ends without the conversation being
/// told (RST), the exchanges that are open stay open.
class ExchangeListener {
  public:
    enum class End : std::uint8_t {
        complete,
        empty,      ///< the server ended without a byte of an answer
        truncated,  ///< the server ended within the answer
        malformed,  ///< what came is not HTTP
        tunnel,     ///< the connection has left HTTP (CONNECT, 101)
        injected,   ///< the client met a fault in place of the server's answer
    };

    virtual ~ExchangeListener() = default;
    /// The head of a request is there.
    virtual void on_request(const Request& request) = 0;
    /// Pieces of its content, without the marks of chunks.
    virtual void on_request_body(std::uint64_t /*ordinal*/, std::string_view /*content*/) {}
    virtual void on_request_end(std::uint64_t /*ordinal*/) {}
    /// The first byte of an answer, interim ones (1xx) included.
    virtual void on_response_begin(std::uint64_t /*ordinal*/) {}
    /// The head of the final answer (or 101), as it came.
    virtual void on_response_head(std::uint64_t /*ordinal*/, int /*status*/, std::string_view /*head*/) {}
    virtual void on_response_body(std::uint64_t /*ordinal*/, std::string_view /*content*/) {}
    /// Called once for each request, unless the connection ended untold. `bytes`: of the answer in all, as it
    /// came from the server, heads included.
    virtual void on_response_end(std::uint64_t ordinal, End end, std::uint64_t bytes) = 0;
    /// The client has said its last. Clients of HTTP do so when they need no answer any more.
    virtual void on_client_end() {}
};

/// HTTP/1.0 and 1.1. A request's verb is its method, its subject the path with query (of an absolute target,
/// too), `head` the head as it came; all methods but GET, HEAD, OPTIONS and TRACE write. `code` is a status,
/// 200 to 999.
///
/// Kinds, with what the client gets and what of the fault is used, with its default:
/// - `error`: an answer. `code`: 503; `message`: reason phrase; `retry_after_s`; `body`: `injected` and
///   a line end; `content_type`: text/plain.
/// - `empty_json`: 200 with `{}` as application/json. Uses the same.
/// - `huge_head`: 200 with fields `X-Seism-Padding` in the head. `bytes` of them: 65537.
/// - `truncate`: the head and the beginning of a body, then FIN. Made up: 3 bytes of 100, or `body`; mode
///   `after`: of the real answer, `bytes` of its body as coded: 0.
/// - `broken_chunk`: a chunk of 5 bytes with 3, then FIN.
/// - `wrong_length`: a Content-Length that is not the body's, then FIN. `bytes`: what it says, half of the
///   body.
/// - `double_length`: two Content-Length that differ, then FIN.
/// - `stale_date`: a Date of 1970; made up, `after`: in the real answer. `message`: another date.
/// - `drip`: the head one byte at a time; made up, `after`: of the real answer. `interval_ms`: 1000.
/// - `garbage`: 0x80, then FIN. `bytes`: 64.
/// - `empty`, `close`: FIN. `bytes`: with `after`, so much of the real answer, its head included, passes
///   before.
/// - `reset`, `hang`: RST, silence. `bytes`: as for `empty`.
/// - `status_code`: the real answer with another status. `code`, `message`, `retry_after_s`; `body`: replaces
///   the real one.
/// - `modify_body`: the real answer with another body. `body`; `content_type`.
/// - `header`: the real answer with other headers, or the server the request. `message`: lines `Name: value`,
///   an empty value removes; `state`: `request`, else the response.
///
/// The last three change what really is said: the server sees the request in every mode. Made-up answers are
/// framed as the request wants (no body for HEAD, 204, 304). A request that the server does not see is read
/// to its end before the answer; where its body is not sent at once (`Expect: 100-continue`, which gets the
/// final status) or is larger than 1 MiB, the answer goes out at once and the connection ends behind it. The
/// connection also ends where the client asks for it, and in mode `before_close`. Faults of the connection
/// itself (ordinal 0) are `instead` and end with FIN.
///
/// Opaque from an answer 101 and a granted CONNECT on; where a side leaves HTTP/1 (TLS, HTTP/2's preface, a
/// head over 64 KiB, contradictory lengths); and after 256 requests without answers.
///
/// `listener` may be null; it outlives the conversation.
[[nodiscard]] std::unique_ptr<Conversation> make_http_conversation(Judge& judge,
                                                                   const ConversationOptions& options,
                                                                   ExchangeListener* listener = nullptr);

}  // namespace homespun::seism::wire
