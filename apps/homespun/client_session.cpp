#include "client_session.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <tuple>

#include "base/encoding.hpp"
#include "sync/client/account_storage.hpp"
#include "sync/client/weave_client.hpp"
#include "sys/files.hpp"

using namespace homespun;
namespace client = sync::client;
using client::CollectionKeys;
using client::Protocol;
using client::SavedLogin;

namespace {

constexpr unsigned owner_alone = 0600;
constexpr mode_t others = 077;

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

base::Result<std::string> login_path() {
    const auto* config = std::getenv("XDG_CONFIG_HOME");
    if (config != nullptr && *config == '/') return std::string(config) + "/homespun/client.json";
    const auto* home = std::getenv("HOME");
    if (home == nullptr || *home == '\0')
        return base::fail("neither XDG_CONFIG_HOME nor HOME says where the login is kept");
    return std::string(home) + "/.config/homespun/client.json";
}

base::Result<SavedLogin> load_login() {
    const auto path = login_path();
    if (!path) return std::unexpected(path.error());
    struct stat facts{};
    if (::stat(path->c_str(), &facts) != 0)
        return base::fail(fmt::format("nobody is logged in (no {}); use `homespun client login`", *path));
    if ((facts.st_mode & others) != 0)
        return base::fail(fmt::format("{} holds keys and others can read it; use chmod 600", *path));
    auto text = sys::read_file(*path);
    if (!text) return std::unexpected(text.error());
    const base::Wiped secret(std::move(*text));
    auto login = SavedLogin::parse(secret.view());
    if (!login) return base::fail(fmt::format("{}: {}", *path, login.error().message));
    return login;
}

base::Result<void> save_login(const SavedLogin& login) {
    const auto path = login_path();
    if (!path) return std::unexpected(path.error());
    ::umask(others);
    const auto folder = std::filesystem::path(*path).parent_path();
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    if (error)
        return base::fail(
            fmt::format("the directory {} cannot be made: {}", folder.string(), error.message()));
    const base::Wiped text(login.to_json());
    return sys::write_file_atomically(*path, text.view(), owner_alone);
}

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

base::Result<void> ClientSession::need_keys() {
    const auto before = login_.crypto_keys;
    const auto found = fetch_keys();
    if (!found) return std::unexpected(found.error());
    if (!*found) return base::fail("nothing has been synced to this account yet: there is no crypto/keys");
    return login_.crypto_keys == before ? base::Result<void>() : save_login(login_);
}

base::Result<void> ClientSession::need_or_make_keys() {
    const auto before = login_.crypto_keys;
    const auto found = fetch_keys();
    if (!found) return std::unexpected(found.error());
    if (!*found) {
        if (auto made = make_keys(); !made) return made;
    }
    return login_.crypto_keys == before ? base::Result<void>() : save_login(login_);
}

base::Result<void> ClientSession::make_keys() {
    auto payload = keys_.make_keys(random_);
    for (auto& [collection, id, text] :
         {std::tuple{std::string("meta"), std::string("global"), empty_meta(random_)},
          std::tuple{std::string(CollectionKeys::collection), std::string(CollectionKeys::id), payload}}) {
        auto stored = run([&](client::Records& records) { return records.put(collection, id, text, true); });
        if (!stored) return stored;
    }
    login_.crypto_keys = std::move(payload);
    return {};
}
