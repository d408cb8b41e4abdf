#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.hpp"

namespace homespun::base::config {

using List = std::vector<std::string>;
using Value = std::variant<std::string, std::int64_t, bool, List>;

/// One thing that can be set. The kind of `fallback` is the kind of the key.
struct Key {
    std::string name;  ///< `log_level`, or `mount.storage` for a member of a table
    Value fallback;
    std::string help;                       ///< one sentence, for the shipped file and for `config`
    std::int64_t least = 0, most = 0;       ///< for integers, when most > least
    std::vector<std::string> choices = {};  ///< for texts and each of a list, when not empty
};

struct Setting {
    Value value;
    std::string origin;  ///< "default", "file:line", "HOMESPUN_DATA", "--data"
};

/// What is in force, and where each value came from. Immutable.
class Settings {
  public:
    [[nodiscard]] const std::string& text(std::string_view name) const;
    [[nodiscard]] std::int64_t integer(std::string_view name) const;
    [[nodiscard]] bool flag(std::string_view name) const;
    [[nodiscard]] const List& list(std::string_view name) const;
    [[nodiscard]] bool is_default(std::string_view name) const;

    std::map<std::string, Setting, std::less<>> all;
};

/// What a source says, still as text: name → value. Lists are separated by blanks or commas.
using Overrides = std::vector<std::pair<std::string, std::string>>;

struct Sources {
    std::string file_text;  ///< TOML
    std::string file_name;  ///< for messages; empty = no file
    /// Looks a variable up; null = not set. Asked for PREFIX_NAME, upper case, '.' as '_'.
    std::function<const char*(const std::string&)> environment;
    std::string environment_prefix;
    Overrides flags;  ///< names as in the keys
};

/// File < environment < flags. Unknown keys in the file or the flags, wrong kinds and values out of range are
/// errors that say where.
Result<Settings> load(std::span<const Key> keys, const Sources& sources);

/// A commented TOML file with every key at its default: the file that is shipped.
std::string template_text(std::span<const Key> keys);
/// Every setting with its value and origin, a line each.
std::string describe(std::span<const Key> keys, const Settings& settings);

}  // namespace homespun::base::config
