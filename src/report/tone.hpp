#pragma once
#include <cstdint>

namespace homespun::report {

/// How something is meant. Never told by colour alone: a sign or a word goes with it.
enum class Tone : std::uint8_t { neutral, good, warning, bad };

}  // namespace homespun::report
