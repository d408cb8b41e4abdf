#pragma once
#include <memory>
#include <string>
#include <string_view>

struct evp_pkey_st;

namespace homespun::sync::auth {

/// For tests: a private key that signs tokens, as an account server does. Implemented in signer_test.cpp.
class Signer {
  public:
    static Signer rsa(std::string id, unsigned bits = 2048);
    /// `curve` in OpenSSL's words.
    static Signer ec(std::string id, const char* curve = "P-256");

    /// The public half; `more` are members like `,"use":"enc"`.
    [[nodiscard]] std::string jwk(std::string_view more = "") const;
    [[nodiscard]] std::string key_set() const { return R"({"keys":[)" + jwk() + "]}"; }
    /// A signed token with exactly this header.
    [[nodiscard]] std::string sign(std::string_view header, std::string_view claims) const;
    /// The same with the header that an account server writes.
    [[nodiscard]] std::string token(std::string_view claims, std::string_view type = "at+jwt") const;

  private:
    Signer(std::string id, std::shared_ptr<evp_pkey_st> key, bool elliptic)
        : id_(std::move(id)), key_(std::move(key)), elliptic_(elliptic) {}
    [[nodiscard]] std::string number(const char* name, std::size_t size) const;

    std::string id_;
    std::shared_ptr<evp_pkey_st> key_;
    bool elliptic_;
};

}  // namespace homespun::sync::auth
