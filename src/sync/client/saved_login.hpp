#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "base/key_pair.hpp"
#include "base/result.hpp"

namespace homespun::sync::client {

enum class Protocol : std::uint8_t {
    accounts,  ///< Sync 1.5 with the accounts of today
    users,     ///< Sync 1.1 with users of 2010: name, password, Sync key
};

/// "1.5" or "1.1".
std::string_view version_of(Protocol protocol);

/// What a client keeps between two commands, in a file of its own. Holds secrets: they are wiped as it goes.
/// Of an account it is a session and the keys, never the password; of a user of 2010 the password too, which
/// that protocol wants with every request.
struct SavedLogin {
    Protocol protocol = Protocol::accounts;
    std::string server;   ///< URL of the root
    std::string account;  ///< as the person wrote it

    std::string session_token;  ///< accounts: 32 bytes
    std::string key_id;         ///< accounts: X-KeyID
    std::string key_bytes;      ///< accounts: the person's pair, 64 bytes

    std::string user;      ///< users: the name in addresses
    std::string password;  ///< users
    std::string sync_key;  ///< users: 26 letters and digits

    std::string
        crypto_keys;  ///< payload of crypto/keys as last seen, for reading without the server; may be empty

    SavedLogin() = default;
    SavedLogin(SavedLogin&&) noexcept = default;
    SavedLogin& operator=(SavedLogin&&) noexcept = default;
    ~SavedLogin();

    /// Understands what `to_json` writes; the error says what is wrong, no secret in it.
    static base::Result<SavedLogin> parse(std::string_view text);
    [[nodiscard]] std::string to_json() const;
    /// The pair that opens crypto/keys.
    [[nodiscard]] base::Result<base::KeyPair> person_keys() const;
};

}  // namespace homespun::sync::client
