#pragma once
#include <memory>

#include "seism/wire/conversation.hpp"

namespace homespun::seism::wire {

/// MySQL and MariaDB, protocol 10 (facts: the client/server protocol pages of both).
///
/// Requests. Ordinal 0, verb `connect`, is the connection. Then every command that the server answers: for
/// COM_QUERY the verb is the statement's first word and the subject its text (the first 64 KiB).
/// COM_STMT_PREPARE is `PREPARE` with the text as subject, no write. COM_STMT_EXECUTE, BULK_EXECUTE and FETCH
/// are known by the text that was prepared: verb and subject are the statement's (its first 1 KiB; of the 256
/// statements prepared last), or `EXECUTE`, `FETCH` and nothing when it is not known. The others go by their
/// names (`PING`, `INIT_DB`, `RESET_CONNECTION`, `CHANGE_USER` …), for INIT_DB with the database as subject.
/// COM_QUIT, COM_STMT_CLOSE and COM_STMT_SEND_LONG_DATA have no answer: they pass and do not count.
///
/// Kinds:
/// - `error`: an ERR packet with `code`, SQLSTATE `state` and `message`. A known code fills in both (see
///   mysql_errors.hpp); otherwise HY000 and "Unknown error". Code 0: 1040 for the connection, 1105 for a
///   command. With 1053 the connection ends, as with mode `before_close`. 2006 and 2013 are told by no
///   server: they are the kind `close`. With 1213 the real server gets a ROLLBACK too, whose answer is
///   swallowed, so that both sides agree that the transaction is gone.
/// - `close`: FIN instead of an answer (the client: 2013); `reset`: RST; `hang`: nothing passes any more;
///   `garbage`: 64 bytes of 0x80, then FIN. `bytes` above 0: the server does the request and so many bytes of
///   its answer (of its greeting, for the connection) pass before.
///
/// The connection. `error` comes instead of the greeting, number 0, without SQLSTATE unless `state` is given,
/// then FIN. The errors of the login (1044, 1045, 1049, 1698), and mode `after`, come where the server's
/// answer to the login would be, which needs a login that can be read (`strip_tls`, or a client without TLS).
///
/// Mode `after`: LOCAL INFILE's data passes; a statement prepared for a client that was told an error is
/// closed. With `strip_tls` TLS and compression are taken out of what the server offers; with `terminate_tls`
/// TLS begins behind the client's request for it. Opaque from there on: TLS, compression, optional metadata,
/// replication, protocol 9 and clients older than 4.1. What cannot be understood while an answer is being
/// swallowed, ends the connection. At most 64 faults wait to be told and 1024 answers are awaited: commands
/// sent ahead of that are not judged, or end the connection.
[[nodiscard]] std::unique_ptr<Conversation> make_mysql_conversation(Judge& judge,
                                                                    const ConversationOptions& options);

}  // namespace homespun::seism::wire
