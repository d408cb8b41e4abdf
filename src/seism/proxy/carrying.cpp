#include "seism/proxy/carrying.hpp"

#include <pthread.h>
#include <sys/prctl.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <utility>

#include "seism/toxics/catalogue.hpp"

namespace homespun::seism {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t buffer_bytes = std::size_t{128} << 10;
constexpr int accepts_a_turn = 64;
/// The longer a processor has slept the later it wakes: a virtual one by 0.15 ms after 0.1 s. So that alarms
/// ring in time, the last part of a long wait is one of its own.
constexpr auto last_nap = 300us;

constexpr std::uint64_t slot_mask = 0xffff'ffff;

constexpr unsigned about_bits = 2;

std::uint64_t make_tag(std::uint32_t slot, std::uint32_t generation) {
    return (static_cast<std::uint64_t>(generation & 0x3fff'ffff) << 34) |
           (static_cast<std::uint64_t>(slot) << about_bits);
}
std::uint32_t slot_of(std::uint64_t tag) {
    return static_cast<std::uint32_t>((tag >> about_bits) & slot_mask);
}
std::uint64_t without_about(std::uint64_t tag) {
    return tag & ~((std::uint64_t{1} << about_bits) - 1);
}

std::size_t link_of(const Toxic& toxic) {
    return toxic.stream == Stream::upstream ? Connection::up : Connection::down;
}

}  // namespace

void Orders::give(std::move_only_function<void()> order) {
    {
        const std::lock_guard lock(mutex_);
        orders_.push_back(std::move(order));
        waiting_.store(true, std::memory_order_release);
    }
    poller_.wake();
}

void Orders::obey() {
    std::vector<std::move_only_function<void()>> orders;
    {
        const std::lock_guard lock(mutex_);
        orders.swap(orders_);
        waiting_.store(false, std::memory_order_release);
    }
    for (auto& order : orders)
        order();
}

Carrying::Carrying(Orders& orders, const EngineOptions& options)
    : orders_(orders), options_(options), dice_(options.seed), buffer_(buffer_bytes), resolver_(2, 10'000) {}

void Carrying::run() {
    ::prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);  // alarms to the microsecond
    sigset_t broken_pipe;                            // splice knows no MSG_NOSIGNAL
    ::sigemptyset(&broken_pipe);
    ::sigaddset(&broken_pipe, SIGPIPE);
    ::pthread_sigmask(SIG_BLOCK, &broken_pipe, nullptr);
    while (!stopping_) {
        for (const auto& event : orders_.poller().wait(patience())) {
            if (orders_.are_waiting()) orders_.obey();
            handle(event);
        }
        orders_.obey();
        ring();
        for (const auto id : std::exchange(accept_again_, {}))
            accept(id);
        for (const auto tag : std::exchange(again_, {}))
            drive(tag);
        ended_.clear();
    }
    while (!proxies_.empty())
        close(proxies_.begin()->first);
}

std::chrono::nanoseconds Carrying::patience() const {
    if (!again_.empty() || !accept_again_.empty() || orders_.are_waiting()) return 0ns;
    const auto next = std::min(alarms_.empty() ? never : alarms_.top().at, accept_pause_);
    if (next == never) return 1h;
    const std::chrono::nanoseconds left = next - std::chrono::steady_clock::now();
    return std::max(left > last_nap ? left - last_nap : left, 0ns);
}

void Carrying::ring() {
    const auto now = std::chrono::steady_clock::now();
    if (accept_pause_ <= now) {
        accept_pause_ = never;
        for (const auto& [id, proxy] : proxies_)
            accept_again_.push_back(id);
    }
    while (!alarms_.empty() && alarms_.top().at <= now) {
        const auto alarm = alarms_.top();
        alarms_.pop();
        auto* slot = find(alarm.tag);
        if (slot == nullptr || slot->connection->scheduled != alarm.at) continue;
        slot->connection->scheduled = never;
        drive(alarm.tag);
    }
}

void Carrying::handle(const net::Poller::Event& event) {
    const auto about = event.tag & ((1U << about_bits) - 1);
    if (about == about_listener) {
        accept(event.tag >> about_bits);
        return;
    }
    const auto tag = without_about(event.tag);
    auto* slot = find(tag);
    if (slot == nullptr) return;
    auto& side = slot->connection->side(about == about_client ? Connection::client : Connection::server);
    side.hung_up = side.hung_up || event.hung_up;
    side.end_is_near = event.hung_up && !event.failed;
    if (about == about_server && !slot->connection->is_connected())
        return event.writable && !event.hung_up ? dialled(*slot) : look_at_dial(*slot);
    side.readable = side.readable || event.readable;
    side.writable = side.writable || event.writable;
    drive(tag);
}

bool Carrying::obey(std::uint64_t connection_tag) {
    if (!orders_.are_waiting()) return true;
    orders_.obey();
    return find(connection_tag) != nullptr;
}

Carrying::Slot* Carrying::find(std::uint64_t tag) {
    const auto index = slot_of(tag);
    if (index >= slots_.size()) return nullptr;
    auto& slot = slots_[index];
    return slot.connection && slot.connection->tag() == tag ? &slot : nullptr;
}

std::uint64_t Carrying::take_slot() {
    if (free_slots_.empty()) {
        slots_.emplace_back();
        free_slots_.push_back(static_cast<std::uint32_t>(slots_.size() - 1));
    }
    const auto index = free_slots_.back();
    free_slots_.pop_back();
    return make_tag(index, ++slots_[index].generation);
}

void Carrying::accept(std::uint64_t id) {
    for (int i = 0; i < accepts_a_turn; ++i) {
        auto found = proxies_.find(id);  // each time: an order may have closed it
        if (found == proxies_.end()) return;
        const auto [descriptor, error] = found->second->plan.socket->accept();
        if (descriptor < 0) {
            // Out of descriptors or memory: those who wait are taken when there is room again.
            if (error == EMFILE || error == ENFILE || error == ENOMEM || error == ENOBUFS)
                accept_pause_ = std::chrono::steady_clock::now() + 100ms;
            return;
        }
        if (orders_.are_waiting()) {
            orders_.obey();
            found = proxies_.find(id);
        }
        if (found == proxies_.end()) {
            net::StreamSocket::adopt(descriptor).close();
            return;
        }
        welcome(*found->second, descriptor);
    }
    accept_again_.push_back(id);
}

void Carrying::welcome(Proxy& proxy, int descriptor) {
    const auto now = std::chrono::steady_clock::now();
    auto& counts = *proxy.plan.counts;
    ProxyCounts::add(counts.accepted, 1);
    const auto tag = take_slot();
    auto& slot = slots_[slot_of(tag)];
    slot.proxy = &proxy;
    slot.connection = std::make_unique<Connection>(tag, proxy.next_connection++,
                                                   net::StreamSocket::adopt(descriptor), counts, now);
    proxy.connections.insert(tag);
    counts.open.fetch_add(1, std::memory_order_relaxed);
    slot.connection->dial_at = now;
    // Before a toxic may close it: then the number may be that of another thread's socket.
    if (!orders_.poller().watch(descriptor, tag | about_client)) slot.connection->reset();
    for (auto& placed : proxy.toxics)
        work(placed, slot);
    converse(slot);
    if (find(tag) != nullptr) drive(tag);
}

/// Puts a toxic to work on a connection, if the dice say so.
void Carrying::work(Placed& placed, Slot& slot) {
    auto& connection = *slot.connection;
    const auto& toxic = placed.toxic;
    const auto dice =
        slot.proxy->dice.of(toxic.name).of(placed.revision).of(connection.ordinal()).of(link_of(toxic));
    if (dice.share(0) >= static_cast<double>(toxic.toxicity)) return;
    const auto* type = find_toxic_type(toxic.type);
    if (type->place == Place::stream) {
        connection.insert(link_of(toxic), placed.place, make_stage(toxic, dice.of(1), connection.opened()));
        return;
    }
    if (type->place != Place::opening || connection.is_connected() || connection.dial_at == never) return;
    tell_bite(*slot.proxy, toxic, connection);
    if (toxic.type == "slow_open")
        connection.dial_at += std::chrono::milliseconds(toxic.integer("delay"));
    else if (toxic.type == "reject")
        connection.reset();
    else
        connection.close(connection.opened());
}

/// A proxy whose protocol is known, or has a toxic for its requests, hears what is said.
void Carrying::converse(Slot& slot) {
    auto& proxy = *slot.proxy;
    auto& connection = *slot.connection;
    auto protocol = proxy.plan.protocol;
    if (protocol == wire::Protocol::tcp && !proxy.rules.empty())
        protocol = find_toxic_type(proxy.rules.front()->toxic().type)->protocol;
    if (proxy.plan.tls) connection.terminate_tls(*proxy.plan.tls);
    if (protocol == wire::Protocol::tcp || connection.dial_at == never) return;
    auto judge = std::make_unique<RequestJudge>(
        proxy.rules,
        RequestJudge::Setting{proxy.plan.name, protocol, connection.ordinal(),
                              proxy.dice.of(connection.ordinal()), *proxy.plan.counts, options_.watcher});
    const wire::ConversationOptions options{.strip_tls = proxy.plan.strip_tls,
                                            .terminate_tls = proxy.plan.tls != nullptr};
    Connection::Talk talk{.judge = std::move(judge)};
    if (protocol == wire::Protocol::http && proxy.plan.listen_to) {
        talk.listener = proxy.plan.listen_to(connection.ordinal());
        talk.conversation = wire::make_http_conversation(*talk.judge, options, talk.listener.get());
    } else {
        talk.conversation = wire::make_conversation(protocol, *talk.judge, options);
    }
    connection.converse(std::move(talk), connection.opened());
}

void Carrying::make_rules(Proxy& proxy) {
    RequestRules rules;
    for (const auto& placed : proxy.toxics) {
        if (find_toxic_type(placed.toxic.type)->place != Place::request) continue;
        const auto same = std::ranges::find_if(
            proxy.rules, [&](const auto& rule) { return rule->is_of(placed.toxic.name, placed.revision); });
        rules.push_back(
            same != proxy.rules.end() ? *same : std::make_shared<RequestRule>(placed.toxic, placed.revision));
    }
    proxy.rules = std::move(rules);
}

void Carrying::drive(std::uint64_t tag) {
    auto* slot = find(tag);
    if (slot == nullptr) return;
    const auto now = std::chrono::steady_clock::now();
    auto* connection = slot->connection.get();
    const auto step = connection->drive(*this, now);
    slot = find(tag);  // slots move, and an order may have ended it
    if (slot == nullptr) return;
    if (const auto problem = connection->take_problem(); !problem.empty()) tell_down(*slot->proxy, problem);
    if (step == Connection::Step::ended) return drop(tag);
    if (step == Connection::Step::again) {
        again_.push_back(tag);
        return;
    }
    if (connection->dial_at <= now) return dial(*slot);
    if (connection->dial_deadline <= now) return dial_failed(*slot, "no answer in time");
    if (connection->due() < connection->scheduled) {
        connection->scheduled = connection->due();
        alarms_.push({connection->due(), tag});
    }
}

void Carrying::bitten(const Connection& connection, std::uint64_t place) {
    const auto& proxy = *find(connection.tag())->proxy;
    const auto placed = std::ranges::find(proxy.toxics, place, &Placed::place);
    if (placed != proxy.toxics.end()) tell_bite(proxy, placed->toxic, connection);
}

void Carrying::tell_bite(const Proxy& proxy, const Toxic& toxic, const Connection& connection) {
    ProxyCounts::add(proxy.plan.counts->bites, 1);
    if (options_.watcher != nullptr)
        options_.watcher->bitten({proxy.plan.name, toxic.name, connection.ordinal(), 0});
}

void Carrying::drop(std::uint64_t tag) {
    auto& slot = *find(tag);
    slot.proxy->plan.counts->open.fetch_sub(1, std::memory_order_relaxed);
    slot.proxy->connections.erase(tag);
    ended_.push_back(std::move(slot.connection));
    slot.proxy = nullptr;
    free_slots_.push_back(slot_of(tag));
}

template <class Do>
void Carrying::for_each_connection(Proxy& proxy, Do action) {
    const std::vector<std::uint64_t> tags(proxy.connections.begin(), proxy.connections.end());
    for (const auto tag : tags) {
        if (auto* slot = find(tag)) {
            action(*slot);
            again_.push_back(tag);
        }
    }
}

void Carrying::open(std::uint64_t id, ProxyPlan plan) {
    auto proxy = std::make_unique<Proxy>(Proxy{.id = id, .plan = std::move(plan), .dice = dice_});
    proxy->dice = dice_.of(proxy->plan.name);
    proxy->numeric = net::TcpAddress::numeric(proxy->plan.upstream_host, proxy->plan.upstream_port);
    for (auto& toxic : std::exchange(proxy->plan.toxics, {}))
        proxy->toxics.push_back({std::move(toxic), proxy->next_place++});
    make_rules(*proxy);
    const int descriptor = proxy->plan.socket->descriptor();
    proxies_[id] = std::move(proxy);
    orders_.poller().watch(descriptor, (id << about_bits) | about_listener);
    accept_again_.push_back(id);
}

void Carrying::close(std::uint64_t id) {
    const auto found = proxies_.find(id);
    if (found == proxies_.end()) return;
    for (const auto tag :
         std::vector<std::uint64_t>(found->second->connections.begin(), found->second->connections.end())) {
        auto& slot = *find(tag);
        slot.connection->end_now(buffer());
        drop(tag);
    }
    orders_.poller().forget(found->second->plan.socket->descriptor());
    proxies_.erase(found);
}

void Carrying::add_toxic(std::uint64_t id, Toxic toxic) {
    const auto found = proxies_.find(id);
    if (found == proxies_.end()) return;
    auto& proxy = *found->second;
    proxy.toxics.push_back({std::move(toxic), proxy.next_place++});
    make_rules(proxy);
    for_each_connection(proxy, [&](Slot& slot) { work(proxy.toxics.back(), slot); });
}

void Carrying::update_toxic(std::uint64_t id, Toxic toxic) {
    const auto found = proxies_.find(id);
    if (found == proxies_.end()) return;
    auto& proxy = *found->second;
    const auto placed =
        std::ranges::find(proxy.toxics, toxic.name, [](const Placed& one) { return one.toxic.name; });
    if (placed == proxy.toxics.end()) return;
    placed->toxic = std::move(toxic);
    ++placed->revision;
    make_rules(proxy);
    for_each_connection(proxy, [&](Slot& slot) {
        slot.connection->erase_for_another(link_of(placed->toxic), placed->place);
        work(*placed, slot);
    });
}

void Carrying::remove_toxic(std::uint64_t id, const std::string& name) {
    const auto found = proxies_.find(id);
    if (found == proxies_.end()) return;
    auto& proxy = *found->second;
    const auto placed =
        std::ranges::find(proxy.toxics, name, [](const Placed& one) { return one.toxic.name; });
    if (placed == proxy.toxics.end()) return;
    const auto link = link_of(placed->toxic);
    const auto place = placed->place;
    const auto now = std::chrono::steady_clock::now();
    proxy.toxics.erase(placed);
    make_rules(proxy);
    for_each_connection(proxy, [&](Slot& slot) { slot.connection->erase(link, place, now); });
}

}  // namespace homespun::seism
