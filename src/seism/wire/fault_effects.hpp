#pragma once
#include <cstddef>
#include <string>
#include <string_view>

#include "seism/wire/conversation.hpp"

namespace homespun::seism::wire {

/// Kinds that say nothing and end or hold the connection, in every protocol: `reset` (RST), `hang` (nothing
/// passes any more), `close` and `empty` (FIN).
[[nodiscard]] bool is_abrupt(const Fault& fault);
/// Does one of these.
void end_abruptly(const Fault& fault, Effects& effects);

/// `bytes` of 0x80, which no protocol of ours begins an answer with; 64 when none are asked for, 64 KiB at
/// most.
[[nodiscard]] std::string garbage(const Fault& fault);

/// Control characters become blanks, so that a text of a fault cannot end the line that it stands in.
[[nodiscard]] std::string single_line(std::string_view text);

/// The first byte of a TLS record that begins a handshake: nothing can be read from there on.
inline constexpr char tls_handshake = 0x16;

}  // namespace homespun::seism::wire
