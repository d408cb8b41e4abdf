#include "sync/easysetup/sealed.hpp"

#include <fmt/format.h>

#include "base/crypto.hpp"
#include "base/encoding.hpp"

namespace homespun::sync::easysetup {
namespace {

constexpr std::size_t iv_size = 16;
constexpr std::string_view known_value = "0123456789ABCDEF";

}  // namespace

Failure describe(SealFault fault, std::string_view message) {
    switch (fault) {
        case SealFault::wrong_hmac:
            return {ErrorCode::keymismatch, fmt::format("{}: not signed with our key", message)};
        case SealFault::bad_iv:
            return {ErrorCode::invalid, fmt::format("{}: IV is not base64 of 16 bytes", message)};
        case SealFault::bad_ciphertext:
            break;
    }
    return {ErrorCode::invalid, fmt::format("{}: ciphertext is not base64 of padded blocks", message)};
}

Sealed confirmation(const base::KeyPair& keys, base::Random& random) {
    const auto iv = base::base64_encode(random.bytes(iv_size), base::Base64::standard);
    return base::encrypt_with_iv(keys, known_value, iv).value();
}

std::expected<bool, SealFault> confirms(const base::KeyPair& keys, const Sealed& sealed) {
    const auto ours = base::encrypt_with_iv(keys, known_value, sealed.iv);
    if (!ours) return std::unexpected(ours.error());
    return base::equal_constant_time(ours->ciphertext, sealed.ciphertext);
}

}  // namespace homespun::sync::easysetup
