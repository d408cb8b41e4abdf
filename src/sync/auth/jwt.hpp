#pragma once
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/json.hpp"
#include "base/result.hpp"

struct evp_pkey_st;  // OpenSSL's EVP_PKEY

namespace homespun::sync::auth {

// JSON Web Tokens in compact form (RFC 7515, RFC 7519), signed with RS256 or ES256 and nothing else. Pure.

enum class JwtAlgorithm { rs256, es256 };

/// A public key that tokens may be signed with. Its own kind says which algorithm it checks: a token's header
/// can only agree. Immutable, thread-safe, cheap to copy.
class SigningKey {
  public:
    /// From the big-endian numbers of a JWK. Refused: RSA below 2048 or above 8192 bits or with an even or
    /// tiny exponent, points that are not on P-256.
    static base::Result<SigningKey> rsa(std::string_view modulus, std::string_view exponent);
    static base::Result<SigningKey> p256(std::string_view x, std::string_view y);

    [[nodiscard]] JwtAlgorithm algorithm() const { return algorithm_; }
    [[nodiscard]] bool verify(std::string_view signed_text, std::string_view signature) const;

  private:
    SigningKey(JwtAlgorithm algorithm, std::shared_ptr<evp_pkey_st> key)
        : algorithm_(algorithm), key_(std::move(key)) {}

    JwtAlgorithm algorithm_;
    std::shared_ptr<evp_pkey_st> key_;
};

/// A key with the name that tokens call it by; the name may be empty.
struct NamedKey {
    std::string id;
    SigningKey key;
};

enum class JwtProblem {
    not_a_jwt,    ///< not three pieces of base64url with a JSON object first: an opaque token, perhaps
    too_large,    ///< above `max_jwt_size`
    malformed,    ///< a header or claims against the rules
    algorithm,    ///< neither RS256 nor ES256 ("none" and HS256 among them), or not the one of the key named
    critical,     ///< the header demands extensions (`crit`): we know none
    no_key_id,    ///< no `kid`, and more than one key it could be
    unknown_key,  ///< `kid` names a key that we do not have
    signature,
};
/// A word for the log, listed in docs/reasons.md.
std::string_view reason_of(JwtProblem problem);

inline constexpr std::size_t max_jwt_size = 8 * 1024;

/// A token taken apart, nothing of it believed yet.
struct Jwt {
    std::string algorithm;  ///< `alg`
    std::string type;       ///< `typ`, lower case, without "application/"
    std::optional<std::string> key_id;
    base::json::Value claims;
    std::string_view signed_text;  ///< of the text given to `parse_jwt`
    std::string signature;
};

/// `text` must outlive the result.
std::expected<Jwt, JwtProblem> parse_jwt(std::string_view text);

/// Whether one of `keys` signed it: the one named `kid`; without `kid` the only one there is.
std::expected<void, JwtProblem> check_signature(const Jwt& token, std::span<const NamedKey> keys);

}  // namespace homespun::sync::auth
