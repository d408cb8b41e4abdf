#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace homespun::base {

// Thin, pure layer over OpenSSL's EVP. Bytes in, bytes out (std::string). Thread-safe.

std::string sha256(std::string_view data);
/// The same for what does not fit into memory: give it piece by piece, then `finish` once.
class Sha256 {
  public:
    Sha256();
    ~Sha256();
    Sha256(const Sha256&) = delete;
    Sha256& operator=(const Sha256&) = delete;
    void add(std::string_view piece);
    std::string finish();

  private:
    struct Running;
    std::unique_ptr<Running> running_;
};
/// For protocols that name it (ETags of Easy Setup); good for nothing that an attacker may choose.
std::string md5(std::string_view data);
/// For names and password hashes of old protocols only: collisions can be made.
std::string sha1(std::string_view data);
std::string hmac_sha256(std::string_view key, std::string_view data);
/// RFC 5869 with SHA-256. An empty salt means 32 zero bytes. `length` at most 8160.
std::string hkdf_sha256(std::string_view key_material, std::string_view salt, std::string_view info,
                        std::size_t length);
std::string pbkdf2_sha256(std::string_view password, std::string_view salt, std::uint32_t rounds,
                          std::size_t length);
/// Byte-wise XOR; both sides must have the same length (checked: the shorter one decides).
std::string exclusive_or(std::string_view a, std::string_view b);
/// Compares without telling by its time where the difference is. Different lengths are unequal.
bool equal_constant_time(std::string_view a, std::string_view b);

}  // namespace homespun::base
