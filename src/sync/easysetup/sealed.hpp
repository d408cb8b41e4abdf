#pragma once
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "base/jpake.hpp"
#include "base/random.hpp"
#include "sync/easysetup/failure.hpp"

namespace homespun::sync::easysetup {

/// Text under the keys of a pairing (sheet 6.2): AES-256-CBC with PKCS#7. As on the wire.
struct Sealed {
    std::string ciphertext;  ///< base64
    std::string iv;          ///< base64 of 16 bytes
    std::string hmac;        ///< lower-case hex of HMAC-SHA256 over the text of `ciphertext`; may be empty

    bool operator==(const Sealed&) const = default;
};

enum class SealFault : std::uint8_t {
    wrong_hmac,      ///< other keys, or changed on the way
    bad_iv,          ///< not base64 of 16 bytes
    bad_ciphertext,  ///< not base64 of whole blocks, or its padding is wrong
};

/// What that means for the pairing; `message` is the one that was sealed.
Failure describe(SealFault fault, std::string_view message);

/// Encrypts and signs, with a random IV.
Sealed seal(const base::jpake::Keys& keys, std::string_view text, base::Random& random);
/// Checks the signature first; the text only when all is well.
std::expected<std::string, SealFault> open(const base::jpake::Keys& keys, const Sealed& sealed);

/// The receiver's last message: a value that both know, so that the sender sees whether the keys are the
/// same. Without a signature, as Firefox sends it.
Sealed confirmation(const base::jpake::Keys& keys, base::Random& random);
/// True when `sealed` is the known value under these keys and its own IV.
std::expected<bool, SealFault> confirms(const base::jpake::Keys& keys, const Sealed& sealed);

}  // namespace homespun::sync::easysetup
