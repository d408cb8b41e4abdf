#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "net/http/message.hpp"

namespace homespun::barrel {

/// Why a request gets no answer from its handler. A value; a service's hooks turn it into the service's own
/// error body.
struct Problem {
    int status = 500;
    std::string code = {};    ///< For programs on the other side: `invalid-body`.
    std::string reason = {};  ///< For operators: what the log calls it, such as `rbr.body.json`.
    std::string detail = {};  ///< For people, one sentence; shown to the client, so without secrets.
    std::vector<std::pair<std::string, std::string>> headers =
        {};  ///< Added to the answer: WWW-Authenticate, Retry-After.
    std::string hint =
        {};  ///< For operators: what was wrong and what to do, for the log only; empty: `detail`.
};

/// What a service answers that has no hook of its own: `application/problem+json` (RFC 9457).
[[nodiscard]] net::http::Response problem_response(const Problem& problem);

}  // namespace homespun::barrel
