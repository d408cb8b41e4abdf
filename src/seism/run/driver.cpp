#include "seism/run/driver.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <limits>
#include <random>
#include <thread>
#include <vector>

#include "base/crypto.hpp"
#include "base/encoding.hpp"
#include "net/io/poller.hpp"
#include "seism/run/driver_call.hpp"

namespace homespun::seism {

using std::chrono::steady_clock;

struct Driver::Impl {
    Impl(net::Poller a_poller, net::TcpAddress to, std::string host, const TrafficPlan& a_plan, Masks a_masks,
         std::uint64_t seed, Record& a_record)
        : poller(std::move(a_poller)),
          address(to),
          authority(std::move(host)),
          plan(a_plan),
          masks(std::move(a_masks)),
          random(seed),
          record(a_record),
          thread([this] { run(); }) {}
    ~Impl() {
        stopping = true;
        poller.wake();
        thread.join();
    }

    void run();
    [[nodiscard]] std::string text_of(const RequestPlan& request) const;
    void begin(Micros intended);
    Call& free_call();
    const RequestPlan& choose();
    void connect(Call& call);
    void send(Call& call);
    void receive(Call& call);
    /// True: the answer is whole, or cannot become so.
    bool take(Call& call, std::string_view bytes);
    void failed(Call& call, int error);
    void finish(Call& call, Outcome outcome);
    void give_up_late_ones();
    void close_idle_ones();

    net::Poller poller;
    const net::TcpAddress address;
    const std::string authority;
    const TrafficPlan plan;
    const Masks masks;
    std::mt19937_64 random;
    Record& record;
    std::vector<std::unique_ptr<Call>> calls;  ///< by their tag
    std::uint64_t connections = 0;
    std::atomic<std::int64_t> patience_us{10'000'000};
    /// When the oldest request under way started; the largest number: none is.
    std::atomic<Micros> oldest{std::numeric_limits<Micros>::max()};
    std::atomic<bool> stopping{false};
    std::thread thread;
};

void Driver::Impl::run() {
    const auto began = steady_clock::now();
    const std::chrono::duration<double> gap(1 / plan.rate);
    std::uint64_t made = 0;
    const auto due = [&] {
        return began + std::chrono::duration_cast<steady_clock::duration>(gap * static_cast<double>(made));
    };
    constexpr std::chrono::milliseconds look{20};  // for those that are late
    while (!stopping) {
        const auto now = steady_clock::now();
        while (due() <= now && !stopping) {
            begin(record.at(due()));
            ++made;
        }
        const auto wait = std::clamp<std::chrono::nanoseconds>(due() - steady_clock::now(),
                                                               std::chrono::nanoseconds(0), look);
        for (const auto& event : poller.wait(wait)) {
            auto& call = *calls[event.tag];
            if (!call.socket.is_open()) continue;
            if (event.writable) send(call);
            if (event.readable || event.hung_up) receive(call);
        }
        give_up_late_ones();
        close_idle_ones();
    }
}

const RequestPlan& Driver::Impl::choose() {
    std::int64_t all = 0;
    for (const auto& request : plan.requests)
        all += request.weight;
    auto drawn = static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(all));
    for (const auto& request : plan.requests) {
        drawn -= request.weight;
        if (drawn < 0) return request;
    }
    return plan.requests.back();
}

Call& Driver::Impl::free_call() {
    for (const auto& call : calls) {
        if (call->is_idle()) return *call;
    }
    for (const auto& call : calls) {
        if (call->is_closed()) return *call;
    }
    return *calls.emplace_back(std::make_unique<Call>());
}

std::string Driver::Impl::text_of(const RequestPlan& request) const {
    auto text = fmt::format("{} {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: seism\r\n", request.method,
                            request.target, authority);
    for (const auto& [name, value] : request.headers)
        text += fmt::format("{}: {}\r\n", name, value);
    if (!request.body.empty() || request.method.starts_with('P'))
        text += fmt::format("Content-Length: {}\r\n", request.body.size());
    return text + "\r\n" + request.body;
}

void Driver::Impl::begin(Micros intended) {
    auto& call = free_call();
    const auto& request = choose();
    const auto connection = call.exchange.connection;
    call.plan = &request;
    call.exchange = {.intended = intended, .start = record.now(), .connection = connection};
    call.exchange.method = request.method;
    call.exchange.path = request.target;
    call.exchange.request_digest = request.body.empty() ? "" : base::hex_encode(base::sha256(request.body));
    call.unsent = text_of(request);
    call.exchange.request_bytes = call.unsent.size();
    call.parser.restart(request.method == "HEAD");
    if (call.socket.is_open()) {
        call.exchange.reused = true;
        send(call);
    } else {
        connect(call);
    }
}

void Driver::Impl::connect(Call& call) {
    call.exchange.connection = ++connections;
    call.connecting = true;
    const int error = call.socket.connect(address);
    if (error != 0) return failed(call, error);
    const auto tag = static_cast<std::uint64_t>(
        std::ranges::find(calls, &call, [](const auto& each) { return each.get(); }) - calls.begin());
    if (!poller.watch(call.socket.descriptor(), tag)) return failed(call, ENOMEM);
    send(call);
}

