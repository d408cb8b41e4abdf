#include "seism/run/front_recorder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>

#include "base/crypto.hpp"
#include "base/encoding.hpp"
#include "base/text.hpp"
#include "seism/proxy/engine.hpp"
#include "seism/recorder/golden.hpp"

namespace homespun::seism {
namespace {

using Listener = wire::ExchangeListener;

/// The value of a header in a head as it came; empty when it has none.
std::string_view header_of(std::string_view head, std::string_view name) {
    for (const auto line : base::split(head, '\n')) {
        const auto colon = line.find(':');
        if (colon != std::string_view::npos && base::iequals(line.substr(0, colon), name))
            return base::trim(line.substr(colon + 1));
    }
    return {};
}

struct Open {
    Exchange exchange{};
    std::string request_body{}, content_type{}, body{};
    bool too_large = false;
};

/// The requests under way of all connections. Filled on the engine's thread, asked on others.
class Table {
  public:
    Table(Record& record, Masks masks) : record_(record), masks_(std::move(masks)) {}

    using Key = std::pair<std::uint64_t, std::uint64_t>;  ///< connection, ordinal

    [[nodiscard]] Micros now() const { return record_.now(); }
    void begin(Key key, Open open) {
        const std::scoped_lock lock(mutex_);
        open_.emplace(key, std::move(open));
    }
    template <class Change>
    void change(Key key, const Change& change) {
        const std::scoped_lock lock(mutex_);
        if (const auto place = open_.find(key); place != open_.end()) change(place->second);
    }
    void end(Key key, Outcome outcome) {
        const std::scoped_lock lock(mutex_);
        if (const auto place = open_.find(key); place != open_.end()) finish(place, outcome);
    }
    /// A connection on which nothing was asked, for the application did not take it.
    void add_refused(std::uint64_t connection, Micros start) {
        Exchange exchange;
        exchange.start = exchange.intended = start;
        exchange.end = record_.now();
        exchange.connection = connection;
        exchange.outcome = Outcome::connect_refused;
        record_.add(std::move(exchange));
    }
    [[nodiscard]] bool is_upstream_down() const { return upstream_down_; }
    /// Ends those of a connection whose end nobody told.
    void end_all(std::uint64_t connection, bool client_left) {
        const std::scoped_lock lock(mutex_);
        for (auto each = open_.lower_bound({connection, 0});
             each != open_.end() && each->first.first == connection;) {
            const auto outcome = client_left                             ? Outcome::client_gone
                                 : upstream_down_                        ? Outcome::connect_refused
                                 : each->second.exchange.first_byte == 0 ? Outcome::reset_before
                                                                         : Outcome::reset_mid;
            finish(each++, outcome);
        }
    }
    bool waits_for(Micros at) {
        const std::scoped_lock lock(mutex_);
        bool waits = false;
        for (auto each = open_.begin(); each != open_.end();) {
            const auto& exchange = each->second.exchange;
            if (record_.now() - exchange.start >= patience_) {
                finish(each++, Outcome::no_response);
                continue;
            }
            waits = waits || exchange.start < at;
            ++each;
        }
        return waits;
    }
    void set_patience(Micros patience) { patience_ = patience; }
    void set_upstream_down(bool down) { upstream_down_ = down; }

  private:
    using Place = std::map<Key, Open>::iterator;

    void finish(Place place, Outcome outcome) {
        auto& [exchange, request_body, content_type, body, too_large] = place->second;
        exchange.end = record_.now();
        // A client that gave up after so long a time is no excuse.
        const bool late = exchange.took() >= patience_;
        if (outcome != Outcome::ok && late) outcome = Outcome::no_response;
        exchange.outcome = outcome;
        if (!request_body.empty()) exchange.request_digest = base::hex_encode(base::sha256(request_body));
        if (outcome == Outcome::ok) {
            constexpr int first_error = 400;
            if (exchange.status >= first_error) exchange.outcome = Outcome::http_error;
            if (!too_large) exchange.answer_digest = masks_.digest(exchange.status, content_type, body);
        }
        record_.add(std::move(exchange));
        open_.erase(place);
    }

    Record& record_;
    const Masks masks_;
    std::mutex mutex_;
    std::map<Key, Open> open_;
    std::atomic<Micros> patience_{10'000'000};
    std::atomic<bool> upstream_down_{false};
};

/// Of one connection; when it ends, so do its requests.
class ConnectionListener final : public Listener {
  public:
    ConnectionListener(Table& table, std::uint64_t connection) : table_(table), connection_(connection) {}
    ~ConnectionListener() override {
        if (!asked_ && !client_left_ && table_.is_upstream_down()) table_.add_refused(connection_, start_);
        table_.end_all(connection_, client_left_);
    }
    ConnectionListener(const ConnectionListener&) = delete;
    ConnectionListener& operator=(const ConnectionListener&) = delete;

