#include "sync/auth/jwt.hpp"

#include <fmt/format.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

#include <array>

#include "base/encoding.hpp"
#include "base/text.hpp"

namespace homespun::sync::auth {
namespace {

constexpr int least_rsa_bits = 2048;
constexpr int most_rsa_bits = 8192;  // a larger one only makes each check dear
constexpr std::size_t p256_size = 32;

template <auto Free>
struct Freer {
    template <class T>
    void operator()(T* it) const {
        Free(it);
    }
};
using Number = std::unique_ptr<BIGNUM, Freer<BN_free>>;
using ParamBuilder = std::unique_ptr<OSSL_PARAM_BLD, Freer<OSSL_PARAM_BLD_free>>;
using Params = std::unique_ptr<OSSL_PARAM, Freer<OSSL_PARAM_free>>;
using KeyContext = std::unique_ptr<EVP_PKEY_CTX, Freer<EVP_PKEY_CTX_free>>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, Freer<EVP_MD_CTX_free>>;
using EcdsaSignature = std::unique_ptr<ECDSA_SIG, Freer<ECDSA_SIG_free>>;

const unsigned char* bytes_of(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

Number number_of(std::string_view big_endian) {
    return Number(BN_bin2bn(bytes_of(big_endian), static_cast<int>(big_endian.size()), nullptr));
}

/// Null when OpenSSL does not take the parameters for a public key.
std::shared_ptr<EVP_PKEY> public_key(const char* kind, OSSL_PARAM_BLD* builder) {
    const Params params(OSSL_PARAM_BLD_to_param(builder));
    const KeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, kind, nullptr));
    EVP_PKEY* made = nullptr;
    if (!params || !context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
        EVP_PKEY_fromdata(context.get(), &made, EVP_PKEY_PUBLIC_KEY, params.get()) != 1) {
        return nullptr;
    }
    std::shared_ptr<EVP_PKEY> key(made, EVP_PKEY_free);
    const KeyContext check(EVP_PKEY_CTX_new_from_pkey(nullptr, key.get(), nullptr));
    return check && EVP_PKEY_public_check(check.get()) == 1 ? key : nullptr;
}

/// JOSE writes the two numbers side by side (RFC 7518, 3.4), OpenSSL wants them as DER; empty when
/// impossible.
std::string der_signature(std::string_view raw) {
    if (raw.size() != 2 * p256_size) return {};
    const EcdsaSignature signature(ECDSA_SIG_new());
    auto r = number_of(raw.substr(0, p256_size));
    auto s = number_of(raw.substr(p256_size));
    if (!signature || !r || !s || ECDSA_SIG_set0(signature.get(), r.get(), s.get()) != 1) return {};
    (void)r.release(), (void)s.release();  // the signature's now
    unsigned char* der = nullptr;
    const int size = i2d_ECDSA_SIG(signature.get(), &der);
    if (size <= 0) return {};
    std::string text(reinterpret_cast<const char*>(der), static_cast<std::size_t>(size));
    OPENSSL_free(der);
    return text;
}

constexpr std::string_view name_of(JwtAlgorithm algorithm) {
    return algorithm == JwtAlgorithm::rs256 ? "RS256" : "ES256";
}

}  // namespace

base::Result<SigningKey> SigningKey::rsa(std::string_view modulus, std::string_view exponent) {
    const auto bad = [] { return base::fail("an RSA key with numbers that make no key"); };
    if (modulus.empty() || exponent.empty() || modulus.size() > most_rsa_bits / 8 + 1 || exponent.size() > 8)
        return bad();
    const auto n = number_of(modulus);
    const auto e = number_of(exponent);
    const ParamBuilder builder(OSSL_PARAM_BLD_new());
    if (!n || !e || !builder || !BN_is_odd(e.get()) || BN_is_one(e.get())) return bad();
    if (const int bits = BN_num_bits(n.get()); bits < least_rsa_bits || bits > most_rsa_bits)
        return base::fail(
            fmt::format("an RSA key of {} bits; {} to {} are good", bits, least_rsa_bits, most_rsa_bits));
    if (OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get()) != 1 ||
        OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get()) != 1) {
        return bad();
    }
    auto key = public_key("RSA", builder.get());
    if (!key) return bad();
    return SigningKey(JwtAlgorithm::rs256, std::move(key));
}

