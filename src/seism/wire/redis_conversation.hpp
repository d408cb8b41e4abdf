#pragma once
#include <memory>

#include "seism/wire/conversation.hpp"

namespace homespun::seism::wire {

/// Redis, RESP2 and RESP3, inline commands too. A request's verb is the command's name in upper case, its
/// subject the first key (512 bytes of it at most); `writes` is Redis's own category `@write`.
///
/// Kinds:
/// - `error`: `-STATE text`. For the `state` `LOADING`, `OOM`, `READONLY`, `MASTERDOWN`, `BUSY`,
///   `CLUSTERDOWN`, `MISCONF`, `TRYAGAIN`, `MOVED`, `ASK`, `NOAUTH` and `NOSCRIPT` with Redis's own text; any
///   other needs `message`, or stands alone; empty is `ERR`. `message`: instead of the text. Both empty:
///   `-ERR injected`.
/// - `miss`: that there is no such key: null, of an array or a count what an empty one looks like, for `EXEC`
///   that a watched key changed.
/// - `max_clients`: `-ERR max number of clients reached`, or `message`, and FIN.
/// - `garbage`: `bytes` (64) of 0x80 and a line end; the connection goes on.
/// - `reset`, `hang`, `close`: nothing: RST, silence, FIN. `bytes`: with mode `after`, so much of the real
///   reply passes before.
///
/// Faults of the connection itself (ordinal 0): `max_clients`, and every other one; what says something ends
/// with FIN. `after` is `instead` there, and for `MULTI`, `HELLO` and `RESET`, whose doing a client must know
/// of; `DISCARD` is always done.
///
/// Answers stay aligned in pipelines. A command of a transaction that met an error makes its `EXEC` fail with
/// `EXECABORT`, as Redis does: the server gets `DISCARD` in its place, also for an `EXEC` that is met itself.
/// From `SUBSCRIBE` (RESP2), `MONITOR`, `SYNC` and `CLIENT REPLY` on, answers no longer belong to commands:
/// opaque. So it is after 4096 answers that are owed, and where either side leaves the protocol.
[[nodiscard]] std::unique_ptr<Conversation> make_redis_conversation(Judge& judge,
                                                                    const ConversationOptions& options);

}  // namespace homespun::seism::wire
