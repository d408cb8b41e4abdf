#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace homespun::seism::wire {

/// Reads the capabilities (see mysql_capability) that a server's greeting of protocol 10 offers; `payload` is
/// the whole of it. With `strip_tls` TLS and compression are taken out of `payload` and of what is returned.
/// Nothing, and `payload` as it was, if it is no such greeting.
[[nodiscard]] std::optional<std::uint64_t> read_mysql_greeting(std::string& payload, bool strip_tls);

/// The capabilities that a client asks for in its answer to the greeting, or in its request for TLS; `start`:
/// at least the first 32 bytes of its payload. Nothing if it has fewer.
[[nodiscard]] std::optional<std::uint64_t> read_mysql_login(std::string_view start);

}  // namespace homespun::seism::wire
