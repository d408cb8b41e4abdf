#include <fmt/format.h>
#include <gtest/gtest.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include "base/encoding.hpp"
#include "sync/auth/signer_fixture.hpp"

namespace homespun::sync::auth {
namespace {

std::string base64url(std::string_view bytes) {
    return base::base64_encode(bytes, base::Base64::url_nopad);
}

}  // namespace

Signer Signer::rsa(std::string id, unsigned bits) {
    return {std::move(id), std::shared_ptr<EVP_PKEY>(EVP_RSA_gen(bits), EVP_PKEY_free), false};
}

Signer Signer::ec(std::string id, const char* curve) {
    return {std::move(id), std::shared_ptr<EVP_PKEY>(EVP_EC_gen(curve), EVP_PKEY_free), true};
}

/// Big-endian in base64url, at least `size` bytes.
std::string Signer::number(const char* name, std::size_t size) const {
    BIGNUM* value = nullptr;
    EVP_PKEY_get_bn_param(key_.get(), name, &value);
    std::string bytes(std::max(size, static_cast<std::size_t>(BN_num_bytes(value))), '\0');
    BN_bn2binpad(value, reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
    BN_free(value);
    return base64url(bytes);
}

std::string Signer::jwk(std::string_view more) const {
    if (elliptic_) {
        return fmt::format(R"({{"kty":"EC","crv":"P-256","kid":"{}","x":"{}","y":"{}"{}}})", id_,
                           number(OSSL_PKEY_PARAM_EC_PUB_X, 32), number(OSSL_PKEY_PARAM_EC_PUB_Y, 32), more);
    }
    return fmt::format(R"({{"kty":"RSA","kid":"{}","n":"{}","e":"{}"{}}})", id_,
                       number(OSSL_PKEY_PARAM_RSA_N, 0), number(OSSL_PKEY_PARAM_RSA_E, 0), more);
}

std::string Signer::sign(std::string_view header, std::string_view claims) const {
    const auto text = base64url(header) + "." + base64url(claims);
    const std::unique_ptr<EVP_MD_CTX, decltype([](EVP_MD_CTX* it) { EVP_MD_CTX_free(it); })> context(
        EVP_MD_CTX_new());
    EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key_.get());
    std::string signature(1024, '\0');
    auto size = signature.size();
    EXPECT_EQ(EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size,
                             reinterpret_cast<const unsigned char*>(text.data()), text.size()),
              1);
    signature.resize(size);
    if (elliptic_) {
        const auto* der = reinterpret_cast<const unsigned char*>(signature.data());
        auto* both = d2i_ECDSA_SIG(nullptr, &der, static_cast<long>(size));
        std::string raw(64, '\0');
        auto* into = reinterpret_cast<unsigned char*>(raw.data());
        BN_bn2binpad(ECDSA_SIG_get0_r(both), into, 32);
        BN_bn2binpad(ECDSA_SIG_get0_s(both), into + 32, 32);
        ECDSA_SIG_free(both);
        signature = raw;
    }
    return text + "." + base64url(signature);
}

std::string Signer::token(std::string_view claims, std::string_view type) const {
    return sign(
        fmt::format(R"({{"alg":"{}","kid":"{}","typ":"{}"}})", elliptic_ ? "ES256" : "RS256", id_, type),
        claims);
}

}  // namespace homespun::sync::auth
