#pragma once
#include <memory>

#include "seism/wire/conversation.hpp"

namespace homespun::seism::wire {

/// memcached: the text protocol with meta commands, or the binary one if the first byte is 0x80. A request's
/// verb is the command in lower case (in the binary protocol the text protocol's word, without the marks of
/// quiet and key: `get`, `set`, `incr`, `noop` …), its subject the first key.
///
/// Kinds, with what the text protocol says and the binary one's status:
/// - `error`: `SERVER_ERROR temporary failure`, or `STATE message`; 0x0084, or `code`. `state` is `ERROR`,
///   `CLIENT_ERROR` or `SERVER_ERROR`.
/// - `miss`: `END`, `EN`, `NF`, `NOT_FOUND`, to storage commands `NOT_STORED`; 0x0001.
/// - `not_stored`: `NOT_STORED`, `NS`; 0x0005. A command that stores nothing: as `miss`.
/// - `out_of_memory`: `SERVER_ERROR out of memory storing object`; 0x0082.
/// - `too_large`: `SERVER_ERROR object too large for cache`; 0x0003.
/// - `busy`: `SERVER_ERROR busy`; 0x0085.
/// - `temporary`: `SERVER_ERROR temporary failure`; 0x0086.
/// - `too_many`: `ERROR Too many open connections` and FIN, in both protocols.
/// - `garbage`: `bytes` (64) of 0x80 and a line end; the connection goes on.
/// - `reset`, `hang`, `close`: nothing: RST, silence, FIN. `bytes`: with mode `after`, so much of the real
///   reply passes before.
///
/// `message` replaces the text of each but the misses. Faults of the connection itself (ordinal 0) are
/// `instead` and end with FIN; which protocol will be spoken is not known then, so what is said is text.
///
/// Data of a command that the server does not see is swallowed. `noreply` gets nothing: the command is lost
/// without a word, and `after` does not bite. Of quiet commands (binary `…q`; meta with flag `q`) only an
/// error is told; a miss is silence where it is a read, and such an error where it is a write. Whether the
/// server answers one of them is not known, so `after` is `instead` for them, and for what follows a quiet
/// meta command up to the next `mn`. Opaque from `watch` on, where a storage command gets `CLIENT_ERROR` (its
/// data may then be read as commands), after 4096 answers that are owed, and where a side leaves the
/// protocol.
[[nodiscard]] std::unique_ptr<Conversation> make_memcached_conversation(Judge& judge,
                                                                        const ConversationOptions& options);

}  // namespace homespun::seism::wire
