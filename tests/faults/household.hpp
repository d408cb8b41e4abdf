#pragma once
#include <string>

#include "base/clock.hpp"
#include "base/random.hpp"
#include "net/io/client.hpp"
#include "sync/client/sync_client.hpp"

namespace homespun::tests {

/// What a person does with a server, one blocking step at a time; gives raw answers, so that a refusal can be
/// looked at. An answer of status 0 is none.
class Household {
  public:
    explicit Household(const std::string& root);

    base::Result<sync::client::SignedIn> sign_up(const std::string& email);
    base::Result<sync::client::StorageAccess> access(const sync::client::SignedIn& account);
    /// An access token for the token server; empty when it was refused.
    std::string bearer(const sync::client::SignedIn& account);

    net::http::ClientResponse try_sign_up(const std::string& email);
    net::http::ClientResponse try_sign_in(const std::string& email);
    net::http::ClientResponse try_bearer(const sync::client::SignedIn& account);
    net::http::ClientResponse try_token(const sync::client::SignedIn& account, const std::string& bearer);
    net::http::ClientResponse try_token(const std::string& bearer, const std::string& key_id);
    net::http::ClientResponse storage(const sync::client::StorageAccess& access, const std::string& method,
                                      const std::string& path, const std::string& body = {});
    net::http::ClientResponse get(const std::string& path);

  private:
    net::http::ClientResponse send(net::ClientRequest request);
    static net::ClientRequest post(const std::string& path, std::string body);

    net::Loop loop_;
    base::SystemClock clock_;
    base::SystemRandom random_;
    sync::client::SyncClient client_;
    net::Client http_{loop_};
    sync::client::ServerAddress server_;
};

}  // namespace homespun::tests
