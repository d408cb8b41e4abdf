#pragma once
#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "base/json.hpp"
#include "sync/accounts/refusal.hpp"

namespace homespun::sync::accounts {

/// Reads the members of a JSON body one by one. The first thing that is wrong is kept, and from then on every
/// read gives an empty value: read all that is needed, then ask `refusal()` once. An empty body counts as
/// `{}`.
class RequestBody {
  public:
    explicit RequestBody(std::string_view text);

    /// What is wrong, if anything.
    [[nodiscard]] const std::optional<Refusal>& refusal() const { return refusal_; }
    /// Notes that a parameter is not acceptable, when a handler has looked closer.
    void reject(std::string_view name);

    /// A text of 1 to `most` bytes.
    std::string text(std::string_view name, std::size_t most);
    /// The same, or nothing when it is absent or null. May be empty.
    std::optional<std::string> optional_text(std::string_view name, std::size_t most);
    /// Absent: nothing. JSON null: an inner nothing.
    std::optional<std::optional<std::string>> nullable_text(std::string_view name, std::size_t most);
    /// The bytes of exactly `2 * size` hex digits.
    std::string bytes(std::string_view name, std::size_t size);
    std::optional<std::int64_t> optional_integer(std::string_view name);
    /// The member as it is; null when it is absent.
    const base::json::Value* optional_value(std::string_view name);
    const base::json::Value& value(std::string_view name);
    /// A plausible e-mail address, as spelt.
    std::string email();
    /// `version` must be 2: only the newer stretching is served.
    void require_newer_stretch();

  private:
    void fail(Refusal refusal);

    base::json::Value root_;
    std::optional<Refusal> refusal_;
};

}  // namespace homespun::sync::accounts
