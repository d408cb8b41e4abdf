// `homespun client login` and `logout`.
#include <fmt/format.h>

#include <filesystem>

#include "base/text.hpp"
#include "client_commands.hpp"
#include "client_session.hpp"
#include "login_file.hpp"
#include "sync/accounts/keys.hpp"
#include "sync/auth/public_url.hpp"
#include "sync/auth/user_name.hpp"
#include "sync/client/legacy_sync_key.hpp"
#include "sync/client/printable.hpp"
#include "sync/client/sync_client.hpp"
#include "sync/client/weave_client.hpp"
#include "sys/files.hpp"
#include "sys/terminal.hpp"

using namespace homespun;
namespace client = sync::client;
using client::LegacySyncKey;
using client::Protocol;
using client::SavedLogin;

namespace {

/// From a file when one is named, else from the person.
base::Result<std::string> secret(const std::string& file, std::string_view question) {
    return file.empty() ? sys::ask_secret(question) : sys::read_secret(file);
}

/// Sessions are ended where they were begun. Of a user of 2010 there is none.
base::Result<void> end_session(const SavedLogin& login) {
    if (login.protocol != Protocol::accounts) return {};
    net::Loop loop;
    const base::SystemClock clock;
    base::SystemRandom random;
    auto accounts = client::SyncClient::at(loop, login.server, clock, random);
    if (!accounts) return std::unexpected(accounts.error());
    return net::run_here(loop, accounts->sign_out(login.session_token));
}

void warn_of_clear_text(const std::string& server) {
    const auto url = sync::auth::PublicUrl::parse(server);
    if (url && url->scheme == "http" && !url->is_loopback())
        complain("what is sent to this server can be read on the way: its URL does not begin with https", 0);
}

}  // namespace

void ClientCommands::add_login(CLI::App& client, const AddCommand& command) {
    auto& login =
        command(client, "login", "Log in and keep what the other commands need", [this] { return log_in(); });
    login.add_option("--protocol", protocol_, "1.5: an account; 1.1: a user of 2010 with a Sync key")
        ->check(CLI::IsMember({"1.5", "1.1"}))
        ->capture_default_str();
    login.add_option("--server", server_, "URL of the server; asked for without it");
    login.add_option("--account", account_, "E-mail address, for 1.1 also a name; asked for without it");
    login.add_option("--password-file", password_file_, "File whose first line is the password");
    auto* const file =
        login.add_option("--sync-key-file", sync_key_file_, "1.1: file whose first line is the Sync key");
    login
        .add_flag("--new-sync-key", new_sync_key_,
                  "1.1: make and print a Sync key, for a user who has stored nothing yet")
        ->excludes(file);
    command(client, "logout", "End the session and forget what login has kept", [this] { return log_out(); });
}

base::Result<void> ClientCommands::ask_for_login() {
    if (server_.empty()) {
        auto answer = sys::ask("Server (URL): ");
        if (!answer) return std::unexpected(answer.error());
        server_ = std::string(base::trim(*answer));
    }
    const auto url = sync::auth::PublicUrl::parse(server_);
    if (!url) return std::unexpected(url.error());
    server_ = url->text();
    warn_of_clear_text(server_);
    if (account_.empty()) {
        auto answer = sys::ask("Account: ");
        if (!answer) return std::unexpected(answer.error());
        account_ = std::string(base::trim(*answer));
    }
    if (account_.empty()) return base::fail("an account has a name");
    auto password = secret(password_file_, "Password: ");
    if (!password) return std::unexpected(password.error());
    password_ = std::move(*password);
    if (password_.empty()) return base::fail("the password is empty");
    return {};
}

base::Result<SavedLogin> ClientCommands::log_in_to_account() {
    if (new_sync_key_ || !sync_key_file_.empty())
        return base::fail("accounts (--protocol 1.5) have no Sync key");
    net::Loop loop;
    const base::SystemClock clock;
    base::SystemRandom random;
    auto accounts = client::SyncClient::at(loop, server_, clock, random);
    if (!accounts) return std::unexpected(accounts.error());
    auto signed_in = net::run_here(loop, accounts->sign_in(account_, password_));
    if (!signed_in) return std::unexpected(signed_in.error());
    SavedLogin login;
    login.server = server_;
    login.account = account_;
    login.session_token = signed_in->session_token;
    login.key_id = client::key_id_header(signed_in->key_b, signed_in->keys_changed_at_ms);
    login.key_bytes = sync::accounts::sync_key(signed_in->key_b);
    base::wipe(signed_in->key_b);
    return login;
}

