#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "seism/proxy/events.hpp"
#include "seism/proxy/listen_socket.hpp"
#include "seism/proxy/tls_plan.hpp"
#include "seism/toxics/toxic.hpp"
#include "seism/wire/conversation.hpp"
#include "seism/wire/http_conversation.hpp"

namespace homespun::seism {

struct EngineOptions {
    std::uint64_t seed = 0;
    std::chrono::milliseconds dial_time{30'000};  ///< for a server to take a connection
    EngineWatcher* watcher = nullptr;             ///< outlives the engine
};

/// A proxy as the engine runs it.
struct ProxyPlan {
    std::string name;
    std::shared_ptr<ListenSocket> socket;
    std::string upstream_host;  ///< a name is looked up for each connection
    std::uint16_t upstream_port = 0;
    std::vector<Toxic> toxics = {};
    /// What is spoken; `tcp`: what its first toxic for requests speaks, when a connection comes, if there is
    /// one.
    wire::Protocol protocol = wire::Protocol::tcp;
    bool strip_tls = false;  ///< asks both sides to do without TLS, where the protocol lets it
    /// Makes the listener of a new connection's exchanges, which lives as long as the connection; may be
    /// empty. For `http`; called on the engine's thread.
    std::function<std::unique_ptr<wire::ExchangeListener>(std::uint64_t connection)> listen_to = {};
    std::shared_ptr<const TlsPlan> tls = {};  ///< ends TLS in the middle; null: TLS passes as it is
    std::shared_ptr<ProxyCounts> counts;
};

/// The data plane: a thread that carries the bytes of all proxies, one epoll, no locks on the way. Every call
/// is for any thread and returns at once: orders are carried out in their sequence, and before any byte is
/// looked at that was sent after the call returned.
class Engine {
  public:
    static base::Result<std::unique_ptr<Engine>> start(const EngineOptions& options);
    /// Ends all connections and the thread.
    ~Engine();
    Engine(const Engine&) = delete;
    Engine& operator=(const Engine&) = delete;

    /// Takes connections under `id`, which is not in use.
    void open(std::uint64_t id, ProxyPlan plan);
    /// Ends its connections at once (FIN) and forgets it.
    void close(std::uint64_t id);
    /// Adds at the end of its stream, live connections included.
    void add_toxic(std::uint64_t id, Toxic toxic);
    /// The one of that name gets these attributes and this toxicity; each connection draws anew.
    void update_toxic(std::uint64_t id, Toxic toxic);
    void remove_toxic(std::uint64_t id, std::string name);

    /// Runs `work` on the engine's thread, after all orders given before; for questions and tests.
    void post(std::move_only_function<void()> work);

  private:
    struct Impl;
    explicit Engine(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace homespun::seism
