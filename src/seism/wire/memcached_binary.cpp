#include "seism/wire/memcached_binary.hpp"

#include <algorithm>
#include <array>
#include <iterator>

namespace homespun::seism::wire::memcached_binary {
namespace {

std::uint32_t big_endian(std::string_view bytes) {
    std::uint32_t value = 0;
    for (const char c : bytes)
        value = value << 8 | static_cast<unsigned char>(c);
    return value;
}

void append_big_endian(std::string& out, std::uint32_t value, int size) {
    for (int shift = (size - 1) * 8; shift >= 0; shift -= 8)
        out += static_cast<char>(value >> shift);
}

struct Known {
    std::uint8_t opcode;
    Opcode is;
};
constexpr Known known[] = {
    {0x00, {"get"}},
    {0x01, {"set", false, true}},
    {0x02, {"add", false, true}},
    {0x03, {"replace", false, true}},
    {0x04, {"delete", false, true}},
    {0x05, {"incr", false, true}},
    {0x06, {"decr", false, true}},
    {0x07, {"quit"}},
    {0x08, {"flush_all", false, true}},
    {0x09, {"get", true}},
    {0x0a, {"noop"}},
    {0x0b, {"version"}},
    {0x0c, {"get"}},
    {0x0d, {"get", true}},
    {0x0e, {"append", false, true}},
    {0x0f, {"prepend", false, true}},
    {0x10, {"stats"}},
    {0x11, {"set", true, true}},
    {0x12, {"add", true, true}},
    {0x13, {"replace", true, true}},
    {0x14, {"delete", true, true}},
    {0x15, {"incr", true, true}},
    {0x16, {"decr", true, true}},
    {0x17, {"quit", true}},
    {0x18, {"flush_all", true, true}},
    {0x19, {"append", true, true}},
    {0x1a, {"prepend", true, true}},
    {0x1b, {"verbosity"}},
    {0x1c, {"touch", false, true}},
    {0x1d, {"gat", false, true}},
    {0x1e, {"gat", true, true}},
    {0x20, {"sasl_list"}},
    {0x21, {"sasl_auth"}},
    {0x22, {"sasl_step"}},
    {0x23, {"gat", false, true}},
    {0x24, {"gat", true, true}},
};

}  // namespace

Opcode describe(std::uint8_t opcode) {
    const auto* const found = std::ranges::find(known, opcode, &Known::opcode);
    return found == std::end(known) ? Opcode{"unknown"} : found->is;
}

template <char magic, bool with_key>
std::size_t PacketReader<magic, with_key>::feed(std::string_view bytes) {
    if (decided_) {
        const auto used = std::min<std::int64_t>(left_, std::ssize(bytes));
        left_ -= used;
        return static_cast<std::size_t>(used);
    }
    std::size_t used = 0;
    std::size_t wanted = header_size;
    if (!bytes.empty() && head_.empty() && bytes[0] != magic) {
        malformed_ = true;
        return 1;
    }
    if (!has_header()) {
        used = std::min(bytes.size(), header_size - head_.size());
        head_.append(bytes.substr(0, used));
        if (!has_header()) return used;
    }
    const auto head = header();
    const auto before_value = head.extras_size + head.key_size;
    if (head.body_size < static_cast<std::int64_t>(before_value)) {
        malformed_ = true;
        return used;
    }
    if (with_key) wanted += before_value;
    const auto now = std::min(bytes.size() - used, wanted - head_.size());
    head_.append(bytes.substr(used, now));
    used += now;
    if (head_.size() < wanted) return used;
    decided_ = true;
    left_ = head.body_size - static_cast<std::int64_t>(wanted - header_size);
    return used;
}

template <char magic, bool with_key>
void PacketReader<magic, with_key>::restart() {
    head_.clear();
    decided_ = false;
    left_ = 0;
}

template <char magic, bool with_key>
Header PacketReader<magic, with_key>::header() const {
    const std::string_view head(head_);
    return {.opcode = static_cast<std::uint8_t>(head[1]),
            .key_size = big_endian(head.substr(2, 2)),
            .extras_size = static_cast<unsigned char>(head[4]),
            .body_size = big_endian(head.substr(8, 4)),
            .opaque = head.substr(12, 4)};
}

template <char magic, bool with_key>
std::string_view PacketReader<magic, with_key>::key() const {
    const auto head = header();
    return std::string_view(head_).substr(header_size + head.extras_size, head.key_size);
}

template class PacketReader<request_magic, true>;
template class PacketReader<response_magic, false>;

std::string response(std::uint8_t opcode, std::uint16_t status, std::string_view opaque,
                     std::string_view body) {
    std::string packet{response_magic, static_cast<char>(opcode)};
    append_big_endian(packet, 0, 4);  // no key, no extras, raw bytes
    append_big_endian(packet, status, 2);
    append_big_endian(packet, static_cast<std::uint32_t>(body.size()), 4);
    packet += opaque;
    packet.append(8, '\0');  // cas
    packet += body;
    return packet;
}

}  // namespace homespun::seism::wire::memcached_binary
