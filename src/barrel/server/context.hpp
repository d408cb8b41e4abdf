#pragma once
#include <any>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/executor.hpp"
#include "base/json.hpp"
#include "net/http/message.hpp"

namespace homespun::barrel {

/// A request that is turned away, before a service's error hook has given it the protocol's form.
struct Problem {
    int status = 400;
    std::string reason;  ///< fixed word for the log and docs/reasons.md: `bad_mac`, `unmatched`, `wrong_type`
    std::string detail;  ///< for people
    std::int64_t code =
        0;  ///< the protocol's own number (Sync's response integers, the accounts' errno); 0 = none
};

/// What a `{name}` of the path stood for.
struct PathParameter {
    std::string_view name;
    std::string value;     ///< percent-decoded
    std::string_view raw;  ///< as it stood in the target
};

/// Values of `global` statements, fixed at start.
using Globals = std::vector<std::pair<std::string, base::json::Value>>;

/// One request on its way through a service: what natives get. Lives as long as the request, on its loop.
struct Context {
    net::http::Request& request;
    std::vector<PathParameter> parameters;
    const Globals* globals = nullptr;
    /// Whom the authenticator found: a value of the service's own type.
    std::any identity;
    /// Why an answer is a refusal: goes to the log. Set by handlers that refuse; filled from a Problem
    /// otherwise.
    std::string reason;
    /// For the `method` hook: what the path does allow, as the Allow header has it.
    std::string allowed_methods;
    /// Name of the path in its contract; empty for an unmatched request.
    std::string_view path_name;

    [[nodiscard]] base::Executor& home() const { return *request.executor; }

    /// The decoded value of `{name}`; empty when the path has no such placeholder.
    [[nodiscard]] std::string_view parameter(std::string_view name) const {
        for (const auto& parameter : parameters) {
            if (parameter.name == name) return parameter.value;
        }
        return {};
    }

    /// The identity, which the path's authenticator must have set to a T.
    template <class T>
    [[nodiscard]] T& identity_as() {
        return std::any_cast<T&>(identity);
    }
};

}  // namespace homespun::barrel
