#include "barrel/server/problem.hpp"

#include "base/json.hpp"

namespace homespun::barrel {

net::http::Response problem_response(const Problem& problem) {
    std::string body;
    base::json::Writer json(body);
    json.begin_object();
    json.member("type", "about:blank");
    json.member("title", net::http::reason_phrase(problem.status));
    json.member("status", problem.status);
    if (!problem.code.empty()) json.member("code", std::string_view(problem.code));
    if (!problem.detail.empty()) json.member("detail", std::string_view(problem.detail));
    json.end_object();
    return net::http::Response(problem.status, "application/problem+json", std::move(body));
}

}  // namespace homespun::barrel