base::Result<SavedLogin> ClientCommands::log_in_as_user() {
    const auto user = sync::auth::user_name(account_);
    if (!user) return base::fail(fmt::format("\"{}\" is neither a name nor an e-mail address", account_));
    net::Loop loop;
    auto weave = client::WeaveClient::at(loop, server_, *user, password_);
    if (!weave) return std::unexpected(weave.error());
    const auto exists = net::run_here(loop, (*weave)->user_exists());
    if (!exists) return std::unexpected(exists.error());
    if (!*exists) return base::fail(fmt::format("the server knows no user {} (name {})", account_, *user));
    const auto facts = net::run_here(loop, (*weave)->send("GET", "/info/collections"));
    if (!facts) return std::unexpected(facts.error());
    if (facts->status == 401) return base::fail(fmt::format("the password is not that of {}", account_));
    if (facts->status != 200) return std::unexpected(client::refusal("GET /info/collections", *facts));

    base::SystemRandom random;
    base::Result<LegacySyncKey> key = base::fail("");
    if (new_sync_key_) {
        client::Records records(**weave);
        const auto keys = net::run_here(loop, records.find("crypto", "keys"));
        if (!keys) return std::unexpected(keys.error());
        if (*keys)
            return base::fail("this user has stored records under a Sync key already: that one is needed");
        key = LegacySyncKey::make(random);
    } else {
        auto text = secret(sync_key_file_, "Sync key: ");
        if (!text) return std::unexpected(text.error());
        const base::Wiped typed(std::move(*text));
        key = LegacySyncKey::parse(typed.view());
    }
    if (!key) return std::unexpected(key.error());
    SavedLogin login;
    login.protocol = Protocol::users;
    login.server = server_;
    login.account = account_;
    login.user = *user;
    login.password = password_;
    login.sync_key = key->text();
    return login;
}

int ClientCommands::log_in() {
    const auto failed = [this](const base::Error& error) {
        base::wipe(password_);
        return complain(client::printable_text(error.message), exit_failed);
    };
    const auto path = login_path();
    if (!path) return failed(path.error());
    if (auto none = must_be_no_login(); !none) return failed(none.error());
    if (auto asked = ask_for_login(); !asked) return failed(asked.error());
    auto login = protocol_ == client::version_of(Protocol::users) ? log_in_as_user() : log_in_to_account();
    if (!login) return failed(login.error());
    base::wipe(password_);

    auto session = ClientSession::begin(std::move(*login));
    if (!session) return failed(session.error());
    const auto& its = (*session)->login();
    const auto found = (*session)->fetch_keys();
    base::Result<void> saved;
    if (found) saved = save_login(its);
    if (!found || !saved) {
        (void)end_session(its);  // one that nobody can use
        return failed(found ? saved.error() : found.error());
    }
    fmt::print("logged in to {} as {} (Sync {}), kept in {}\n", its.server,
               client::printable_text(its.account), client::version_of(its.protocol), *path);
    if (!*found) fmt::print("nothing has been synced to this account yet\n");
    if (new_sync_key_) {
        const auto key = LegacySyncKey::parse(its.sync_key);
        fmt::print("Sync key: {}\nWrite it down: every other device needs it, and nobody else has it.\n",
                   key ? key->shown() : "");
    }
    return 0;
}

int ClientCommands::log_out() {
    const auto path = login_path();
    if (!path) return complain(path.error().message, exit_failed);
    const auto login = load_login();
    if (!login && !std::filesystem::exists(*path)) return complain(login.error().message, exit_failed);
    const auto ended = login ? end_session(*login) : base::Result<void>();
    if (const auto removed = remove_login(login ? &*login : nullptr); !removed)
        return complain(removed.error().message, exit_failed);
    fmt::print("{} is removed\n", *path);
    if (ended) return 0;
    return complain(fmt::format("the server could not be told, so the session lasts until the password is "
                                "changed or it is revoked: {}",
                                client::printable_text(ended.error().message)),
                    exit_failed);
}
