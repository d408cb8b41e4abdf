#pragma once
#include <functional>
#include <memory>
#include <string>

#include "barrel/arbiter/worker.hpp"
#include "barrel/server/application.hpp"
#include "base/clock.hpp"
#include "base/config.hpp"
#include "base/log.hpp"
#include "net/io/listener.hpp"
#include "net/io/loop.hpp"
#include "net/io/server.hpp"

/// Everything one worker serves, put together: the three databases, the services over them, the contracts
/// that bind them to addresses. Opened before the server starts, closed after it has drained. Owns all its
/// parts; the loops outlive it.
class Installation {
  public:
    /// Takes the lease on the data directory, opens (or makes) secrets and databases, binds the contracts.
    /// The error is a message for the operator.
    static homespun::base::Result<std::unique_ptr<Installation>> open(
        const homespun::base::config::Settings& settings, const homespun::barrel::WorkerStart& start,
        homespun::net::LoopThreads& loops);
    ~Installation();

    [[nodiscard]] homespun::net::http::Application& application() const;
    [[nodiscard]] homespun::net::http::Application& admin_application() const;
    [[nodiscard]] homespun::net::Listener take_admin_listener();
    /// Null unless the metrics have a listener of their own.
    [[nodiscard]] homespun::net::http::Application* metrics_application() const;
    [[nodiscard]] homespun::net::Listener take_metrics_listener();
    [[nodiscard]] const homespun::base::Clock& clock() const;
    [[nodiscard]] homespun::base::Logger& logger() const;
    /// What a person puts into Firefox.
    [[nodiscard]] const std::string& root_url() const;
    /// Empty, or the link for the first account.
    [[nodiscard]] const std::string& setup_link() const;
    /// Who tells the number of open connections, for /__lbheartbeat__; called from all loops. Set before
    /// serving.
    void set_connection_count(std::function<std::size_t()> count);
    /// What the public server asks and tells: trusted proxies, the log of ended connections, its counters.
    [[nodiscard]] homespun::net::ServerTies server_ties() const;
    /// Commits what is queued and closes the store.
    void close();

  private:
    struct Parts;
    explicit Installation(std::unique_ptr<Parts> parts);
    std::unique_ptr<Parts> parts_;
};
