#pragma once
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "base/log.hpp"
#include "base/result.hpp"
#include "seism/dashboard/dashboard.hpp"

/// The dashboard on an address and a loop of its own.
class DashboardServer {
  public:
    /// `where`: a port of 127.0.0.1, or HOST:PORT; port 0 takes a free one. An error: it is not loopback, the
    /// address is taken, or `results` (empty: none) is no directory.
    static homespun::base::Result<std::unique_ptr<DashboardServer>> start(
        const std::string& where, std::optional<homespun::seism::LiveProxies> live,
        const std::string& results, homespun::base::Logger& logger);
    /// Answers what was asked, and closes. The proxies must still be there.
    ~DashboardServer();

    [[nodiscard]] std::string url() const;

  private:
    struct Parts;
    explicit DashboardServer(std::unique_ptr<Parts> parts);
    std::unique_ptr<Parts> parts_;
};

/// `seism dashboard DIRECTORY`: shows the results of a run until a signal comes. The exit status.
int run_dashboard(std::span<const std::string> words);
