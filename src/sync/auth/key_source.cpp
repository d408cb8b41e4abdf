#include "sync/auth/key_source.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>

#include "sys/files.hpp"

namespace homespun::sync::auth {
namespace {

constexpr std::int64_t in_ms(std::chrono::milliseconds duration) {
    return duration.count();
}

bool knows(const KeySet& keys, const std::string& id) {
    return std::ranges::any_of(keys, [&](const auto& key) { return key.id == id; });
}

}  // namespace

base::Result<std::unique_ptr<KeySource>> KeySource::open(Place place, net::Loop& loop, net::Client& client,
                                                         const base::Clock& clock, base::Logger& logger) {
    auto source = std::unique_ptr<KeySource>(new KeySource(std::move(place), loop, client, clock, logger));
    if (!source->place_.text.empty()) {
        auto keys = parse_key_set(source->place_.text);
        if (!keys) return std::unexpected(keys.error());
        source->keys_ = std::make_shared<const KeySet>(std::move(*keys));
    } else if (!source->place_.file.empty()) {
        source->file_state_ = source->state_of_file();
        if (auto read = source->read_file(); !read) return std::unexpected(read.error());
    }
    return source;
}

KeySource::FileState KeySource::state_of_file() const {
    struct stat now{};
    if (::stat(place_.file.c_str(), &now) != 0) return {};
    return {now.st_ctim.tv_sec * 1'000'000'000 + now.st_ctim.tv_nsec, now.st_size, now.st_ino};
}

base::Result<void> KeySource::read_file() {
    last_went_well_ = false;
    auto text = sys::read_file(place_.file);
    if (!text) return std::unexpected(text.error());
    auto keys = parse_key_set(*text);
    if (!keys) return base::fail(fmt::format("{}: {}", place_.file, keys.error().message));
    keys_ = std::make_shared<const KeySet>(std::move(*keys));
    last_went_well_ = true;
    return {};
}

KeySource::Keys KeySource::keys_of_file() {
    const std::lock_guard lock(mutex_);
    if (const auto state = state_of_file(); state != file_state_) {
        file_state_ = state;  // also when it is bad, or gone: one complaint a change
        if (auto read = read_file(); !read)
            logger_.warning("keys_not_read", {{"error", read.error().message}});
    }
    return {keys_, last_went_well_ ? Freshness::current : Freshness::unavailable};
}

bool KeySource::may_ask() const {
    if (!asked_at_ms_) return true;
    const auto pause = keys_ ? in_ms(ask_again_after) : in_ms(ask_again_without_keys_after);
    return std::abs(clock_.now_ms() - *asked_at_ms_) >= pause;  // a clock set back must not silence us
}

base::Task<KeySource::Keys> KeySource::keys_for(base::Executor& home, std::optional<std::string> key_id) {
    if (!place_.text.empty()) co_return Keys{keys_, Freshness::current};
    if (!place_.file.empty()) co_return keys_of_file();
    {
        const std::lock_guard lock(mutex_);
        if (keys_ && (!key_id || knows(*keys_, *key_id))) {
            const bool old = std::abs(clock_.now_ms() - fetched_at_ms_) >= in_ms(refresh_after);
            if (old && !fetching_ && may_ask()) begin_fetch();  // this request does not wait for it
            co_return Keys{keys_, Freshness::current};
        }
        if (!fetching_) {
            if (!may_ask())
                co_return Keys{keys_, last_went_well_ ? Freshness::not_asked_again : Freshness::unavailable};
            begin_fetch();
        }
    }
    struct Joining {
        KeySource& source;
        base::Executor& home;
        [[nodiscard]] bool await_ready() const noexcept { return false; }
        bool await_suspend(std::coroutine_handle<> caller) const {
            const std::lock_guard lock(source.mutex_);
            if (source.fetching_) source.waiters_.push_back({home, caller});
            return source.fetching_;
        }
        void await_resume() const noexcept {}
    };
    co_await Joining{*this, home};
    const std::lock_guard lock(mutex_);
    co_return Keys{keys_, last_went_well_ ? Freshness::current : Freshness::unavailable};
}

void KeySource::begin_fetch() {
    fetching_ = true;
    asked_at_ms_ = clock_.now_ms();
    loop_.post([this] {
        base::spawn(fetch(), [this](std::expected<base::Result<KeySet>, std::exception_ptr> fetched) {
            settle(fetched ? std::move(*fetched) : base::fail("out of memory"));
        });
    });
}

base::Task<base::Result<KeySet>> KeySource::fetch() {
    net::ClientRequest request;
    request.target = place_.url.target;
    request.headers.add("Accept", "application/json");
    request.headers.add("Connection", "close");  // the next time is an hour away
    const auto endpoint = net::Endpoint::of(place_.url);
    auto response = co_await client_.send(endpoint, std::move(request), patience);
    if (!response) co_return std::unexpected(response.error());
    const auto name = fmt::format("{}{}", endpoint.authority(), place_.url.target);
    if (response->status != 200)
        co_return base::fail(fmt::format("{} answered {}{}", name, response->status,
                                         response->status / 100 == 3 ? "; redirects are not followed" : ""));
    auto keys = parse_key_set(response->body);
    if (!keys) co_return base::fail(fmt::format("{}: {}", name, keys.error().message));
    co_return std::move(*keys);
}

void KeySource::settle(base::Result<KeySet> fetched) {
    std::vector<Waiter> waiters;
    {
        const std::lock_guard lock(mutex_);
        fetching_ = false;
        last_went_well_ = fetched.has_value();
        if (fetched) {
            keys_ = std::make_shared<const KeySet>(std::move(*fetched));
            fetched_at_ms_ = clock_.now_ms();
        }
        waiters.swap(waiters_);
    }
    if (!fetched) {
        logger_.warning("keys_not_fetched", {{"error", fetched.error().message}});
    } else {
        logger_.debug("keys_fetched");
    }
    for (const auto& waiter : waiters)
        waiter.home.post([caller = waiter.caller] { caller.resume(); });
}

}  // namespace homespun::sync::auth
