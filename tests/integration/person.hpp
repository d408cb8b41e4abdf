#pragma once
#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "base/clock.hpp"
#include "base/random.hpp"
#include "net/io/loop.hpp"
#include "sync/client/sync_client.hpp"

namespace homespun::tests {

/// Our client with its loop, as a blocking thing.
class Person {
  public:
    explicit Person(const std::string& root)
        : client_(*sync::client::SyncClient::at(loop_, root, clock_, random_)) {}

    base::Result<sync::client::SignedIn> sign_up(const std::string& email, const std::string& invite = {}) {
        return net::run_here(loop_, client_.sign_up(email, password, invite));
    }
    base::Result<sync::client::SignedIn> sign_in(const std::string& email) {
        return net::run_here(loop_, client_.sign_in(email, password));
    }
    base::Result<sync::client::StorageAccess> access(const sync::client::SignedIn& account) {
        return net::run_here(loop_, client_.storage_access(account));
    }
    net::http::ClientResponse storage(const sync::client::StorageAccess& access, std::string method,
                                      std::string path, std::string body = {}) {
        auto response = net::run_here(
            loop_, client_.storage(access, std::move(method), std::move(path), std::move(body)));
        if (response) return std::move(*response);
        ADD_FAILURE() << response.error().message;
        return {};
    }

  private:
    static constexpr const char* password = "correct horse battery";
    net::Loop loop_;
    base::SystemClock clock_;
    base::SystemRandom random_;
    sync::client::SyncClient client_;
};

}  // namespace homespun::tests
