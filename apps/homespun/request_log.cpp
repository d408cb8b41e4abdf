#include "request_log.hpp"

#include <fmt/format.h>

using namespace homespun;

namespace {

constexpr std::string_view unexplained = "unexplained";
constexpr std::size_t most_hint = 500;

}  // namespace

barrel::Application::Observer RequestLog::observer() {
    return [this](const net::http::Request& request, const net::http::Response& response,
                  std::chrono::microseconds duration, const barrel::Outcome& outcome) {
        const bool refused = response.status >= 400;
        const auto reason = refused && outcome.reason.empty() ? unexplained : outcome.reason;
        metrics_.count(request, response, duration, outcome, reason);
        // Slow ones come by the thousand: ConnectionLog sums them up.
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
