#include "login_file.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "sys/files.hpp"

using namespace homespun;
using sync::client::SavedLogin;

namespace {

constexpr unsigned owner_alone = 0600;
constexpr mode_t others = 077;

bool exists(const std::string& path) {
    std::error_code none;
    return std::filesystem::exists(path, none);
}

bool is_same(const SavedLogin& one, const SavedLogin& other) {
    return one.protocol == other.protocol && one.server == other.server && one.account == other.account &&
           one.session_token == other.session_token && one.password == other.password &&
           one.sync_key == other.sync_key;
}

/// Until it goes, nobody else writes the file. Its directory must be there.
base::Result<sys::FileLock> lock(const std::string& path) {
    return sys::FileLock::wait(path + ".lock");
}

base::Result<void> write(const std::string& path, const SavedLogin& login) {
    const base::Wiped text(login.to_json());
    return sys::write_file_atomically(path, text.view(), owner_alone);
}

base::Error there_is_one(const std::string& path) {
    return {fmt::format("there is a login already ({}); `homespun client logout` ends it", path)};
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

base::Result<void> must_be_no_login() {
    const auto path = login_path();
    if (!path) return std::unexpected(path.error());
    if (exists(*path)) return std::unexpected(there_is_one(*path));
    return {};
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
    const auto locked = lock(*path);
    if (!locked) return std::unexpected(locked.error());
    if (exists(*path)) return std::unexpected(there_is_one(*path));
    return write(*path, login);
}

base::Result<void> save_crypto_keys(const SavedLogin& login) {
    const auto path = login_path();
    if (!path) return std::unexpected(path.error());
    const auto locked = lock(*path);
    if (!locked) return std::unexpected(locked.error());
    auto kept = load_login();
    if (!kept || !is_same(*kept, login)) return {};
    kept->crypto_keys = login.crypto_keys;
    return write(*path, *kept);
}

base::Result<void> remove_login(const SavedLogin* login) {
    const auto path = login_path();
    if (!path) return std::unexpected(path.error());
    const auto locked = lock(*path);
    if (!locked) return std::unexpected(locked.error());
    const auto kept = load_login();
    if (login != nullptr && kept && !is_same(*kept, *login)) return {};
    if (::unlink(path->c_str()) != 0 && errno != ENOENT)
        return base::fail(fmt::format("{} cannot be removed: {}", *path, std::strerror(errno)));
    return {};
}
