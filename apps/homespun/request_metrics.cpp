#include "request_metrics.hpp"

#include <fmt/format.h>

#include <algorithm>

using namespace homespun;

namespace {

/// What Firefox syncs; whatever else somebody stores counts as `other`.
constexpr std::string_view collection_classes[] = {
    "addons",        "addresses",         "bookmarks", "clients", "creditcards",
    "crypto",        "extension-storage", "forms",     "history", "meta",
    "newtab-images", "passwords",         "prefs",     "tabs",    "other"};

}  // namespace

RequestMetrics::RequestMetrics(base::metrics::Registry& registry, const ReasonTexts& reasons)
    : registry_(registry) {
    without_route_[""] = make_route("none", "none");
    for (const auto name : collection_classes) {
        auto& numbers = collections_[std::string(name)];
        const auto counter = [&](std::string_view operation) {
            return registry.counter("homespun_storage_requests_total",
                                    "Requests for a collection or a record, by class of collection",
                                    fmt::format("collection=\"{}\",operation=\"{}\"", name, operation));
        };
        numbers.reads = counter("read");
        numbers.writes = counter("write");
        numbers.removals = counter("delete");
        numbers.received =
            registry.counter("homespun_storage_received_bytes_total",
                             "Bytes of the bodies that came for a collection, by class of collection",
                             fmt::format("collection=\"{}\"", name));
    }
    const auto reason = [&](std::string_view word) {
        return registry.counter("homespun_refusals_total", "Refusals by reason (docs/reasons.md)",
                                fmt::format("reason=\"{}\"", word));
    };
    for (const auto& [word, meaning] : reasons.all())
        reasons_[word] = reason(word);
    other_reasons_ = reason("other");
}

RequestMetrics::Route RequestMetrics::make_route(std::string_view service, std::string_view route) {
    Route numbers;
    const auto labels = fmt::format("service=\"{}\",route=\"{}\"", service, route);
    for (std::size_t i = 1; i < numbers.by_class.size(); ++i) {
        numbers.by_class[i] =
            registry_.counter("homespun_http_requests_total", "Answers by route and class of status",
                              fmt::format("{},code=\"{}xx\"", labels, i));
    }
    numbers.duration = registry_.histogram("homespun_http_request_seconds",
                                           "From the complete head to the answer, by route", labels);
    return numbers;
}

void RequestMetrics::add_service(const std::string& name, const barrel::rbr::File& contract) {
    without_route_[name] = make_route(name, "none");
    // Paths of one name (there may be several, for several methods) are one route.
    std::map<std::string_view, Route> by_name;
    for (const auto* path : contract.all<barrel::rbr::Path>()) {
        const auto [place, fresh] = by_name.try_emplace(path->name);
        if (fresh) place->second = make_route(name, path->name);
        routes_[path] = place->second;
    }
}

const RequestMetrics::Route& RequestMetrics::route_of(const barrel::Outcome& outcome) const {
    const auto* path = outcome.context == nullptr ? nullptr : outcome.context->contract();
    if (const auto found = routes_.find(path); found != routes_.end()) return found->second;
    const auto found = without_route_.find(outcome.service);
    return found != without_route_.end() ? found->second : without_route_.find("")->second;
}

void RequestMetrics::count_collection(const net::http::Request& request, std::string_view name) const {
    const auto found = collections_.find(name);
    const auto& numbers = found != collections_.end() ? found->second : collections_.find("other")->second;
    if (request.method == "GET" || request.method == "HEAD") {
        numbers.reads.add();
    } else {
        (request.method == "DELETE" ? numbers.removals : numbers.writes).add();
        numbers.received.add(request.body.size());
    }
}

void RequestMetrics::count(const net::http::Request& request, const net::http::Response& response,
                           std::chrono::microseconds duration, const barrel::Outcome& outcome,
                           std::string_view reason) const {
    const auto& route = route_of(outcome);
    route.by_class[static_cast<std::size_t>(std::clamp(response.status / 100, 1, 5))].add();
    route.duration.observe(duration);
    if (outcome.context != nullptr && outcome.service == "storage") {
        if (const auto name = outcome.context->parameter("collection"); !name.empty())
            count_collection(request, name);
    }
    if (reason.empty()) return;
    const auto found = reasons_.find(reason);
    (found != reasons_.end() ? found->second : other_reasons_).add();
}
