#include "seism/wire/fault_effects.hpp"

#include <algorithm>
#include <cstdint>

namespace homespun::seism::wire {

bool is_abrupt(const Fault& fault) {
    return fault.kind == "reset" || fault.kind == "hang" || fault.kind == "close" || fault.kind == "empty";
}

void end_abruptly(const Fault& fault, Effects& effects) {
    if (fault.kind == "reset")
        effects.reset();
    else if (fault.kind == "hang")
        effects.hold();
    else
        effects.close();
}

std::string garbage(const Fault& fault) {
    static constexpr std::int64_t usual = 64, most = 65536;
    return std::string(static_cast<std::size_t>(fault.bytes > 0 ? std::min(fault.bytes, most) : usual),
                       '\x80');
}

std::string single_line(std::string_view text) {
    std::string line(text);
    std::ranges::replace_if(
        line, [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; }, ' ');
    return line;
}

}  // namespace homespun::seism::wire
