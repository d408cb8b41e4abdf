#include "sync/auth/weave_answers.hpp"

#include <fmt/format.h>

#include "base/encoding.hpp"
#include "base/json.hpp"
#include "sync/protocol/timestamp.hpp"

namespace homespun::sync::auth {

using net::http::Response;

Response WeaveAnswers::code(int code) {
    return Response(400, "application/json", std::to_string(code));
}

Response WeaveAnswers::status(int status) {
    return Response(status, "text/plain", fmt::format("{} {}", status, net::http::reason_phrase(status)));
}

Response WeaveAnswers::no_head() {
    auto response = status(405);
    response.headers.add("Allow", "GET");
    return response;
}

Response WeaveAnswers::problem(barrel::Context& context, const barrel::Problem& problem) const {
    context.explain(problem);
    Response response;
    if (constexpr int server_errors = 500; problem.status < server_errors) {
        response = status(problem.status);
    } else {
        constexpr std::size_t id_size = 16;
        const auto id = base::hex_encode(random_.bytes(id_size));
        context.set_hint(fmt::format("crash id {}: {}", id, context.hint()));
        std::string body;
        base::json::append_string(body, "application error: crash id " + id);
        response = Response(problem.status, "application/json", std::move(body));
        if (problem.status == 503) response.headers.set("Retry-After", std::to_string(retry_after_s_));
    }
    for (const auto& [name, value] : problem.headers)
        response.headers.set(name, value);
    return response;
}

Response WeaveAnswers::failure(barrel::Context& context, const BackendFailure& failure) const {
    return problem(context, problem_of(failure));
}

barrel::Problem WeaveAnswers::problem_of(const BackendFailure& failure) const {
    barrel::Problem problem{.status = 503, .code = "unavailable", .hint = failure.detail};
    switch (failure.kind) {
        case BackendFailure::Kind::down:
            problem.reason = "backend_down";
            break;
        case BackendFailure::Kind::slow:
            problem.reason = "backend_slow";
            break;
        case BackendFailure::Kind::busy:
            problem.reason = "backend_busy";
            break;
        case BackendFailure::Kind::refused:
            problem.reason = "backend_refused";
            break;
    }
    const auto wait_s = failure.retry_after_s > 0 ? failure.retry_after_s : retry_after_s_;
    problem.headers.emplace_back("Retry-After", std::to_string(wait_s));
    return problem;
}

void WeaveAnswers::add_timestamp(Response& response, std::int64_t now_ms) {
    if (!response.headers.has("X-Weave-Timestamp"))
        response.headers.add("X-Weave-Timestamp", protocol::Timestamp::from_ms(now_ms).text());
}

}  // namespace homespun::sync::auth