base::Result<SigningKey> SigningKey::p256(std::string_view x, std::string_view y) {
    const auto bad = [] { return base::fail("an EC key that is no point of P-256"); };
    if (x.size() != p256_size || y.size() != p256_size) return bad();
    const auto point = "\x04" + std::string(x) + std::string(y);
    const ParamBuilder builder(OSSL_PARAM_BLD_new());
    if (!builder ||
        OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0) != 1 ||
        OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(),
                                         point.size()) != 1) {
        return bad();
    }
    auto key = public_key("EC", builder.get());
    if (!key) return bad();
    return SigningKey(JwtAlgorithm::es256, std::move(key));
}

bool SigningKey::verify(std::string_view signed_text, std::string_view signature) const {
    std::string der;
    if (algorithm_ == JwtAlgorithm::es256) {
        der = der_signature(signature);
        if (der.empty()) return false;
        signature = der;
    }
    const DigestContext context(EVP_MD_CTX_new());
    // An RSA key without further words is PKCS #1 v1.5, as RS256 demands.
    return context && EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key_.get()) == 1 &&
           EVP_DigestVerify(context.get(), bytes_of(signature), signature.size(), bytes_of(signed_text),
                            signed_text.size()) == 1;
}

std::string_view reason_of(JwtProblem problem) {
    switch (problem) {
        case JwtProblem::not_a_jwt:
            return "jwt_expected";
        case JwtProblem::too_large:
            return "jwt_too_large";
        case JwtProblem::malformed:
            return "jwt_malformed";
        case JwtProblem::algorithm:
            return "jwt_algorithm";
        case JwtProblem::critical:
            return "jwt_critical";
        case JwtProblem::no_key_id:
            return "jwt_no_key_id";
        case JwtProblem::unknown_key:
            return "jwt_unknown_key";
        case JwtProblem::signature:
            return "jwt_signature";
    }
    return "jwt_malformed";
}

std::expected<Jwt, JwtProblem> parse_jwt(std::string_view text) {
    const auto pieces = base::split(text, '.');
    if (pieces.size() != 3) return std::unexpected(JwtProblem::not_a_jwt);
    if (text.size() > max_jwt_size) return std::unexpected(JwtProblem::too_large);
    const auto decode = [](std::string_view piece) {
        return base::base64_decode(piece, base::Base64::url_nopad);
    };
    const auto header_text = decode(pieces[0]);
    const auto header =
        header_text ? base::json::parse(*header_text) : std::unexpected(base::json::ParseError{});
    if (!header || !header->object()) return std::unexpected(JwtProblem::not_a_jwt);

    Jwt token;
    const auto* algorithm = header->string("alg");
    if (!algorithm) return std::unexpected(JwtProblem::malformed);
    token.algorithm = *algorithm;
    if (token.algorithm != name_of(JwtAlgorithm::rs256) && token.algorithm != name_of(JwtAlgorithm::es256))
        return std::unexpected(JwtProblem::algorithm);
    if (header->member("crit")) return std::unexpected(JwtProblem::critical);
    if (const auto* type = header->member("typ")) {
        if (!type->string()) return std::unexpected(JwtProblem::malformed);
        token.type = base::to_lower(*type->string());
        constexpr std::string_view media_prefix = "application/";
        if (token.type.starts_with(media_prefix)) token.type.erase(0, media_prefix.size());
    }
    if (const auto* key_id = header->member("kid")) {
        if (!key_id->string()) return std::unexpected(JwtProblem::malformed);
        token.key_id = *key_id->string();
    }
    const auto claims_text = decode(pieces[1]);
    auto signature = decode(pieces[2]);
    if (!claims_text || !signature || signature->empty()) return std::unexpected(JwtProblem::malformed);
    auto claims = base::json::parse(*claims_text);
    if (!claims || !claims->object()) return std::unexpected(JwtProblem::malformed);
    token.claims = std::move(*claims);
    token.signature = std::move(*signature);
    token.signed_text = text.substr(0, pieces[0].size() + 1 + pieces[1].size());
    return token;
}

std::expected<void, JwtProblem> check_signature(const Jwt& token, std::span<const NamedKey> keys) {
    const NamedKey* chosen = nullptr;
    if (token.key_id) {
        for (const auto& key : keys) {
            if (key.id == *token.key_id) chosen = &key;
        }
    } else if (keys.size() > 1) {
        return std::unexpected(JwtProblem::no_key_id);
    } else if (!keys.empty()) {
        chosen = keys.data();
    }
    if (!chosen) return std::unexpected(JwtProblem::unknown_key);
    if (token.algorithm != name_of(chosen->key.algorithm())) return std::unexpected(JwtProblem::algorithm);
    if (!chosen->key.verify(token.signed_text, token.signature))
        return std::unexpected(JwtProblem::signature);
    return {};
}

}  // namespace homespun::sync::auth
