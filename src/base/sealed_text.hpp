#pragma once
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "base/key_pair.hpp"
#include "base/random.hpp"

namespace homespun::base {

/// Text under a pair of keys, as the records of Sync and the messages of Easy Setup carry it: AES-256-CBC
/// with PKCS#7, signed with HMAC-SHA256. As on the wire.
struct SealedText {
    std::string ciphertext;  ///< base64
    std::string iv;          ///< base64 of 16 bytes
    std::string hmac;        ///< lower-case hex of HMAC-SHA256 over the text of `ciphertext`; may be empty

    bool operator==(const SealedText&) const = default;
};

enum class SealFault : std::uint8_t {
    wrong_hmac,      ///< other keys, or changed on the way
    bad_iv,          ///< not base64 of 16 bytes
    bad_ciphertext,  ///< not base64 of whole blocks, or its padding is wrong
};

/// Encrypts and signs, with a random IV.
SealedText seal(const KeyPair& keys, std::string_view text, Random& random);
/// Encrypts with the IV given (base64) and does not sign: for protocols that compare ciphertexts.
std::expected<SealedText, SealFault> encrypt_with_iv(const KeyPair& keys, std::string_view text,
                                                     std::string_view iv);
/// Checks the signature first; the text only when all is well.
std::expected<std::string, SealFault> open(const KeyPair& keys, const SealedText& sealed);

}  // namespace homespun::base
