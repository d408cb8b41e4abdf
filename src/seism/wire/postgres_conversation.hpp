#pragma once
#include <memory>

#include "seism/wire/conversation.hpp"

namespace homespun::seism::wire {

/// PostgreSQL, protocol 3 (facts: "Frontend/Backend Protocol" of its documentation).
///
/// Requests. Ordinal 0, verb `connect`, is the connection. Then: each simple query, with its first word as
/// verb and its text (the first 64 KiB) as subject; in the extended protocol each Execute, by the statement
/// behind its portal (its first 1 KiB; `EXECUTE` and no text if that is none of the last 256), and each Parse
/// of a statement with a name (`PREPARE`; one without a name is a part of its Execute); a function call
/// (`FUNCTION`). Of what stands between two Syncs one request at most meets a fault.
///
/// Kinds:
/// - `error`: ErrorResponse with SQLSTATE `state`, `message` and a severity. A known SQLSTATE fills in the
///   message (see postgres_messages.hpp), otherwise "internal error". Empty: 53300 for the connection, XX000
///   for a request. `code` means nothing. SQLSTATEs that end connections (53300, 57P.., 28...) are FATAL, and
///   do.
/// - `close`: FIN instead of an answer; `reset`: RST; `hang`: nothing passes any more; `garbage`: 64 bytes of
///   0x80, then FIN. `bytes` above 0: the server does the request and so many bytes of its answer (of its
///   answer to the login, for the connection) pass before.
///
/// ReadyForQuery tells the truth: where a transaction may be open the real server gets what fails (an EXECUTE
/// or a portal called `seism_fault`, which its log shows) and its error is swallowed, so that both sides
/// agree that the transaction, also the implied one of several Executes, has failed.
///
/// The connection. `error` answers the StartupMessage; requests for TLS before it are refused, unless TLS is
/// to end here. Mode `after` lets the server do the login and comes in place of AuthenticationOk; a real
/// refusal stays as it is.
///
/// Mode `after` does not bite on COPY FROM STDIN, which no server can do without the client. With `strip_tls`
/// SSLRequest and GSSENCRequest are answered `N` here; with `terminate_tls` TLS begins behind the server's
/// `S`. Opaque from there on: TLS, GSSAPI, cancel requests, replication, other protocols, a simple query amid
/// an unfinished extended one. If a fault is waiting to be told then, the connection ends. At most 1024
/// answers are awaited.
[[nodiscard]] std::unique_ptr<Conversation> make_postgres_conversation(Judge& judge,
                                                                       const ConversationOptions& options);

}  // namespace homespun::seism::wire