void Driver::Impl::send(Call& call) {
    if (call.plan == nullptr) return;
    if (call.connecting) {
        const int error = call.socket.error();
        if (error == EINPROGRESS) return;
        if (error != 0) return failed(call, error);
        call.connecting = false;
    }
    while (!call.unsent.empty()) {
        const auto moved = call.socket.send(call.unsent);
        call.unsent.erase(0, moved.bytes);
        // A connection that breaks here may still have an answer to be read.
        if (moved.error != 0) return;
    }
}

void Driver::Impl::receive(Call& call) {
    std::array<char, 65536> room;
    while (call.socket.is_open() && !call.connecting) {
        const auto moved = call.socket.receive(room);
        if (moved.error == EAGAIN) return;
        if (call.plan == nullptr) return call.socket.close();  // nobody asked: it ended while it was idle
        if (moved.error != 0) return failed(call, moved.error);
        if (moved.end) {
            if (call.exchange.first_byte == 0) return failed(call, 0);
            const bool whole = call.parser.finish();
            call.socket.close();
            return finish(call, whole ? Outcome::ok : Outcome::truncated);
        }
        if (take(call, {room.data(), moved.bytes})) return;
    }
}

bool Driver::Impl::take(Call& call, std::string_view bytes) {
    auto& exchange = call.exchange;
    if (exchange.first_byte == 0) exchange.first_byte = std::max<Micros>(record.now() - exchange.start, 1);
    exchange.response_bytes += bytes.size();
    while (!bytes.empty() && !call.parser.done()) {
        const auto used = call.parser.feed(bytes);
        if (!used) {
            call.socket.close();
            finish(call, Outcome::malformed);
            return true;
        }
        if (*used == 0) break;
        bytes.remove_prefix(*used);
    }
    if (!call.parser.done()) return false;
    if (!call.parser.keep_alive() || !bytes.empty() || !call.unsent.empty()) call.socket.close();
    finish(call, Outcome::ok);
    return true;
}

/// `error` 0: the application closed without a byte.
void Driver::Impl::failed(Call& call, int error) {
    const bool stale = call.exchange.reused && call.exchange.first_byte == 0 && error != ETIME;
    call.socket.close();
    if (stale) {
        // Kept connections may be closed at any time: that says nothing about the application.
        call.exchange.reused = false;
        call.unsent = text_of(*call.plan);
        return connect(call);
    }
    finish(call, error == 0 ? Outcome::empty_reply : outcome_of(call, error));
}

void Driver::Impl::finish(Call& call, Outcome outcome) {
    auto& exchange = call.exchange;
    exchange.end = record.now();
    exchange.outcome = outcome;
    exchange.status = call.response.status;
    if (outcome == Outcome::ok) {
        if (exchange.status >= 400) exchange.outcome = Outcome::http_error;
        exchange.answer_digest = masks.digest(
            exchange.status, call.response.headers.find("Content-Type").value_or(""), call.response.body);
    }
    if (const auto after = call.response.headers.find("Retry-After")) exchange.retry_after = *after;
    record.add(exchange);
    call.plan = nullptr;
    call.connecting = false;
    call.unsent.clear();
    call.idle_since = exchange.end;
}

/// Connections that a slow time has called for would look like a leak of the application.
void Driver::Impl::close_idle_ones() {
    constexpr Micros least = 500'000;
    constexpr double gaps = 3, us_per_s = 1e6;
    const auto longest = std::max(least, static_cast<Micros>(gaps * us_per_s / plan.rate));
    const auto now = record.now();
    for (const auto& call : calls) {
        if (call->is_idle() && now - call->idle_since > longest) call->socket.close();
    }
}

void Driver::Impl::give_up_late_ones() {
    const auto now = record.now();
    auto first = std::numeric_limits<Micros>::max();
    for (const auto& call : calls) {
        if (call->plan == nullptr) continue;
        if (now - call->exchange.start >= patience_us) {
            failed(*call, ETIME);
        } else {
            first = std::min(first, call->exchange.start);
        }
    }
    oldest = first;
}

base::Result<std::unique_ptr<Driver>> Driver::start(const HostPort& to, const TrafficPlan& plan,
                                                    std::uint64_t seed, Record& record) {
    auto address = net::TcpAddress::resolve(to.host, to.port);
    if (!address) return base::fail(address.error().message);
    auto poller = net::Poller::open();
    if (!poller) return base::fail(poller.error().message);
    auto masks = Masks::parse(plan.masks);
    if (!masks) return base::fail(masks.error().message);
    return std::unique_ptr<Driver>(new Driver(std::make_unique<Impl>(std::move(*poller), *address, to.text(),
                                                                     plan, std::move(*masks), seed, record)));
}

Driver::Driver(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Driver::~Driver() = default;

void Driver::set_patience(std::chrono::milliseconds patience) {
    impl_->patience_us = std::chrono::duration_cast<std::chrono::microseconds>(patience).count();
}

bool Driver::waits_for(Micros at) {
    return impl_->oldest < at;
}

}  // namespace homespun::seism
