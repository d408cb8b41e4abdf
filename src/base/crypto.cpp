#include "base/crypto.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <array>
#include <cstdlib>
#include <memory>

namespace homespun::base {
namespace {

constexpr std::size_t digest_size = 32;
constexpr std::size_t block_size = 64;
using Digest = std::array<unsigned char, digest_size>;

/// The algorithm is looked up once: a fetch per call costs more than the hash itself.
const EVP_MD* sha256_algorithm() {
    static const EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
    return algorithm;
}

struct FreeContext {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

using Context = std::unique_ptr<EVP_MD_CTX, FreeContext>;

/// For hashes that are begun and finished in one go on one thread.
EVP_MD_CTX* shared_context() {
    thread_local const Context mine(EVP_MD_CTX_new());
    return mine.get();
}

/// One running hash. An OpenSSL failure here means no memory or a broken library: nothing sensible can
/// follow.
class Hasher {
  public:
    explicit Hasher(EVP_MD_CTX* context = shared_context()) : context_(context) { start(); }
    void start() {
        if (EVP_DigestInit_ex(context_, sha256_algorithm(), nullptr) != 1) std::abort();
    }
    void add(std::string_view data) {
        if (EVP_DigestUpdate(context_, data.data(), data.size()) != 1) std::abort();
    }
    void finish(Digest& out) {
        if (EVP_DigestFinal_ex(context_, out.data(), nullptr) != 1) std::abort();
    }

  private:
    EVP_MD_CTX* context_;
};

std::string_view view(const Digest& digest) {
    return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

void hmac(std::string_view key, std::initializer_list<std::string_view> parts, Digest& out) {
    Digest short_key;
    Hasher hasher;
    if (key.size() > block_size) {
        hasher.add(key);
        hasher.finish(short_key);
        key = view(short_key);
        hasher.start();
    }
    std::array<char, block_size> inner{};
    std::array<char, block_size> outer{};
    for (std::size_t i = 0; i < block_size; ++i) {
        const char k = i < key.size() ? key[i] : '\0';
        inner[i] = static_cast<char>(k ^ 0x36);
        outer[i] = static_cast<char>(k ^ 0x5c);
    }
    hasher.add({inner.data(), inner.size()});
    for (const auto part : parts)
        hasher.add(part);
    Digest digest;
    hasher.finish(digest);
    hasher.start();
    hasher.add({outer.data(), outer.size()});
    hasher.add(view(digest));
    hasher.finish(out);
}

}  // namespace

struct Sha256::Running {
    Context context{EVP_MD_CTX_new()};
    Hasher hasher{context.get()};
};

Sha256::Sha256() : running_(std::make_unique<Running>()) {}
Sha256::~Sha256() = default;

void Sha256::add(std::string_view piece) {
    running_->hasher.add(piece);
}

std::string Sha256::finish() {
    Digest digest;
    running_->hasher.finish(digest);
    return std::string(view(digest));
}

std::string sha256(std::string_view data) {
    Hasher hasher;
    hasher.add(data);
    Digest digest;
    hasher.finish(digest);
    return std::string(view(digest));
}

std::string md5(std::string_view data) {
    std::array<unsigned char, 16> digest{};
    if (EVP_Digest(data.data(), data.size(), digest.data(), nullptr, EVP_md5(), nullptr) != 1) std::abort();
    return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

std::string sha1(std::string_view data) {
    constexpr std::size_t sha1_size = 20;
    std::string digest(sha1_size, '\0');
    if (EVP_Digest(data.data(), data.size(), reinterpret_cast<unsigned char*>(digest.data()), nullptr,
                   EVP_sha1(), nullptr) != 1)
        std::abort();
    return digest;
}

std::string hmac_sha256(std::string_view key, std::string_view data) {
    Digest digest;
    hmac(key, {data}, digest);
    return std::string(view(digest));
}

std::string hkdf_sha256(std::string_view key_material, std::string_view salt, std::string_view info,
                        std::size_t length) {
    const std::string zeros(digest_size, '\0');
    Digest extracted;
    hmac(salt.empty() ? std::string_view(zeros) : salt, {key_material}, extracted);
    std::string result;
    result.reserve(length + digest_size);
    Digest block;
    for (unsigned char counter = 1; result.size() < length; ++counter) {
        const std::string_view previous = counter == 1 ? std::string_view() : view(block);
        hmac(view(extracted), {previous, info, {reinterpret_cast<const char*>(&counter), 1}}, block);
        result += view(block);
    }
    result.resize(length);
    return result;
}

std::string pbkdf2_sha256(std::string_view password, std::string_view salt, std::uint32_t rounds,
                          std::size_t length) {
    std::string result(length, '\0');
    const int ok =
        PKCS5_PBKDF2_HMAC(password.data(), static_cast<int>(password.size()),
                          reinterpret_cast<const unsigned char*>(salt.data()), static_cast<int>(salt.size()),
                          static_cast<int>(rounds), sha256_algorithm(), static_cast<int>(length),
                          reinterpret_cast<unsigned char*>(result.data()));
    if (ok != 1) std::abort();
    return result;
}

std::string exclusive_or(std::string_view a, std::string_view b) {
    const std::size_t size = std::min(a.size(), b.size());
    std::string result(size, '\0');
    for (std::size_t i = 0; i < size; ++i)
        result[i] = static_cast<char>(a[i] ^ b[i]);
    return result;
}

bool equal_constant_time(std::string_view a, std::string_view b) {
    return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace homespun::base
