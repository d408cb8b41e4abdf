#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

/// Packets of memcached's binary protocol: 24 bytes of header, then extras, key and value.
namespace homespun::seism::wire::memcached_binary {

inline constexpr std::size_t header_size = 24;
inline constexpr char request_magic = '\x80', response_magic = '\x81';

struct Header {
    std::uint8_t opcode = 0;
    std::size_t key_size = 0, extras_size = 0;
    std::int64_t body_size = 0;  ///< extras, key and value
    std::string_view opaque;
};

/// Finds where packets end. A command is decided once its key is there.
template <char magic, bool with_key>
class PacketReader {
  public:
    std::size_t feed(std::string_view bytes);
    [[nodiscard]] bool decided() const { return decided_; }
    [[nodiscard]] bool ended() const { return decided_ && left_ == 0; }
    [[nodiscard]] bool malformed() const { return malformed_; }
    [[nodiscard]] bool at_rest() const { return head_.empty(); }
    void restart();

    /// Whether the header is there.
    [[nodiscard]] bool has_header() const { return head_.size() >= header_size; }
    [[nodiscard]] bool known() const { return has_header(); }
    [[nodiscard]] Header header() const;
    [[nodiscard]] std::string_view key() const;

  private:
    bool decided_ = false, malformed_ = false;
    std::string head_;       ///< header, extras and key
    std::int64_t left_ = 0;  ///< behind them
};

using CommandReader = PacketReader<request_magic, true>;
using ReplyReader = PacketReader<response_magic, false>;

struct Opcode {
    std::string_view verb;  ///< as the text protocol says it; `opcode 0x99` is `unknown`
    bool quiet = false, writes = false;
};
[[nodiscard]] Opcode describe(std::uint8_t opcode);
inline constexpr std::uint8_t stat = 0x10;

/// A response without extras and key.
[[nodiscard]] std::string response(std::uint8_t opcode, std::uint16_t status, std::string_view opaque,
                                   std::string_view body);

}  // namespace homespun::seism::wire::memcached_binary
