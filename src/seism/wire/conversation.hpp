#pragma once
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

/// The protocols between a client and its server, as one who sits between them sees them. Everything here is
/// pure: bytes in, effects out; no sockets, no clock.
namespace homespun::seism::wire {

enum class Protocol : std::uint8_t { tcp, http, mysql, postgres, redis, memcached, ldap };

/// `http`, `mysql` … ; nothing for a word that is none.
[[nodiscard]] std::optional<Protocol> protocol_named(std::string_view word);
[[nodiscard]] std::string_view word_of(Protocol protocol);

/// One request of a client, as predicates see it. The views hold during the call only.
struct Request {
    /// Of this connection, from 1; 0 is the connection itself, before anything was asked (verb `connect`).
    std::uint64_t ordinal = 0;
    /// What is asked: HTTP's method; the first word of an SQL statement in upper case, or the command's name
    /// (`PING`, `EXECUTE`); a command of Redis in upper case, of memcached in lower case; LDAP's operation
    /// (`bind`, `search`, `modify` …).
    std::string_view verb;
    /// What it is about: path with query; the statement; the first key; the name of the entry and, for a
    /// search, a blank and the filter's bytes as they are.
    std::string_view subject;
    /// The head as it came (HTTP only).
    std::string_view head = {};
    /// Whether it changes data, as far as the protocol tells.
    bool writes = false;
};

/// How a fault meets the request it was chosen for.
enum class Mode : std::uint8_t {
    instead,       ///< the server never sees the request
    after,         ///< the server does it, its answer is swallowed, the client is told the fault
    before_close,  ///< as `instead`, then the connection ends
};

/// What is done to a request. Which kinds there are, and what the numbers and texts mean, each protocol's
/// header says. An unknown kind is `error`.
struct Fault {
    std::string kind = "error";
    Mode mode = Mode::instead;
    std::int64_t code = 0;            ///< HTTP status, MySQL error number, LDAP result code
    std::string state = {};           ///< SQLSTATE; the word of a Redis or memcached error
    std::string message = {};         ///< empty: the text that the real server says with this code
    std::string body = {};            ///< HTTP
    std::string content_type = {};    ///< HTTP
    std::int64_t retry_after_s = -1;  ///< HTTP; below 0: no such header
    std::int64_t bytes = 0;           ///< how much of the real answer passes before a cut
    std::int64_t interval_ms = 1000;  ///< HTTP's `drip`: between two bytes
};

/// Decides about each request, in the order in which they come. Called on the thread of the conversation.
class Judge {
  public:
    virtual ~Judge() = default;
    /// The fault for this request, or null. It stays in place until the conversation has ended. For one that
    /// is given, a later `bitten` tells that the client really met it.
    virtual const Fault* judge(const Request& request) = 0;
    virtual void bitten(const Fault& fault, const Request& request) = 0;
};

/// What a conversation does to its connection. Bytes are copied or sent before the call returns.
class Effects {
  public:
    virtual ~Effects() = default;
    virtual void to_client(std::string_view bytes) = 0;
    virtual void to_server(std::string_view bytes) = 0;
    /// One byte each `interval`; what is said later waits for its end.
    virtual void drip_to_client(std::string_view bytes, std::chrono::milliseconds interval) = 0;
    /// Tells the client that no more comes, once everything said to it is sent (FIN), reads and drops what it
    /// still sends for up to a second, then ends both sides. Nothing is passed on any more.
    virtual void close() = 0;
    /// Ends both sides at once with RST.
    virtual void reset() = 0;
    /// Passes nothing on any more, in neither direction, and keeps the connection.
    virtual void hold() = 0;
    /// From here on both sides speak TLS: what was said before goes plain, what comes next is heard plain.
    /// `unread` came from the client together with what made it so, and is TLS already: it is decrypted and
    /// given to the conversation once the present call has returned.
    virtual void start_tls(std::string_view /*unread*/) {}
    /// Passes the end of a direction on.
    virtual void end_to_server() = 0;
    virtual void end_to_client() = 0;
};

/// One connection's protocol: passes on what is said, meets chosen requests with faults. What it does not
/// understand, or may not (TLS, compression), it passes on from there as it is, both ways, and judges no
/// more. After `close`, `reset` or `hold` it is called no more. Memory is bounded: nothing beyond one head,
/// frame header or 64 KiB of a statement is kept; bodies and rows are passed on as they come.
class Conversation {
  public:
    virtual ~Conversation() = default;
    /// The client is there; the server not yet. A fault of the connection itself is met here.
    virtual void opened(Effects& effects) = 0;
    virtual void from_client(std::string_view bytes, Effects& effects) = 0;
    virtual void from_server(std::string_view bytes, Effects& effects) = 0;
    /// The client says no more, the server may still answer; and the reverse.
    virtual void client_ended(Effects& effects) { effects.end_to_server(); }
    virtual void server_ended(Effects& effects) { effects.end_to_client(); }
    /// Whether it has given up understanding and only passes on.
    [[nodiscard]] virtual bool is_opaque() const = 0;
};

struct ConversationOptions {
    /// Asks both sides to speak without TLS and compression where the protocol lets it, so that requests stay
    /// readable. Otherwise the first TLS byte makes the conversation opaque.
    bool strip_tls = false;
    /// Where client and server agree on TLS within the protocol, calls `Effects::start_tls`, once, and goes
    /// on.
    bool terminate_tls = false;
};

/// For `tcp`: one that is opaque from the first byte. `judge` outlives the conversation.
[[nodiscard]] std::unique_ptr<Conversation> make_conversation(Protocol protocol, Judge& judge,
                                                              const ConversationOptions& options = {});

}  // namespace homespun::seism::wire
