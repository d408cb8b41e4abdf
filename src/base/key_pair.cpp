#include "base/key_pair.hpp"

#include <openssl/crypto.h>

#include <algorithm>

namespace homespun::base {

std::optional<KeyPair> KeyPair::from_bytes(std::string_view both) {
    if (both.size() != 2 * key_size) return std::nullopt;
    return KeyPair(both);
}

KeyPair::KeyPair(std::string_view both) {
    std::ranges::copy(both.substr(0, bytes_.size()), bytes_.begin());
}

KeyPair::KeyPair(KeyPair&& other) noexcept : bytes_(other.bytes_) {
    other.wipe();
}

KeyPair& KeyPair::operator=(KeyPair&& other) noexcept {
    if (this != &other) {
        bytes_ = other.bytes_;
        other.wipe();
    }
    return *this;
}

KeyPair::~KeyPair() {
    wipe();
}

void KeyPair::wipe() {
    OPENSSL_cleanse(bytes_.data(), bytes_.size());
}

void wipe(std::string& secret) {
    OPENSSL_cleanse(secret.data(), secret.size());
    secret.clear();
}

}  // namespace homespun::base
