#include "stampede/results/run.hpp"

#include <algorithm>
#include <array>

namespace homespun::stampede {
namespace {

constexpr std::array<std::string_view, 7> purposes{"warm-up", "climb",   "bisect", "soak",
                                                   "push",    "recover", "fixed"};
constexpr std::array<std::string_view, 8> modes{"none",   "latency",  "space", "refused",
                                                "errors", "collapse", "lock",  "unknown"};

template <class Enum, std::size_t count>
std::optional<Enum> find(const std::array<std::string_view, count>& names, std::string_view name) {
    const auto found = std::ranges::find(names, name);
    if (found == names.end()) return std::nullopt;
    return static_cast<Enum>(found - names.begin());
}

}  // namespace

std::string_view name_of(Purpose purpose) {
    return purposes[static_cast<std::size_t>(purpose)];
}

std::string_view name_of(FailureMode mode) {
    return modes[static_cast<std::size_t>(mode)];
}

std::optional<Purpose> purpose_of(std::string_view name) {
    return find<Purpose>(purposes, name);
}

std::optional<FailureMode> failure_mode_of(std::string_view name) {
    return find<FailureMode>(modes, name);
}

}  // namespace homespun::stampede
