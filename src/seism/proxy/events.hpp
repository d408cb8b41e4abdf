#pragma once
#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

namespace homespun::seism {

/// What a proxy has moved; counted while it happens. Written by the engine's thread, read by any.
struct ProxyCounts {
    /// [0] from the client to the server, [1] back.
    std::atomic<std::uint64_t> received[2]{}, sent[2]{};
    std::atomic<std::uint64_t> accepted{0}, open{0}, dial_failures{0}, bites{0};

    /// Cheaper than an atomic addition: only the engine writes.
    static void add(std::atomic<std::uint64_t>& count, std::uint64_t by) {
        count.store(count.load(std::memory_order_relaxed) + by, std::memory_order_relaxed);
    }
};

/// A connection that a toxic touched: once for each toxic and connection, and once for each request that a
/// protocol's fault met.
struct Bite {
    std::string_view proxy, toxic;
    std::uint64_t connection = 0;  ///< of the proxy, from 0
    std::uint64_t request = 0;     ///< of the connection, from 1; 0: none in particular
};

/// Is told what happens. Called on the engine's thread; must be quick and must not call the engine.
class EngineWatcher {
  public:
    virtual ~EngineWatcher() = default;
    virtual void bitten(const Bite& bite) = 0;
    /// The real server behind a proxy could not be reached, or can be again.
    virtual void upstream_down(std::string_view proxy, std::string_view why) = 0;
    virtual void upstream_up(std::string_view proxy) = 0;
};

}  // namespace homespun::seism
