#pragma once
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.hpp"

/// Options as programs written in Go take them, for scripts that call Toxiproxy's: one dash or two, `-x v` or
/// `-x=v`, flags without a value or with `=false`. Here they may also follow arguments; `--` ends them.
class GoFlags {
  public:
    /// Where the value goes: the last counts, but of a list all do. Each has one name or more, without
    /// dashes.
    using Into = std::variant<std::string*, bool*, std::vector<std::string>*>;
    GoFlags& add(std::initializer_list<std::string_view> names, Into into);

    /// What is no option, in its order.
    [[nodiscard]] homespun::base::Result<std::vector<std::string>> parse(
        std::span<const std::string> words) const;

  private:
    struct Flag {
        std::vector<std::string_view> names;
        Into into;
    };
    [[nodiscard]] const Flag* find(std::string_view name) const;

    std::vector<Flag> flags_;
};
