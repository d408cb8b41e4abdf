#include "sync/token/bearer.hpp"

#include "base/text.hpp"

namespace homespun::sync::token {

std::expected<std::string, barrel::Problem> bearer_token(const barrel::Context& context) {
    const auto refuse = [](std::string reason) {
        return std::unexpected(barrel::Problem{.status = 401, .reason = std::move(reason), .detail = {}});
    };
    const auto header = context.request().headers.find("Authorization");
    const auto blank = header ? header->find(' ') : std::string_view::npos;
    if (blank == std::string_view::npos) return refuse("no_authorization");
    if (!base::iequals(header->substr(0, blank), "Bearer")) return refuse("unsupported_scheme");
    return std::string(header->substr(blank + 1));
}

barrel::Problem problem_of(const auth::AccessRefusal& refusal) {
    const bool unavailable = refusal.failure == auth::AccessFailure::unavailable;
    return {.status = unavailable ? 503 : 401, .reason = std::string(refusal.reason), .detail = {}};
}

}  // namespace homespun::sync::token
