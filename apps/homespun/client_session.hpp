#pragma once
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/random.hpp"
#include "base/result.hpp"
#include "net/io/loop.hpp"
#include "sync/client/keyring.hpp"
#include "sync/client/record_server.hpp"
#include "sync/client/saved_login.hpp"

/// A person's records and keys while one command runs. Blocks; used by one thread.
class ClientSession {
  public:
    /// From the saved login. Asks no server yet.
    static homespun::base::Result<std::unique_ptr<ClientSession>> open();
    /// From this login, which is not saved.
    static homespun::base::Result<std::unique_ptr<ClientSession>> begin(
        homespun::sync::client::SavedLogin login);

    [[nodiscard]] const homespun::sync::client::SavedLogin& login() const { return login_; }
    [[nodiscard]] homespun::sync::client::Keyring& keys() { return keys_; }
    [[nodiscard]] homespun::base::Random& random() { return random_; }

    /// Fetches crypto/keys and opens it; false when the server has none. What was fetched is in `login()`.
    homespun::base::Result<bool> fetch_keys();
    enum class Missing { refuse, make };
    /// The same, and remembers what is new for commands that ask no server. Where there are none it fails, or
    /// makes what is missing of crypto/keys and meta/global.
    homespun::base::Result<void> need_keys(Missing missing);

    /// Runs one operation on the person's records.
    template <class Operation>
    auto run(Operation operation) {
        homespun::sync::client::Records records(*server_);
        return homespun::net::run_here(loop_, operation(records));
    }

  private:
    ClientSession(homespun::sync::client::SavedLogin login, homespun::base::KeyPair person)
        : login_(std::move(login)), keys_(std::move(person)) {}
    homespun::base::Result<void> make_what_is_missing(bool have_keys);

    homespun::sync::client::SavedLogin login_;
    homespun::sync::client::Keyring keys_;
    homespun::base::SystemClock clock_;
    homespun::base::SystemRandom random_;
    homespun::net::Loop loop_;
    std::unique_ptr<homespun::sync::client::RecordServer> server_;
};
