#pragma once
#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <queue>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "net/io/poller.hpp"
#include "seism/proxy/connection.hpp"
#include "seism/proxy/engine.hpp"
#include "seism/proxy/request_judge.hpp"
#include "sys/blocking_pool.hpp"

namespace homespun::seism {

/// The way from other threads into the engine's: orders in their sequence, and the poller that wakes it.
class Orders {
  public:
    explicit Orders(net::Poller poller) : poller_(std::move(poller)) {}
    /// Any thread.
    void give(std::move_only_function<void()> order);
    /// Carries out what has come. The engine's thread.
    void obey();
    [[nodiscard]] bool are_waiting() const { return waiting_.load(std::memory_order_acquire); }
    [[nodiscard]] net::Poller& poller() { return poller_; }

  private:
    net::Poller poller_;
    std::mutex mutex_;
    std::vector<std::move_only_function<void()>> orders_;
    std::atomic<bool> waiting_ = false;
};

/// All that happens on the engine's thread: proxies, their connections, alarms. `run` is the thread.
class Carrying final : public Carrier {
  public:
    Carrying(Orders& orders, const EngineOptions& options);

    void run();

    // What follows is for orders, on the thread of `run`.
    void stop() { stopping_ = true; }
    void open(std::uint64_t id, ProxyPlan plan);
    void close(std::uint64_t id);
    void add_toxic(std::uint64_t id, Toxic toxic);
    void update_toxic(std::uint64_t id, Toxic toxic);
    void remove_toxic(std::uint64_t id, const std::string& name);

    std::span<char> buffer() override { return buffer_; }
    bool obey(std::uint64_t connection_tag) override;
    void bitten(const Connection& connection, std::uint64_t place) override;

  private:
    // A tag is a generation, a slot and, in its last two bits, what of it the event is about.
    static constexpr std::uint64_t about_client = 0, about_server = 1, about_listener = 2;

    /// A toxic at work: its place among those of its proxy, and how often it was set.
    struct Placed {
        Toxic toxic;
        std::uint64_t place;
        std::uint64_t revision = 0;
    };
    struct Proxy {
        std::uint64_t id;
        ProxyPlan plan;
        Dice dice;
        std::vector<Placed> toxics = {};
        RequestRules rules = {};                             ///< of those toxics that meet requests
        std::unordered_set<std::uint64_t> connections = {};  ///< tags
        std::uint64_t next_place = 0, next_connection = 0;
        std::optional<net::TcpAddress> numeric = {};  ///< the upstream, when no name must be looked up
        bool upstream_is_down = false;
    };
    struct Slot {
        std::unique_ptr<Connection> connection;
        Proxy* proxy = nullptr;
        std::uint32_t generation = 0;
    };
    struct Alarm {
        Time at;
        std::uint64_t tag;
        bool operator>(const Alarm& other) const { return at > other.at; }
    };

    void handle(const net::Poller::Event& event);
    void accept(std::uint64_t id);
    void welcome(Proxy& proxy, int descriptor);
    void dial(Slot& slot);
    void dial(std::uint64_t tag, const net::TcpAddress& address);
    void look_up(Slot& slot);
    void look_at_dial(Slot& slot);
    void dial_failed(Slot& slot, const std::string& why);
    void tell_down(Proxy& proxy, const std::string& why);
    void dialled(Slot& slot);
    void work(Placed& placed, Slot& slot);
    void tell_bite(const Proxy& proxy, const Toxic& toxic, const Connection& connection);
    void converse(Slot& slot);
    static void make_rules(Proxy& proxy);
    void drive(std::uint64_t tag);

    void drop(std::uint64_t tag);
    void ring();
    [[nodiscard]] Slot* find(std::uint64_t tag);
    [[nodiscard]] std::chrono::nanoseconds patience() const;
    [[nodiscard]] std::uint64_t take_slot();
    template <class Do>
    void for_each_connection(Proxy& proxy, Do action);

    Orders& orders_;
    const EngineOptions options_;
    const Dice dice_;
    std::vector<char> buffer_;
    std::unordered_map<std::uint64_t, std::unique_ptr<Proxy>> proxies_;
    std::deque<Slot> slots_;                          ///< they stay in place
    std::vector<std::unique_ptr<Connection>> ended_;  ///< may still be at work further up
    std::vector<std::uint32_t> free_slots_;
    std::priority_queue<Alarm, std::vector<Alarm>, std::greater<>> alarms_;
    std::vector<std::uint64_t> again_;         ///< connections with more to do
    std::vector<std::uint64_t> accept_again_;  ///< proxies at which somebody may wait
    Time accept_pause_ = never;                ///< out of descriptors: until then
    bool stopping_ = false;
    sys::BlockingPool resolver_;
};

}  // namespace homespun::seism
