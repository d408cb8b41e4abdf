#pragma once
#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "net/io/client.hpp"
#include "sync/auth/access_token.hpp"
#include "sync/auth/key_source.hpp"
#include "sync/auth/mozilla_claims.hpp"

namespace homespun::sync::auth {

/// An account server of Mozilla's kind, elsewhere.
struct RemoteSettings {
    std::string issuer;  ///< `iss` of its tokens
    KeySource::Place keys;
    std::optional<net::http::Url> verify_url;  ///< asked about what no key of ours can decide; none: refused
    std::string client_id;                     ///< whom its events are for; empty: none are taken
    std::string email_domain;                  ///< behind its uids in `users.email`
    net::ClientSettings client;
};

/// Verifies access tokens of another account server (sync-1.5 sheet, 17.1): signed ones with its keys,
/// others, and those signed with a key that is nowhere to be had, at its verify endpoint. Thread-safe. Its
/// calls to other servers happen on `loop`; loop, clock and logger outlive it, and it outlives the loop's
/// run.
class RemoteAccessTokens final : public AccessTokenVerifier {
  public:
    static constexpr std::int64_t verdict_lifetime_ms = 60'000;
    static constexpr std::size_t most_verdicts = 10'000;  ///< kept in memory
    static constexpr int most_questions = 32;             ///< under way at the verify endpoint at a time

    /// The error is a message for the operator: keys that are none, an unreadable ca_file…
    static base::Result<std::unique_ptr<RemoteAccessTokens>> open(RemoteSettings settings, net::Loop& loop,
                                                                  const base::Clock& clock,
                                                                  base::Logger& logger);

    base::Task<AccessVerdict> verify(base::Executor& home, std::string token,
                                     std::string_view scope) override;

    /// What a security event token says. Continues on `home`.
    base::Task<std::expected<std::vector<AccountEvent>, AccessRefusal>> events(base::Executor& home,
                                                                               std::string token);
    [[nodiscard]] const std::string& email_domain() const { return settings_.email_domain; }

  private:
    struct Verdict {
        AccessGrant grant;
        std::int64_t until_ms;
    };

    RemoteAccessTokens(RemoteSettings settings, net::Loop& loop, const base::Clock& clock,
                       base::Logger& logger)
        : settings_(std::move(settings)),
          loop_(loop),
          clock_(clock),
          logger_(logger),
          client_(loop, settings_.client) {}

    base::Task<AccessVerdict> ask(base::Executor& home, std::string token, std::string_view scope,
                                  AccessRefusal otherwise);
    base::Task<base::Result<net::http::ClientResponse>> question(std::string_view token);
    std::optional<AccessGrant> remembered(const std::string& key);
    void remember(const std::string& key, const AccessGrant& grant);

    const RemoteSettings settings_;
    net::Loop& loop_;
    const base::Clock& clock_;
    base::Logger& logger_;
    net::Client client_;
    std::unique_ptr<KeySource> keys_;
    std::atomic<int> questions_ = 0;

    std::mutex mutex_;
    std::unordered_map<std::string, Verdict> verdicts_;  ///< by SHA-256 of scope and token; guarded by mutex_
};

/// Tokens of our own accounts and of another account server, side by side. Thread-safe; owns neither.
class EitherAccessTokens final : public AccessTokenVerifier {
  public:
    EitherAccessTokens(AccessTokenVerifier& own, AccessTokenVerifier& remote) : own_(own), remote_(remote) {}
    base::Task<AccessVerdict> verify(base::Executor& home, std::string token,
                                     std::string_view scope) override;

  private:
    AccessTokenVerifier& own_;
    AccessTokenVerifier& remote_;
};

}  // namespace homespun::sync::auth
