#pragma once

#include <expected>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "barrel/server/natives.hpp"
#include "net/http/application.hpp"

namespace homespun::barrel {

/// `unless … return CODE` with its names resolved.
struct Rule {
    std::string header;  ///< Empty: the body.
    std::string what;    ///< The type or native, for texts.
    Check check;
    bool negated = false;
    bool is_type = false;  ///< Types never hold for a missing header; natives see an empty value instead.
    int status = 400;
};

using BodyStep = std::variant<Rule, Alter>;

/// One path of a contract, bound: everything that happens between the router and the answer. Made by
/// Service::bind, immutable.
struct Endpoint {
    const rbr::Path* contract = nullptr;
    net::http::Plan plan;
    Handler handler;
    Authenticator authenticator;             ///< Empty: anybody.
    std::vector<std::string> content_types;  ///< Lower case; empty: any.
    std::vector<Rule> header_rules;
    std::vector<BodyStep> request_steps;
    std::vector<BodyStep> response_steps;
    std::vector<std::pair<std::string, std::string>> response_headers;
    bool is_directory = false;  ///< Its 404 means that the address leads nowhere.
    /// `on error return` per section; 0: none.
    int headers_broken = 0;
    int request_broken = 0;
    int response_broken = 0;
};

/// Why an endpoint gave no answer, and which hook is to tell.
struct Failure {
    enum class Kind {
        Check,      ///< A check said no: `on check`.
        Broken,     ///< Something failed that should not: `on error`.
        Unmatched,  ///< The path is right, but there is no such file: `on unmatched`.
    };

    Problem problem;
    Kind kind = Kind::Check;
};

/// Checks, handler, changes of the answer, in the order of the contract. Exceptions of the handler pass
/// through. `endpoint` and `context` must stay until the task has ended.
[[nodiscard]] base::Task<std::expected<net::http::Response, Failure>> run(const Endpoint& endpoint,
                                                                          Context& context);

}  // namespace homespun::barrel
