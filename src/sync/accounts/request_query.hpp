#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "base/text.hpp"
#include "net/http/message.hpp"

namespace homespun::sync::accounts {

/// The decoded value of the first query parameter called `name`.
inline std::optional<std::string> query_value(const net::http::Request& request, std::string_view name) {
    for (auto& parameter : base::parse_query(request.query())) {
        if (parameter.name == name) return std::move(parameter.value);
    }
    return std::nullopt;
}

}  // namespace homespun::sync::accounts
