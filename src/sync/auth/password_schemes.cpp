#include "sync/auth/password_schemes.hpp"

#include <openssl/evp.h>

#include <array>

#include "base/crypto.hpp"
#include "base/encoding.hpp"

namespace homespun::sync::auth {
namespace {

struct Prefix {
    PasswordScheme scheme;
    std::string_view text;
    std::size_t digest_size;
};
constexpr std::array prefixes = {
    Prefix{PasswordScheme::ssha, "{SSHA}", 20},
    Prefix{PasswordScheme::ssha_256, "{SSHA-256}", 32},
    Prefix{PasswordScheme::sscrypt, "{SSCRYPT}", 64},
};
constexpr std::size_t md5_size = 16;

std::optional<std::string> scrypt(std::string_view password, std::string_view salt, std::size_t size) {
    constexpr std::uint64_t cost = 16384;
    constexpr std::uint64_t block = 8;
    constexpr std::uint64_t most_memory = 64 << 20;
    std::string digest(size, '\0');
    if (EVP_PBE_scrypt(password.data(), password.size(), reinterpret_cast<const unsigned char*>(salt.data()),
                       salt.size(), cost, block, 1, most_memory,
                       reinterpret_cast<unsigned char*>(digest.data()), digest.size()) != 1)
        return std::nullopt;
    return digest;
}

std::optional<std::string> digest_of(const Prefix& its, std::string_view password, std::string_view salt) {
    const auto salted = [&] { return std::string(password) + std::string(salt); };
    switch (its.scheme) {
        case PasswordScheme::ssha:
            return base::sha1(salted());
        case PasswordScheme::ssha_256:
            return base::sha256(salted());
        case PasswordScheme::sscrypt:
            return scrypt(password, salt, its.digest_size);
        case PasswordScheme::md5_hex:
            break;
    }
    return std::nullopt;
}

std::optional<std::string> md5(std::string_view data) {
    std::string digest(md5_size, '\0');
    unsigned int size = 0;
    if (EVP_Digest(data.data(), data.size(), reinterpret_cast<unsigned char*>(digest.data()), &size,
                   EVP_md5(), nullptr) != 1)
        return std::nullopt;
    return digest;
}

/// A salted hash taken apart.
struct Stored {
    Prefix its;
    std::string digest, salt;
};

std::optional<Stored> read(std::string_view stored) {
    Prefix its = prefixes.front();
    for (const auto& known : prefixes) {
        if (!stored.starts_with(known.text)) continue;
        its = known;
        stored.remove_prefix(known.text.size());
        break;
    }
    auto bytes = base::base64_decode(stored, base::Base64::standard);
    if (!bytes || bytes->size() != its.digest_size + old_salt_size) return std::nullopt;
    return Stored{its, bytes->substr(0, its.digest_size), bytes->substr(its.digest_size)};
}

std::optional<std::string> read_md5(std::string_view stored) {
    if (stored.size() != 2 * md5_size) return std::nullopt;
    return base::hex_decode(stored);
}

}  // namespace

std::optional<PasswordScheme> scheme_of(std::string_view stored) {
    if (read_md5(stored)) return PasswordScheme::md5_hex;
    const auto salted = read(stored);
    if (!salted) return std::nullopt;
    return salted->its.scheme;
}

bool fits_old_hash(std::string_view password, std::string_view stored) {
    if (const auto plain = read_md5(stored)) {
        const auto digest = md5(password);
        return digest && base::equal_constant_time(*digest, *plain);
    }
    const auto salted = read(stored);
    if (!salted) return false;
    const auto digest = digest_of(salted->its, password, salted->salt);
    return digest && base::equal_constant_time(*digest, salted->digest);
}

std::optional<std::string> make_old_hash(PasswordScheme scheme, std::string_view password,
                                         std::string_view salt) {
    for (const auto& its : prefixes) {
        if (its.scheme != scheme) continue;
        const auto digest = digest_of(its, password, salt);
        if (!digest) return std::nullopt;
        return std::string(its.text) +
               base::base64_encode(*digest + std::string(salt), base::Base64::standard);
    }
    return std::nullopt;
}

}  // namespace homespun::sync::auth
