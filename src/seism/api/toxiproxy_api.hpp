#pragma once
#include <string>

#include "net/http/application.hpp"
#include "seism/api/proxies.hpp"
#include "sys/blocking_pool.hpp"

namespace homespun::seism {

struct ApiOptions {
    std::string version;           ///< Seism's own, which GET /version tells beside Toxiproxy's
    bool proxy_metrics = false;    ///< GET /metrics has the bytes of each proxy
    bool process_metrics = false;  ///< GET /metrics has CPU, memory and descriptors of this process
};

/// Toxiproxy's HTTP API (its version 2.12.0), quirks included: clients, tools and libraries that were written
/// for it take Seism for it. Served on any number of loops; `proxies` outlives it.
class ToxiproxyApi final : public net::http::Application {
  public:
    ToxiproxyApi(Proxies& proxies, ApiOptions options);

    net::http::Plan plan(net::http::Request& request) override;
    base::Task<net::http::Response> handle(net::http::Request& request) override;
    net::http::Response refuse(net::http::Request& request, net::http::Refusal refusal) override;

    /// Waits for names that are still being looked up: before the loops end, for their requests live there.
    void settle() { resolver_.wait_until_idle(); }

  private:
    struct Call;
    base::Task<net::http::Response> proxies_call(Call call);
    base::Task<net::http::Response> proxy_call(Call call);
    base::Task<net::http::Response> update(Call call);
    base::Task<net::http::Response> create(Call call);
    base::Task<net::http::Response> populate(Call call);
    net::http::Response toxics_call(const Call& call);
    net::http::Response toxic_call(const Call& call);
    base::Task<Listen> look_up(net::http::Request& request, std::string text);
    [[nodiscard]] std::string metrics() const;

    Proxies& proxies_;
    const ApiOptions options_;
    sys::BlockingPool resolver_;  ///< names that proxies listen at
};

/// What POST /populate does, for a configuration file: the number of proxies that are there now, or what is
/// wrong. Looks names up.
Answer<std::size_t> populate_from(Proxies& proxies, std::string_view text);

}  // namespace homespun::seism
