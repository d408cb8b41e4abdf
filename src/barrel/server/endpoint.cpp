#include "barrel/server/endpoint.hpp"

#include <algorithm>
#include <exception>

#include <fmt/format.h>

#include "base/text.hpp"
#include "net/http/writer.hpp"

namespace homespun::barrel {
namespace {

using Verdict = std::expected<void, Failure>;

std::unexpected<Failure> refuse(int status, std::string code, std::string reason, std::string detail) {
    return std::unexpected(Failure{Problem{status, std::move(code), std::move(reason), std::move(detail), {}},
                                   Failure::Kind::Check});
}

/// Runs the natives of one section. What they throw becomes the section's `on error return`, or the service's
/// error.
template <class Work>
Verdict in_section(Context& context, int broken_status, std::string_view section, Work work) {
    std::string fault;
    try {
        return work();
    } catch (const std::exception& error) {
        fault = error.what();
    } catch (...) {
        fault = "something that is no std::exception";
    }
    context.set_fault(fmt::format("{}: {}", section, fault));
    Problem problem{broken_status == 0 ? 500 : broken_status, "internal", "native.exception", "", {}};
    return std::unexpected(
        Failure{std::move(problem), broken_status == 0 ? Failure::Kind::Broken : Failure::Kind::Check});
}

/// The rule's verdict over one value.
Verdict apply(Context& context, const Rule& rule, std::string_view value) {
    auto result = rule.check(context, value);
    if (result.has_value() != rule.negated) return {};
    const std::string subject = rule.header.empty() ? "the body" : fmt::format("the header {}", rule.header);
    Problem problem;
    if (!result) problem = std::move(result.error());
    problem.status = rule.status;
    if (problem.code.empty()) problem.code = rule.header.empty() ? "invalid-body" : "invalid-header";
    if (problem.reason.empty()) problem.reason = fmt::format("rbr.{}", problem.code);
    if (problem.detail.empty())
        problem.detail = fmt::format("{} {} {}", subject,
                                     rule.negated ? "must not be of type" : "is not of type", rule.what);
    return std::unexpected(Failure{std::move(problem), Failure::Kind::Check});
}

/// Every field of that name must pass; a type never holds for a header that is not there.
Verdict check_header(Context& context, const Rule& rule) {
    const net::http::Headers& headers = context.request().headers;
    bool present = false;
    for (std::size_t i = 0; i < headers.size(); ++i) {
        const auto field = headers[i];
        if (!base::iequals(field.name, rule.header)) continue;
        present = true;
        if (auto verdict = apply(context, rule, field.value); !verdict) return verdict;
    }
    if (present || (rule.is_type && rule.negated)) return {};
    if (!rule.is_type) return apply(context, rule, {});
    return refuse(rule.status, "missing-header", "rbr.missing-header",
                  fmt::format("the header {} is missing", rule.header));
}

Verdict check_type_and_size(const Endpoint& endpoint, Context& context) {
    const net::http::Request& request = context.request();
    if (!request.stream && request.body.size() > endpoint.plan.max_body) {
        return refuse(413, "body-too-large", "rbr.max-size",
                      fmt::format("the body may have {} bytes", endpoint.plan.max_body));
    }
    if (endpoint.content_types.empty()) return {};
    const auto sent = request.headers.find("Content-Type");
    if (!sent && request.body.empty() && !request.stream) return {};
    std::string_view value = sent.value_or("");
    const std::string type = base::to_lower(base::trim(value.substr(0, value.find(';'))));
    const auto matches = [&](const std::string& allowed) {
        if (allowed == "*/*" || allowed == type) return true;
        return allowed.ends_with("/*") &&
               type.starts_with(std::string_view(allowed).substr(0, allowed.size() - 1));
    };
    if (std::ranges::any_of(endpoint.content_types, matches)) return {};
    return refuse(415, "unsupported-media-type", "rbr.content-type",
                  "the Content-Type of the body is not supported");
}

Verdict run_steps(const std::vector<BodyStep>& steps, Context& context, std::string& body,
                  int broken_status) {
    for (const BodyStep& step : steps) {
        if (const Rule* rule = std::get_if<Rule>(&step)) {
            if (auto verdict = apply(context, *rule, body); !verdict) return verdict;
            continue;
        }
        auto altered = std::get<Alter>(step)(context, std::move(body));
        if (!altered) {
            Problem problem = std::move(altered.error());
            if (broken_status != 0) problem.status = broken_status;
            return std::unexpected(Failure{std::move(problem), Failure::Kind::Check});
        }
        body = std::move(*altered);
    }
    return {};
}

Verdict check_request(const Endpoint& endpoint, Context& context) {
    if (auto verdict = check_type_and_size(endpoint, context); !verdict) return verdict;
    auto verdict = in_section(context, endpoint.headers_broken, "request-headers", [&]() -> Verdict {
        for (const Rule& rule : endpoint.header_rules) {
            if (auto one = check_header(context, rule); !one) return one;
        }
        return {};
    });
    if (!verdict || endpoint.request_steps.empty()) return verdict;
    return in_section(context, endpoint.request_broken, "request-body", [&] {
        return run_steps(endpoint.request_steps, context, context.request().body, endpoint.request_broken);
    });
}

Verdict change_response(const Endpoint& endpoint, Context& context, net::http::Response& response) {
    if (!endpoint.response_steps.empty() && !net::http::is_bodiless(response.status)) {
        std::string* body = std::get_if<std::string>(&response.body);
        if (body == nullptr) {
            context.set_fault(
                "response-body: the handler's answer is not in memory and cannot be checked or altered");
            return std::unexpected(
                Failure{Problem{500, "internal", "rbr.response-body", "", {}}, Failure::Kind::Broken});
        }
        auto verdict = in_section(context, endpoint.response_broken, "response-body", [&] {
            return run_steps(endpoint.response_steps, context, *body, endpoint.response_broken);
        });
        if (!verdict) return verdict;
    }
    for (const auto& [name, value] : endpoint.response_headers) {
        if (base::iequals(name, "Content-Type"))
            response.content_type = value;
        else
            response.headers.set(name, value);
    }
    return {};
}

}  // namespace

base::Task<std::expected<net::http::Response, Failure>> run(const Endpoint& endpoint, Context& context) {
    if (endpoint.authenticator) {
        auto asking = endpoint.authenticator(context);
        auto known = co_await std::move(asking);
        if (!known) {
            Problem problem = std::move(known.error());
            if (problem.code.empty()) problem.code = "unauthorized";
            if (problem.reason.empty()) problem.reason = "auth.refused";
            co_return std::unexpected(Failure{std::move(problem), Failure::Kind::Check});
        }
    }
    if (auto verdict = check_request(endpoint, context); !verdict)
        co_return std::unexpected(std::move(verdict.error()));
    auto answering = endpoint.handler(context);
    net::http::Response response = co_await std::move(answering);
    if (endpoint.is_directory && response.status == 404)
        co_return std::unexpected(Failure{Problem{404, "", "", "", {}}, Failure::Kind::Unmatched});
    if (auto verdict = change_response(endpoint, context, response); !verdict)
        co_return std::unexpected(std::move(verdict.error()));
    co_return response;
}

}  // namespace homespun::barrel
