#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"

namespace homespun::seism {

/// What is wrong with a file, each with its place: `perturbations[1].for: …`.
using Problems = std::vector<std::string>;

/// `250ms`, `5s`, `2m`, `1h`; at most a day.
[[nodiscard]] std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);
[[nodiscard]] std::string duration_text(std::chrono::milliseconds duration);

/// Reads the members of one JSON object, strictly: what is missing, of another kind, out of its range or not
/// known becomes a problem and reads as its standard value. When it ends it tells the members that nobody
/// asked for. The value and the problems outlive it.
class Fields {
  public:
    Fields(const base::json::Value& value, std::string place, Problems& problems);
    ~Fields();
    Fields(const Fields&) = delete;
    Fields& operator=(const Fields&) = delete;

    [[nodiscard]] bool has(std::string_view name) const { return value_.member(name) != nullptr; }
    /// Null when it is not there.
    const base::json::Value* any(std::string_view name);

    std::string text(std::string_view name, std::string standard = {});
    /// Must be there and not empty.
    std::string needed_text(std::string_view name);
    /// One of `words`; the first is the standard.
    std::string word(std::string_view name, const std::vector<std::string_view>& words);
    std::int64_t integer(std::string_view name, std::int64_t low, std::int64_t high, std::int64_t standard);
    double number(std::string_view name, double low, double high, double standard);
    bool flag(std::string_view name, bool standard);
    std::chrono::milliseconds duration(std::string_view name, std::chrono::milliseconds standard);
    /// A list of texts; a text alone counts as a list of one.
    std::vector<std::string> texts(std::string_view name);
    std::vector<std::pair<std::string, std::string>> text_map(std::string_view name);

    /// Calls `read` with the object called so when it is there.
    void object(std::string_view name, const std::function<void(Fields&)>& read);
    /// Calls `read` with each element of the list called so.
    void objects(std::string_view name, const std::function<void(Fields&)>& read);

    void problem(std::string_view name, std::string_view what);
    [[nodiscard]] const std::string& place() const { return place_; }

  private:
    [[nodiscard]] std::string place_of(std::string_view name) const;

    const base::json::Value& value_;
    std::string place_;
    Problems& problems_;
    std::vector<std::string> asked_;
};

}  // namespace homespun::seism
