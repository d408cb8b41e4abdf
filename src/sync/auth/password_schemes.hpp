#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

// How servers of 2010 kept passwords (sheet sync-legacy, 10.3). Only to check what old databases hold, and to
// write what an LDAP directory understands; what we make ourselves is argon2id. Pure, thread-safe.
namespace homespun::sync::auth {

enum class PasswordScheme {
    ssha,      ///< `{SSHA}`: SHA-1 with salt; also what has no known prefix and is base64
    ssha_256,  ///< `{SSHA-256}`: SHA-256 with salt
    sscrypt,   ///< `{SSCRYPT}`: scrypt, N=16384, r=8, p=1: some 50 ms and 16 MiB
    md5_hex,   ///< 32 hex digits: MD5 of the password alone (PHP era)
};

/// Which of them `stored` is; nothing when it is none.
std::optional<PasswordScheme> scheme_of(std::string_view stored);

/// Whether `password` is what `stored` was made of; false also when `stored` is none of the schemes. Compares
/// in constant time.
bool fits_old_hash(std::string_view password, std::string_view stored);

/// `{SSHA}…` and so on over password and salt. Nothing for `md5_hex`, and when scrypt gets no memory.
std::optional<std::string> make_old_hash(PasswordScheme scheme, std::string_view password,
                                         std::string_view salt);

constexpr std::size_t old_salt_size = 8;  ///< the last bytes behind the digest

}  // namespace homespun::sync::auth
