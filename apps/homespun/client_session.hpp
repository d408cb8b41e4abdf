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

/// $XDG_CONFIG_HOME/homespun/client.json, or below ~/.config. The error says that neither variable is set.
homespun::base::Result<std::string> login_path();
/// What `client login` has saved; refused when others can read the file.
homespun::base::Result<homespun::sync::client::SavedLogin> load_login();
/// Writes it for its owner alone.
homespun::base::Result<void> save_login(const homespun::sync::client::SavedLogin& login);

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
    /// The same, and remembers what is new for commands that ask no server; fails when there are none.
    homespun::base::Result<void> need_keys();
    /// The same, but makes crypto/keys and meta/global where there are none.
    homespun::base::Result<void> need_or_make_keys();

    /// Runs one operation on the person's records.
    template <class Operation>
    auto run(Operation operation) {
        homespun::sync::client::Records records(*server_);
        return homespun::net::run_here(loop_, operation(records));
    }

  private:
    ClientSession(homespun::sync::client::SavedLogin login, homespun::base::KeyPair person)
        : login_(std::move(login)), keys_(std::move(person)) {}
    homespun::base::Result<void> make_keys();

    homespun::sync::client::SavedLogin login_;
    homespun::sync::client::Keyring keys_;
    homespun::base::SystemClock clock_;
    homespun::base::SystemRandom random_;
    homespun::net::Loop loop_;
    std::unique_ptr<homespun::sync::client::RecordServer> server_;
};
