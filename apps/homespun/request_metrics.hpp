#pragma once
#include <array>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "barrel/rbr/ast.hpp"
#include "barrel/server/application.hpp"
#include "base/metrics.hpp"
#include "reason_texts.hpp"

/// Counts every answer: by service and route (the name of the path in its contract) with its duration, by
/// class of collection in the storage, by reason when it was a refusal. All series are known before the
/// server serves, so whoever asks for odd addresses makes no new ones. Thread-safe then.
class RequestMetrics {
  public:
    /// What `reasons` describes has a series of its own, what it does not counts as `other`.
    RequestMetrics(homespun::base::metrics::Registry& registry, const ReasonTexts& reasons);

    /// Before serving; the contract stays where it is.
    void add_service(const std::string& name, const homespun::barrel::rbr::File& contract);
    /// `reason`: why it was refused; empty when it was not.
    void count(const homespun::net::http::Request& request, const homespun::net::http::Response& response,
               std::chrono::microseconds duration, const homespun::barrel::Outcome& outcome,
               std::string_view reason) const;

  private:
    using Counter = homespun::base::metrics::Counter;
    struct Route {
        std::array<Counter, 6> by_class;  ///< [2] = 2xx …
        homespun::base::metrics::Histogram duration;
    };
    struct Collection {
        Counter reads, writes, removals, received;
    };
    Route make_route(std::string_view service, std::string_view route);
    [[nodiscard]] const Route& route_of(const homespun::barrel::Outcome& outcome) const;
    void count_collection(const homespun::net::http::Request& request, std::string_view name) const;

    homespun::base::metrics::Registry& registry_;
    std::unordered_map<const homespun::barrel::rbr::Path*, Route> routes_;
    std::map<std::string, Route, std::less<>> without_route_;  ///< by service; "" where there is none
    std::map<std::string, Collection, std::less<>> collections_;
    std::map<std::string, Counter, std::less<>> reasons_;
    Counter other_reasons_;
};
