#include "sync/accounts/request_body.hpp"

#include <algorithm>

#include "base/encoding.hpp"

namespace homespun::sync::accounts {
namespace {

constexpr std::size_t most_email = 254;

/// Something before and something after the one '@', no blanks, no control characters. Whether mail arrives
/// is nobody's business here: it is a name to sign in with.
bool is_email(std::string_view text) {
    const auto at = text.find('@');
    if (at == 0 || at == std::string_view::npos || at + 1 == text.size()) return false;
    if (text.find('@', at + 1) != std::string_view::npos) return false;
    return std::ranges::none_of(text, [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return byte <= 0x20 || byte == 0x7f || c == '"' || c == '<' || c == '>';
    });
}

}  // namespace

RequestBody::RequestBody(std::string_view text) : root_(base::json::Object{}) {
    if (text.empty()) return;
    auto parsed = base::json::parse(text);
    if (!parsed) {
        fail({400, error_number::invalid_json, "invalid_json",
              "Invalid JSON in request body: " + parsed.error().message});
        return;
    }
    if (parsed->object() == nullptr) {
        reject("body, which must be a JSON object");
    } else {
        root_ = std::move(*parsed);
    }
}

void RequestBody::fail(Refusal refusal) {
    if (!refusal_) refusal_ = std::move(refusal);
}

void RequestBody::reject(std::string_view name) {
    fail(refusals::invalid(name));
}

const base::json::Value* RequestBody::optional_value(std::string_view name) {
    return refusal_ ? nullptr : root_.member(name);
}

const base::json::Value& RequestBody::value(std::string_view name) {
    static const base::json::Value nothing;
    if (const auto* found = optional_value(name)) return *found;
    fail(refusals::missing(name));
    return nothing;
}

std::optional<std::optional<std::string>> RequestBody::nullable_text(std::string_view name,
                                                                     std::size_t most) {
    const auto* found = optional_value(name);
    if (found == nullptr) return std::nullopt;
    if (found->is_null()) return std::optional<std::string>{};
    const auto* text = found->string();
    if (text == nullptr || text->size() > most) {
        reject(name);
        return std::nullopt;
    }
    return *text;
}

std::optional<std::string> RequestBody::optional_text(std::string_view name, std::size_t most) {
    auto found = nullable_text(name, most);
    if (!found) return std::nullopt;
    return std::move(*found);
}

std::string RequestBody::text(std::string_view name, std::size_t most) {
    auto found = nullable_text(name, most);
    if (!found) {
        fail(refusals::missing(name));
        return {};
    }
    if (!*found || (*found)->empty()) reject(name);
    return std::move(*found).value_or("");
}

std::string RequestBody::bytes(std::string_view name, std::size_t size) {
    const auto digits = text(name, 2 * size);
    auto decoded = base::hex_decode(digits);
    if (!refusal_ && (!decoded || decoded->size() != size)) reject(name);
    return refusal_ ? std::string() : std::move(*decoded);
}

std::optional<std::int64_t> RequestBody::optional_integer(std::string_view name) {
    const auto* found = optional_value(name);
    if (found == nullptr || found->is_null()) return std::nullopt;
    if (const auto* number = found->integer()) return *number;
    reject(name);
    return std::nullopt;
}

std::string RequestBody::email() {
    auto address = text("email", most_email);
    if (!refusal_ && !is_email(address)) reject("email");
    return address;
}

void RequestBody::require_newer_stretch() {
    if (const auto* version = optional_value("version")) {
        if (const auto* number = version->integer(); number != nullptr && *number == 2) return;
    }
    fail({400, error_number::invalid_parameter, "old_stretch",
          "Invalid parameter: version, which must be 2 (the password stretched with quickStretchV2)"});
}

}  // namespace homespun::sync::accounts