    void on_request(const wire::Request& request) override {
        asked_ = true;
        Open open;
        auto& exchange = open.exchange;
        exchange.start = exchange.intended = table_.now();
        exchange.connection = connection_;
        exchange.reused = request.ordinal > 1;
        exchange.method = request.verb;
        exchange.path = request.subject;
        exchange.request_bytes = request.head.size();
        table_.begin({connection_, request.ordinal}, std::move(open));
    }
    void on_request_body(std::uint64_t ordinal, std::string_view content) override {
        table_.change({connection_, ordinal}, [&](Open& open) {
            open.exchange.request_bytes += content.size();
            if (open.request_body.size() < most_body) open.request_body += content;
        });
    }
    void on_response_begin(std::uint64_t ordinal) override {
        table_.change({connection_, ordinal}, [&](Open& open) {
            open.exchange.first_byte = std::max<Micros>(table_.now() - open.exchange.start, 1);
        });
    }
    void on_response_head(std::uint64_t ordinal, int status, std::string_view head) override {
        table_.change({connection_, ordinal}, [&](Open& open) {
            open.exchange.status = status;
            open.content_type = header_of(head, "Content-Type");
            if (const auto after = header_of(head, "Retry-After"); !after.empty())
                open.exchange.retry_after = std::string(after);
        });
    }
    void on_response_body(std::uint64_t ordinal, std::string_view content) override {
        table_.change({connection_, ordinal}, [&](Open& open) {
            open.too_large = open.too_large || open.body.size() + content.size() > most_body;
            if (!open.too_large) open.body += content;
        });
    }
    void on_response_end(std::uint64_t ordinal, End end, std::uint64_t bytes) override {
        table_.change({connection_, ordinal}, [&](Open& open) { open.exchange.response_bytes = bytes; });
        table_.end({connection_, ordinal}, outcome_of(end));
    }
    void on_client_end() override { client_left_ = true; }

  private:
    static constexpr std::size_t most_body = 1U << 20;

    [[nodiscard]] Outcome outcome_of(End end) const {
        switch (end) {
            case End::complete:
            case End::tunnel:
            case End::injected:
                return Outcome::ok;
            case End::empty:
                return client_left_ ? Outcome::client_gone : Outcome::empty_reply;
            case End::truncated:
                return client_left_ ? Outcome::client_gone : Outcome::truncated;
            case End::malformed:
                break;
        }
        return Outcome::malformed;
    }

    Table& table_;
    const std::uint64_t connection_;
    const Micros start_ = table_.now();
    bool asked_ = false, client_left_ = false;
};

class FrontWatcher final : public EngineWatcher {
  public:
    explicit FrontWatcher(Table& table) : table_(table) {}
    void bitten(const Bite&) override {}
    void upstream_down(std::string_view, std::string_view) override { table_.set_upstream_down(true); }
    void upstream_up(std::string_view) override { table_.set_upstream_down(false); }

  private:
    Table& table_;
};

}  // namespace

struct FrontRecorder::Impl {
    Impl(Record& record, Masks masks) : table(record, std::move(masks)) {}
    Table table;
    FrontWatcher watcher{table};
    std::unique_ptr<Engine> engine;  // ends before those whom it tells
};

FrontRecorder::FrontRecorder(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
FrontRecorder::~FrontRecorder() = default;

base::Result<std::unique_ptr<FrontRecorder>> FrontRecorder::open(const Experiment& experiment,
                                                                 Record& record) {
    auto masks = Masks::parse(experiment.traffic.masks);
    if (!masks) return base::fail(masks.error().message);
    auto impl = std::make_unique<Impl>(record, std::move(*masks));
    const auto address = ListenAddress::resolve(experiment.front.listen->text());
    if (!address) return base::fail(fmt::format("front.listen: {}", address.error().message));
    auto socket = ListenSocket::open(*address);
    if (!socket) return base::fail(fmt::format("front.listen: {}", socket.error().message));
    auto engine = Engine::start({.seed = experiment.seed, .watcher = &impl->watcher});
    if (!engine) return base::fail(engine.error().message);
    impl->engine = std::move(*engine);
    auto* table = &impl->table;
    impl->engine->open(0, {.name = "front",
                           .socket = std::move(*socket),
                           .upstream_host = experiment.front.upstream.host,
                           .upstream_port = experiment.front.upstream.port,
                           .protocol = wire::Protocol::http,
                           .listen_to =
                               [table](std::uint64_t connection) {
                                   return std::make_unique<ConnectionListener>(*table, connection);
                               },
                           .counts = std::make_shared<ProxyCounts>()});
    return std::unique_ptr<FrontRecorder>(new FrontRecorder(std::move(impl)));
}

void FrontRecorder::set_patience(std::chrono::milliseconds patience) {
    impl_->table.set_patience(std::chrono::duration_cast<std::chrono::microseconds>(patience).count());
}

bool FrontRecorder::waits_for(Micros at) {
    return impl_->table.waits_for(at);
}

}  // namespace homespun::seism
