#pragma once
#include <atomic>
#include <optional>
#include <string>

#include "barrel/server/assets.hpp"
#include "net/http/application.hpp"
#include "net/io/loop.hpp"
#include "seism/api/event_log.hpp"
#include "seism/api/proxies.hpp"
#include "seism/dashboard/results.hpp"

namespace homespun::seism {

/// The proxies that a dashboard shows and changes. What it refers to outlives the dashboard.
struct LiveProxies {
    Proxies& proxies;
    const EventLog& events;
    net::http::Application& api;  ///< Toxiproxy's and our own
};

/// A page about proxies and the results of runs, for a browser on this machine (guard.hpp says who is
/// answered). It belongs on a loopback address and one loop of its own.
///
/// | | |
/// |---|---|
/// | GET / | the page, with the token that its actions carry |
/// | GET /NAME | its scripts and looks: `web/seism/NAME` of the assets |
/// | GET /about | {"live","results"}: what there is to be shown |
/// | GET /live | text/event-stream: `state` with all proxies whenever they have changed, `happened` with new
/// events | | any /api/… | the APIs, as at their own port | | GET /results/verdict.json?file= | the verdict;
/// 204 when there is none, or none but `file` | | GET /results/NAME.jsonl?file=&from= | more lines of
/// requests, events or samples; 204 when there is no file |
///
/// Answers of /results tell in X-Results-File and X-Results-Next what to ask for next; without them there is
/// no such file.
class Dashboard final : public net::http::Application {
  public:
    /// `pages` and `loop` outlive it; `live` and `results`: what there is. The token is drawn.
    Dashboard(net::Loop& loop, const barrel::Assets& pages, std::optional<LiveProxies> live,
              std::optional<Results> results);

    net::http::Plan plan(net::http::Request& request) override;
    base::Task<net::http::Response> handle(net::http::Request& request) override;
    net::http::Response refuse(net::http::Request& request, net::http::Refusal refusal) override;
    void finish(const net::http::Request& request, net::http::Response& response,
                std::chrono::microseconds duration) override;

    /// Ends all streams within a second: a server that drains waits for them. Any thread.
    void end_streams() { ending_ = true; }

  private:
    class Stream;
    [[nodiscard]] net::http::Response page(std::string_view name) const;
    [[nodiscard]] net::http::Response about() const;
    [[nodiscard]] net::http::Response live_stream(const net::http::Request& request);
    [[nodiscard]] net::http::Response results_of(const net::http::Request& request) const;

    net::Loop& loop_;
    const barrel::Assets& pages_;
    const std::optional<LiveProxies> live_;
    const std::optional<Results> results_;
    const std::string token_;
    std::atomic<bool> ending_ = false;
};

}  // namespace homespun::seism
