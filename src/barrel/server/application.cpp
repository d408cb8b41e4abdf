#include "barrel/server/application.hpp"

#include <exception>

#include "barrel/server/targets.hpp"

namespace homespun::barrel {

using net::http::Refusal;
using net::http::Request;
using net::http::Response;
using MatchOutcome = rbr::Match::Outcome;

namespace {

constexpr std::string_view every_method = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";

Problem problem_of(Refusal refusal, const net::http::Plan* plan) {
    const int status = net::http::status_of(refusal);
    switch (refusal) {
        case Refusal::malformed:
            return {status, "malformed", "http.malformed", "this is not HTTP", {}};
        case Refusal::head_too_large:
            return {status, "head-too-large", "http.head-too-large", "the headers are too long", {}};
        case Refusal::body_too_large: {
            Problem problem{status, "body-too-large", "rbr.max-size", "", {}};
            if (plan != nullptr)
                problem.detail = "the body may have " + std::to_string(plan->max_body) + " bytes";
            return problem;
        }
        case Refusal::too_slow:
            return {status, "too-slow", "http.too-slow", "the request did not arrive in time", {}};
        case Refusal::expectation:
            return {status, "expectation", "http.expectation", "this expectation cannot be met", {}};
        case Refusal::version:
            return {status, "version", "http.version", "this version of HTTP is not spoken here", {}};
        case Refusal::handler_timeout:
            return {status, "timeout", "rbr.timeout", "the answer took too long", {}};
        case Refusal::handler_failed:
            return {status, "internal", "handler.exception", "", {}};
    }
    return {};
}

}  // namespace

/// What the application keeps of a request between its calls.
struct Application::Routed final : net::http::RouteState {
    Routed(Request& request, rbr::Match match, const Mounted* mounted, const Globals& globals)
        : outcome(match.outcome),
          path(match.path),
          mounted(mounted),
          endpoint(has_endpoint(match) ? &mounted->service.endpoint(match.path) : nullptr),
          context(request, std::move(match), endpoint == nullptr ? nullptr : endpoint->contract, globals) {}

    static bool has_endpoint(const rbr::Match& match) {
        return match.outcome == MatchOutcome::Found && match.path != rbr::Router::contract_page;
    }

