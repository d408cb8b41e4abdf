#include "client_session.hpp"

#include <fmt/format.h>

#include "base/encoding.hpp"
#include "login_file.hpp"
#include "sync/client/account_storage.hpp"
#include "sync/client/weave_client.hpp"

using namespace homespun;
namespace client = sync::client;
using client::CollectionKeys;
using client::Protocol;
using client::SavedLogin;

namespace {

/// As Firefox says it of an account with no records: version of the format, nothing in use yet.
std::string empty_meta(base::Random& random) {
    constexpr int storage_version = 5;
    constexpr std::size_t id_bytes = 9;
    const auto sync_id = base::base64_encode(random.bytes(id_bytes), base::Base64::url_nopad);
    return fmt::format(R"({{"syncID":"{}","storageVersion":{},"engines":{{}},"declined":[]}})", sync_id,
                       storage_version);
}

base::Result<std::unique_ptr<client::RecordServer>> server_of(const SavedLogin& login, net::Loop& loop,
                                                              const base::Clock& clock,
                                                              base::Random& random) {
    if (login.protocol == Protocol::users)
        return client::WeaveClient::at(loop, login.server, login.user, login.password);
    auto accounts = client::SyncClient::at(loop, login.server, clock, random);
    if (!accounts) return std::unexpected(accounts.error());
    return std::make_unique<client::AccountStorage>(std::move(*accounts), login.session_token, login.key_id);
}

std::string keys_do_not_open(const SavedLogin& login, client::RecordFault fault) {
    if (fault != client::RecordFault::wrong_key)
        return fmt::format("the record crypto/keys {}", client::describe(fault));
    return login.protocol == Protocol::users
               ? "the Sync key does not open this user's keys (crypto/keys): a letter of it is wrong, or "
                 "another device has made a new one since"
               : "the account's key does not open the keys of its records (crypto/keys): the password was "
                 "reset since; log out and in again";
}

}  // namespace

base::Result<std::unique_ptr<ClientSession>> ClientSession::begin(SavedLogin login) {
    auto person = login.person_keys();
    if (!person) return std::unexpected(person.error());
    std::unique_ptr<ClientSession> session(new ClientSession(std::move(login), std::move(*person)));
    auto server = server_of(session->login_, session->loop_, session->clock_, session->random_);
    if (!server) return std::unexpected(server.error());
    session->server_ = std::move(*server);
    return session;
}

base::Result<std::unique_ptr<ClientSession>> ClientSession::open() {
    auto login = load_login();
    if (!login) return std::unexpected(login.error());
    return begin(std::move(*login));
}

base::Result<bool> ClientSession::fetch_keys() {
    const auto record = run([](client::Records& records) {
        return records.find(std::string(CollectionKeys::collection), std::string(CollectionKeys::id));
    });
    if (!record) return std::unexpected(record.error());
    if (!*record) return false;
    if (const auto learnt = keys_.learn((*record)->payload); !learnt)
        return base::fail(keys_do_not_open(login_, learnt.error()));
    login_.crypto_keys = (*record)->payload;
    return true;
}

base::Result<void> ClientSession::need_keys(Missing missing) {
    const auto before = login_.crypto_keys;
    const auto found = fetch_keys();
    if (!found) return std::unexpected(found.error());
    if (missing == Missing::make) {
        if (auto made = make_what_is_missing(*found); !made) return made;
    } else if (!*found) {
        return base::fail("nothing has been synced to this account yet: there is no crypto/keys");
    }
    return login_.crypto_keys == before ? base::Result<void>() : save_crypto_keys(login_);
}

/// Also after somebody who has made one and not the other; a browser would begin anew where meta/global is
/// missing, and drop all records.
base::Result<void> ClientSession::make_what_is_missing(bool have_keys) {
    const auto meta = run([this](client::Records& records) {
        return records.make("meta", "global", [this] { return empty_meta(random_); });
    });
    if (!meta) return std::unexpected(meta.error());
    if (have_keys) return {};
    std::string payload;
    const auto keys = run([&](client::Records& records) {
        return records.make(std::string(CollectionKeys::collection), std::string(CollectionKeys::id),
                            [&] { return payload = keys_.make_keys(random_); });
    });
    if (!keys) return std::unexpected(keys.error());
    if (*keys) {
        login_.crypto_keys = std::move(payload);
        return {};
    }
    const auto theirs = fetch_keys();  // of another client, which was faster
    if (!theirs) return std::unexpected(theirs.error());
    if (!*theirs) return base::fail("another client makes and deletes crypto/keys; try again");
    return {};
}
