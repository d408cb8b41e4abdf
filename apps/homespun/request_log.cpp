#include "request_log.hpp"

#include <fmt/format.h>

using namespace homespun;

namespace {

/// Named here, so that every worker gives out its slots in the same order.
constexpr std::string_view service_names[] = {"none",  "pages",   "operators", "accounts",
                                              "oauth", "profile", "token",     "storage"};

constexpr std::string_view unexplained = "unexplained";
constexpr std::size_t most_hint = 500;

}  // namespace

RequestLog::RequestLog(base::Logger& logger, base::metrics::Registry& metrics, bool every_request,
                       ReasonTexts reasons)
    : logger_(logger), every_request_(every_request), reasons_(std::move(reasons)) {
    for (const auto name : service_names) {
        auto& numbers = services_[std::string(name)];
        for (std::size_t i = 1; i < numbers.by_class.size(); ++i) {
            numbers.by_class[i] =
                metrics.counter("homespun_requests_total", "Answers by service and class of status",
                                fmt::format("service=\"{}\",code=\"{}xx\"", name, i));
        }
    }
    for (const auto name : service_names) {
        services_[std::string(name)].duration =
            metrics.histogram("homespun_request_seconds", "From the complete head to the answer",
                              fmt::format("service=\"{}\"", name));
    }
}

const RequestLog::Numbers& RequestLog::numbers_of(std::string_view service) const {
    const auto found = services_.find(service);
    return found == services_.end() ? services_.find("none")->second : found->second;
}

barrel::Application::Observer RequestLog::observer() {
    return [this](const net::http::Request& request, const net::http::Response& response,
                  std::chrono::microseconds duration, const barrel::Outcome& outcome) {
        const auto& numbers = numbers_of(outcome.service);
        numbers.by_class[static_cast<std::size_t>(std::clamp(response.status / 100, 1, 5))].add();
        numbers.duration.observe_us(static_cast<std::uint64_t>(duration.count()));
        // Slow ones come by the thousand: ConnectionLog sums them up.
        const bool refused = response.status >= 400;
        const auto reason = refused && outcome.reason.empty() ? unexplained : outcome.reason;
        const bool quiet = reason.empty() || reason == "http.too-slow";
        if (quiet && !every_request_) return;
        // Queries of storage are ids and times, and who replays a log needs them; elsewhere they may hold
        // codes.
        const std::string_view path =
            outcome.service == "storage" ? std::string_view(request.target) : request.path();
        const bool uploads = request.method == "POST" || request.method == "PUT" || request.method == "PATCH";
        const auto* text = uploads ? &request.body : std::get_if<std::string>(&response.body);
        const auto bytes = text != nullptr ? std::to_string(text->size()) : std::string("-");
        const auto hint = outcome.hint.empty() ? reasons_.of(reason) : outcome.hint.substr(0, most_hint);
        logger_.info(reason.empty() ? "request" : "refused",
                     {{"id", static_cast<std::int64_t>(request.id)},
                      {"remote", std::string_view(request.remote)},
                      {"method", std::string_view(request.method)},
                      {"path", path},
                      {"status", std::int64_t{response.status}},
                      {"bytes", std::string_view(bytes)},
                      {"us", static_cast<std::int64_t>(duration.count())},
                      {"reason", reason},
                      {"hint", hint}});
    };
}
