#include "base/sealed_text.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <cstdlib>
#include <memory>

#include "base/crypto.hpp"
#include "base/encoding.hpp"
#include "base/text.hpp"

namespace homespun::base {
namespace {

constexpr std::size_t block_size = 16;

struct FreeContext {
    void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_CIPHER_CTX, FreeContext>;

const unsigned char* bytes_of(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* bytes_of(std::string& text) {
    return reinterpret_cast<unsigned char*>(text.data());
}

/// OpenSSL fails here only without memory: nothing sensible can follow.
void demand(bool fine) {
    if (!fine) std::abort();
}

std::string encrypt(std::string_view key, std::string_view iv, std::string_view text) {
    const Context context(EVP_CIPHER_CTX_new());
    std::string out(text.size() + block_size, '\0');
    int head = 0;
    int tail = 0;
    demand(context &&
           EVP_EncryptInit_ex(context.get(), EVP_aes_256_cbc(), nullptr, bytes_of(key), bytes_of(iv)) == 1);
    demand(EVP_EncryptUpdate(context.get(), bytes_of(out), &head, bytes_of(text),
                             static_cast<int>(text.size())) == 1);
    demand(EVP_EncryptFinal_ex(context.get(), bytes_of(out) + head, &tail) == 1);
    out.resize(static_cast<std::size_t>(head) + static_cast<std::size_t>(tail));
    return out;
}

std::expected<std::string, SealFault> decrypt(std::string_view key, std::string_view iv,
                                              std::string_view cipher) {
    const Context context(EVP_CIPHER_CTX_new());
    std::string out(cipher.size() + block_size, '\0');
    int head = 0;
    int tail = 0;
    demand(context &&
           EVP_DecryptInit_ex(context.get(), EVP_aes_256_cbc(), nullptr, bytes_of(key), bytes_of(iv)) == 1);
    demand(EVP_DecryptUpdate(context.get(), bytes_of(out), &head, bytes_of(cipher),
                             static_cast<int>(cipher.size())) == 1);
    if (EVP_DecryptFinal_ex(context.get(), bytes_of(out) + head, &tail) != 1) {
        OPENSSL_cleanse(out.data(), out.size());
        return std::unexpected(SealFault::bad_ciphertext);
    }
    out.resize(static_cast<std::size_t>(head) + static_cast<std::size_t>(tail));
    return out;
}

std::string base64(std::string_view bytes) {
    return base64_encode(bytes, Base64::standard);
}

std::expected<std::string, SealFault> iv_of(std::string_view text) {
    auto iv = base64_decode(text, Base64::standard);
    if (!iv || iv->size() != block_size) return std::unexpected(SealFault::bad_iv);
    return std::move(*iv);
}

std::string signature(const KeyPair& keys, std::string_view ciphertext) {
    return hex_encode(hmac_sha256(keys.authentication(), ciphertext));
}

}  // namespace

SealedText seal(const KeyPair& keys, std::string_view text, Random& random) {
    const auto iv = random.bytes(block_size);
    SealedText sealed{base64(encrypt(keys.encryption(), iv, text)), base64(iv), {}};
    sealed.hmac = signature(keys, sealed.ciphertext);
    return sealed;
}

std::expected<SealedText, SealFault> encrypt_with_iv(const KeyPair& keys, std::string_view text,
                                                     std::string_view iv) {
    const auto bytes = iv_of(iv);
    if (!bytes) return std::unexpected(bytes.error());
    return SealedText{base64(encrypt(keys.encryption(), *bytes, text)), std::string(iv), {}};
}

std::expected<std::string, SealFault> open(const KeyPair& keys, const SealedText& sealed) {
    if (!equal_constant_time(signature(keys, sealed.ciphertext), to_lower(sealed.hmac)))
        return std::unexpected(SealFault::wrong_hmac);
    const auto iv = iv_of(sealed.iv);
    if (!iv) return std::unexpected(iv.error());
    const auto cipher = base64_decode(sealed.ciphertext, Base64::standard);
    if (!cipher || cipher->empty() || cipher->size() % block_size != 0)
        return std::unexpected(SealFault::bad_ciphertext);
    return decrypt(keys.encryption(), *iv, *cipher);
}

}  // namespace homespun::base
