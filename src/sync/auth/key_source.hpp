#pragma once
#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "net/io/client.hpp"
#include "sync/auth/jwks.hpp"

namespace homespun::sync::auth {

/// The keys that an account server signs with, kept in memory: from a text, a file that is read anew when it
/// has changed, or a URL. A URL is asked when the first keys are needed, then once an hour, and when a token
/// names a key that is not known, at most once a minute. While it cannot be reached, the keys we have go on
/// being good. Thread-safe; `client` is used on its loop only. Outlived by loop and client.
class KeySource {
  public:
    /// Where the keys come from: the first that is set.
    struct Place {
        std::string text;
        std::string file;
        net::http::Url url;
    };
    enum class Freshness {
        current,
        not_asked_again,  ///< newer ones may exist: the URL was asked a moment ago, and not again for this
        unavailable,      ///< newer ones may exist: URL or file could not be read; the log says why
    };
    struct Keys {
        std::shared_ptr<const KeySet> keys;  ///< null: there have never been any
        Freshness freshness = Freshness::unavailable;
    };

    static constexpr std::chrono::hours refresh_after{1};
    static constexpr std::chrono::minutes ask_again_after{1};
    static constexpr std::chrono::seconds ask_again_without_keys_after{10};
    static constexpr std::chrono::seconds patience{10};

    /// A text or a file must hold a usable key now; a URL is not asked yet.
    static base::Result<std::unique_ptr<KeySource>> open(Place place, net::Loop& loop, net::Client& client,
                                                         const base::Clock& clock, base::Logger& logger);

    /// The keys as they are now, fetched first when there are none or none is called `key_id`. Continues on
    /// `home`.
    base::Task<Keys> keys_for(base::Executor& home, std::optional<std::string> key_id);

  private:
    struct Waiter {
        base::Executor& home;
        std::coroutine_handle<> caller;
    };
    /// What tells one state of a file from the next. The time of its last change of any kind: modes count.
    struct FileState {
        std::int64_t changed_ns = -1;
        std::int64_t size = -1;
        std::uint64_t inode = 0;
        bool operator==(const FileState&) const = default;
    };

    KeySource(Place place, net::Loop& loop, net::Client& client, const base::Clock& clock,
              base::Logger& logger)
        : place_(std::move(place)), loop_(loop), client_(client), clock_(clock), logger_(logger) {}

    [[nodiscard]] FileState state_of_file() const;
    base::Result<void> read_file();
    Keys keys_of_file();
    /// Both under the mutex.
    [[nodiscard]] bool may_ask() const;
    void begin_fetch();
    base::Task<base::Result<KeySet>> fetch();
    void settle(base::Result<KeySet> fetched);

    const Place place_;
    net::Loop& loop_;
    net::Client& client_;
    const base::Clock& clock_;
    base::Logger& logger_;

    std::mutex mutex_;  // guards what follows
    std::shared_ptr<const KeySet> keys_;
    FileState file_state_;
    std::optional<std::int64_t> asked_at_ms_;  ///< last time, whatever came of it
    std::int64_t fetched_at_ms_ = 0;           ///< last time that went well
    bool last_went_well_ = false;              ///< of URL or file
    bool fetching_ = false;
    std::vector<Waiter> waiters_;
};

}  // namespace homespun::sync::auth
