#pragma once
#include <chrono>
#include <cstdint>
#include <span>
#include <string>

#include "net/http/application.hpp"
#include "seism/api/event_log.hpp"
#include "seism/api/proxies.hpp"

namespace homespun::seism {

struct SeismApiOptions {
    std::string version;
    std::uint64_t seed = 0;
    std::string authority_pem;  ///< the certificate that clients of `terminate` shall trust
};

/// {"NAME":{settings,"counts":{…}},…}: what GET /seism/v1/proxies answers.
[[nodiscard]] std::string counts_json(std::span<const ProxyView> proxies);
/// {"events":[…]}: what GET /seism/v1/events answers.
[[nodiscard]] std::string events_json(std::span<const Event> events);

/// Seism's own API below /seism/v1, for what Toxiproxy's has no words for. JSON throughout; an error is
/// {"error":"…","status":N}. Served on any number of loops; what it refers to outlives it.
///
/// | | |
/// |---|---|
/// | GET /seism/v1/status | version, seed, uptime, connections, bites |
/// | GET /seism/v1/proxies | counts and settings of all proxies, by name |
/// | GET, PUT /seism/v1/proxies/NAME | {"protocol","tls","server_name","ca_file"}; what is not given stays |
/// | GET /seism/v1/types | the catalogue: types, attributes, units, bounds |
/// | GET /seism/v1/events?since=N | what happened after event N |
/// | GET /seism/v1/export | all proxies with their toxics, as POST /populate and -config take them |
/// | GET /seism/v1/ca.pem | the certificate of the authority behind `"tls": "terminate"` |
class SeismApi final : public net::http::Application {
  public:
    SeismApi(Proxies& proxies, const EventLog& events, SeismApiOptions options);

    net::http::Plan plan(net::http::Request& request) override;
    base::Task<net::http::Response> handle(net::http::Request& request) override;
    net::http::Response refuse(net::http::Request& request, net::http::Refusal refusal) override;

  private:
    [[nodiscard]] net::http::Response status() const;
    [[nodiscard]] net::http::Response proxies() const;
    [[nodiscard]] net::http::Response types() const;
    [[nodiscard]] net::http::Response events(const net::http::Request& request) const;
    [[nodiscard]] net::http::Response exported() const;
    net::http::Response proxy(const net::http::Request& request, const std::string& name);

    Proxies& proxies_;
    const EventLog& events_;
    const SeismApiOptions options_;
    const std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
};

}  // namespace homespun::seism