    MatchOutcome outcome;
    std::size_t path;
    const Mounted* mounted;
    const Endpoint* endpoint;
    Context context;
};

Application::Application(std::vector<Mounted> services, rbr::Router router, base::Logger& logger,
                         Observer observer)
    : services_(std::move(services)),
      router_(std::move(router)),
      logger_(logger),
      observer_(std::move(observer)) {}

std::expected<std::unique_ptr<Application>, rbr::Diagnostics> Application::build(
    std::vector<Mounted> services, base::Logger& logger, Observer observer) {
    std::vector<rbr::Router::Mount> mounts;
    for (std::size_t i = 0; i < services.size(); ++i) {
        const Service& service = services[i].service;
        std::vector<std::string> roots = services[i].mounts;
        if (roots.empty()) roots.emplace_back();
        for (std::string& root : roots)
            mounts.push_back({i, &service.contract(), std::move(root), service.has_contract_page(),
                              services[i].ignored_trailing_slashes});
    }
    auto router = rbr::Router::build(mounts);
    if (!router) return std::unexpected(std::move(router.error()));
    return std::unique_ptr<Application>(
        new Application(std::move(services), std::move(*router), logger, std::move(observer)));
}

Application::Routed& Application::route(Request& request) {
    if (request.route) return static_cast<Routed&>(*request.route);
    rbr::Match match = router_.match(request.method, request.target);
    const Mounted* mounted = match.service == rbr::Match::none ? nullptr : &services_[match.service];
    const Globals& globals = mounted == nullptr ? none_ : mounted->service.globals();
    auto routed = std::make_unique<Routed>(request, std::move(match), mounted, globals);
    Routed& kept = *routed;
    request.route = std::move(routed);
    return kept;
}

net::http::Plan Application::plan(Request& request) {
    const Routed& routed = route(request);
    return routed.endpoint == nullptr ? net::http::Plan{} : routed.endpoint->plan;
}

Response Application::contract_page(const Service& service) const {
    Response response(200, "text/plain; charset=utf-8", service.contract().source.text);
    response.headers.set("X-Content-Type-Options", "nosniff");
    return response;
}

Response Application::with_fault_logged(Routed& routed, Response response) {
    const Request& request = routed.context.request();
    const std::string_view service = routed.mounted == nullptr ? std::string_view() : routed.mounted->name;
    const std::string_view path =
        routed.endpoint == nullptr ? std::string_view() : routed.endpoint->contract->name;
    const std::string& fault = routed.context.fault();
    if (!fault.empty()) {
        logger_.error("native_failed", {{"request", static_cast<std::int64_t>(request.id)},
                                        {"service", service},
                                        {"path", path},
                                        {"fault", std::string_view(fault)}});
    }
    return response;
}

base::Task<Response> Application::call(Routed& routed) {
    std::expected<Response, Failure> result;
    std::string fault;
    try {
        auto running = run(*routed.endpoint, routed.context);
        result = co_await std::move(running);
    } catch (const std::exception& error) {
        fault = error.what();
        if (fault.empty()) fault = "exception without words";
    } catch (...) {
        fault = "something that is no std::exception";
    }
    if (!fault.empty()) {
        routed.context.set_fault(std::move(fault));
        result =
            std::unexpected(Failure{problem_of(Refusal::handler_failed, nullptr), Failure::Kind::Broken});
    }
    if (result) co_return std::move(*result);
    co_return with_fault_logged(routed, routed.mounted->service.failed(routed.context, result.error()));
}

base::Task<Response> Application::handle(Request& request) {
    Routed& routed = route(request);
    const bool own_options = routed.mounted != nullptr && routed.mounted->service.answers_options();
    const bool no_path =
        routed.outcome == MatchOutcome::WrongMethod || (own_options && routed.outcome != MatchOutcome::Found);
    if (request.method == "OPTIONS" && (request.target == "*" || no_path)) {
        if (routed.mounted != nullptr) co_return routed.mounted->service.options(routed.context);
        Response response(204);
        response.headers.set("Allow", every_method);
        co_return response;
    }
    if (routed.mounted == nullptr) {
        const Problem problem{404, "not-found", "rbr.unmounted", "there is nothing at this address", {}};
        routed.context.explain(problem);
        co_return with_fault_logged(routed, problem_response(problem));
    }
    const Service& service = routed.mounted->service;
    switch (routed.outcome) {
        case MatchOutcome::NotFound:
        case MatchOutcome::BadEncoding:
            co_return with_fault_logged(routed, service.unmatched(routed.context));
        case MatchOutcome::WrongMethod:
            co_return with_fault_logged(routed, service.wrong_method(routed.context));
        case MatchOutcome::Found:
            break;
    }
    if (routed.endpoint == nullptr) co_return contract_page(service);
    auto calling = call(routed);
    co_return co_await std::move(calling);
}

Response Application::refuse(Request& request, Refusal refusal) {
    Routed& routed = route(request);
    const Problem problem =
        problem_of(refusal, routed.endpoint == nullptr ? nullptr : &routed.endpoint->plan);
    // Whatever a handler under way has set was about an answer that nobody gets.
    routed.context.set_reason({});
    routed.context.set_hint({});
    routed.context.explain(problem);
    if (routed.mounted == nullptr) return with_fault_logged(routed, problem_response(problem));
    const auto kind = refusal == Refusal::body_too_large ? Failure::Kind::Check : Failure::Kind::Broken;
    return with_fault_logged(routed, routed.mounted->service.failed(routed.context, Failure{problem, kind}));
}

void Application::finish(const Request& request, Response& response, std::chrono::microseconds duration) {
    if (const auto* routed = static_cast<const Routed*>(request.route.get());
        routed != nullptr && routed->mounted != nullptr) {
        routed->mounted->service.finish(routed->context, response);
    }
    // Nothing of ours is to be guessed at by a browser.
    if (!response.headers.has("X-Content-Type-Options"))
        response.headers.add("X-Content-Type-Options", "nosniff");
    if (!observer_) return;
    Outcome outcome;
    if (const auto* routed = static_cast<const Routed*>(request.route.get()); routed != nullptr) {
        if (routed->mounted != nullptr) outcome.service = routed->mounted->name;
        if (routed->endpoint != nullptr) outcome.path = routed->endpoint->contract->name;
        outcome.reason = routed->context.reason();
        outcome.hint = routed->context.hint();
        outcome.context = &routed->context;
    }
    observer_(request, response, duration, outcome);
}

}  // namespace homespun::barrel
