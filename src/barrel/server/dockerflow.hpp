#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "barrel/server/natives.hpp"
#include "base/task.hpp"

namespace homespun::barrel {

/// What operators' tools ask every service for, as natives of a contract: `dockerflow.heartbeat`,
/// `dockerflow.lbheartbeat`, `dockerflow.version` and `dockerflow.error`. The addresses belong to the
/// contract (`/__heartbeat__`, …).
struct Dockerflow {
    struct Health {
        bool well = true;
        std::string json;  ///< The whole body: `{"status":"ok","checks":{…}}`.
    };

    /// Asks what the program depends on. 200 when well, 503 otherwise. Called on the loop of the request.
    std::function<base::Task<Health>(Context&)> heartbeat;
    /// Whether load balancers shall send requests: false while starting and draining. Empty: always. Must be
    /// cheap and thread-safe.
    std::function<bool()> in_service;
    /// The body of an answer in service: `{"active_connections":3,…}`. Empty: `{}`. Must be cheap and
    /// thread-safe.
    std::function<std::string()> load;
    /// `source`, `version`, `commit`, `build`, in this order of appearance.
    std::vector<std::pair<std::string, std::string>> version;
};

/// Registers the four natives; `dockerflow.error` fails on purpose, to show how failures are told. The
/// callbacks are copied.
void register_dockerflow(Natives& natives, Dockerflow options);

/// Registers the native `metrics` of a contract that may have a listener of its own. `render` gives all
/// metrics in Prometheus text; thread-safe.
void register_metrics(Natives& natives, std::function<std::string()> render);

}  // namespace homespun::barrel
