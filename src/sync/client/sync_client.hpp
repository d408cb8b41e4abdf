#pragma once
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "base/random.hpp"
#include "base/result.hpp"
#include "base/task.hpp"
#include "net/io/client.hpp"
#include "sync/client/messages.hpp"

namespace homespun::sync::client {

/// A client of our own for accounts, token server and storage: what a browser does, without the browser.
/// Lives on one loop, used from its thread. The password is stretched here (v2, some hundred milliseconds of
/// blocking work) and never sent. Errors say what the server answered.
class SyncClient {
  public:
    /// `root` is what a person puts into Firefox, like http://127.0.0.1:5000.
    static base::Result<SyncClient> at(net::Loop& loop, std::string_view root, const base::Clock& clock,
                                       base::Random& random);

    base::Task<base::Result<SignedIn>> sign_up(std::string email, std::string password,
                                               std::string invite = {});
    /// What fails after the session has begun ends it, as for sign_up.
    base::Task<base::Result<SignedIn>> sign_in(std::string email, std::string password);
    /// A storage token for the account. Fails when the server has TLS and its storage has not.
    base::Task<base::Result<StorageAccess>> storage_access(const SignedIn& account);
    /// The same for whoever has kept only the session token (32 bytes) and the value of X-KeyID.
    base::Task<base::Result<StorageAccess>> storage_access(std::string session_token, std::string key_id);
    /// Ends the session; its token is good for nothing afterwards.
    base::Task<base::Result<void>> sign_out(std::string session_token);
    /// One signed storage request; `path` is below the endpoint, like /info/collections, query included.
    base::Task<base::Result<net::http::ClientResponse>> storage(const StorageAccess& access,
                                                                std::string method, std::string path,
                                                                std::string body = {},
                                                                net::http::Headers headers = {});

  private:
    SyncClient(net::Loop& loop, ServerAddress root, const base::Clock& clock, base::Random& random)
        : http_(std::make_unique<net::Client>(loop)),
          root_(std::move(root)),
          clock_(&clock),
          random_(&random) {}

    base::Task<base::Result<base::json::Value>> call(net::ClientRequest request);
    /// With the e-mail address as the server spells it, if it is known there in another spelling.
    base::Task<base::Result<base::json::Value>> log_in(std::string email, std::string auth);
    /// As `call`, signed with a session.
    base::Task<base::Result<base::json::Value>> call_as(std::string session_token,
                                                        net::ClientRequest request);
    net::ClientRequest request(std::string method, std::string_view target, std::string body = {}) const;
    base::Task<base::Result<SignedIn>> finish_sign_in(base::json::Value answer, std::string unwrap_key);
    /// The keys of the account whose session has just begun.
    base::Task<base::Result<SignedIn>> learn_keys(base::json::Value answer, std::string session_token,
                                                  std::string unwrap_key);

    std::unique_ptr<net::Client> http_;
    ServerAddress root_;
    const base::Clock* clock_;
    base::Random* random_;
};

}  // namespace homespun::sync::client
