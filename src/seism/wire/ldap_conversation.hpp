#pragma once
#include <memory>

#include "seism/wire/conversation.hpp"

namespace homespun::seism::wire {

/// LDAP, version 3 (RFC 4511).
///
/// Requests. Ordinal 0, verb `connect`, is the connection. Then every operation that is answered: `bind`,
/// `search`, `modify`, `add`, `delete`, `modrdn`, `compare`, `extended`. Subject: the entry's name, for a
/// search with a blank and its filter as it is on the wire (the first 64 KiB of the message), for `extended`
/// the operation's number. `modify`, `add`, `delete`, `modrdn` and the change of a password write. Unbind and
/// abandon have no answer: they pass and do not count.
///
/// Kinds:
/// - `error`: the operation's answer with the result `code` (0: 51, busy) and the diagnostic `message`;
///   without one it is empty, as servers leave it. `state` means nothing.
/// - `disconnect`: the Notice of Disconnection with `code` (0: 52, unavailable) and `message`, then FIN.
/// - `close`: FIN without a word; `reset`: RST; `hang`: nothing passes any more; `garbage`: 64 bytes of 0x80,
///   then FIN.
///
/// A search meets any of them after `bytes` of its entries, if that is above 0, or at its end, if there are
/// fewer; the server does such a search, the rest of its answer is swallowed. For other operations `bytes`
/// means nothing. The connection meets `error` as `disconnect`, before anything is said; mode `after` is no
/// other than `instead` there.
///
/// With `strip_tls` StartTLS is refused with protocolError (2). Otherwise its success makes the conversation
/// opaque, or with `terminate_tls` begins TLS; mode `after` is `instead` for it. Opaque makes, too, does what
/// is not BER, like the encryption of SASL; while a fault waits to be told that ends the connection. At most
/// 64 faults wait to be told; requests sent ahead of that are not judged.
[[nodiscard]] std::unique_ptr<Conversation> make_ldap_conversation(Judge& judge,
                                                                   const ConversationOptions& options);

}  // namespace homespun::seism::wire
