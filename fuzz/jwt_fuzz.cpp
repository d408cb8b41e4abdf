// Any bytes may come in as an access token, and a key set comes from another server. The first byte chooses:
// a token checked against the RFC's two keys, claims behind a good signature, or a key set.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/json.hpp"
#include "sync/auth/jwks.hpp"
#include "sync/auth/jwt.hpp"
#include "sync/auth/mozilla_claims.hpp"

namespace {

using namespace homespun;
using namespace homespun::sync::auth;

// RFC 7515, A.2 and A.3. Who has the private keys of the RFC's examples can sign: we cannot.
constexpr std::string_view keys_text =
    R"({"keys":[{"kty":"RSA","kid":"r","e":"AQAB","n":")"
    "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-"
    "SFd2lZ"
    "S-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-"
    "UTo7WTBEMa2"
    "R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_"
    "h9iaGNj8q2ethFkMLs91kzk2PAcD"
    R"(TW9gb54h4FRWyuXpoQ"},{"kty":"EC","kid":"e","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",)"
    R"("y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}]})";

void check_token(std::string_view text) {
    static const auto keys = *parse_key_set(keys_text);
    const auto token = parse_jwt(text);
    if (!token) return;
    if (token->algorithm != "RS256" && token->algorithm != "ES256") std::abort();
    if (!text.starts_with(token->signed_text) || !token->claims.object()) std::abort();
    if (!check_signature(*token, keys)) return;
    if (!token->key_id) std::abort();  // with two keys a token must name one
    // Whatever was signed stays signed under one key alone.
    if (check_signature(*token, {&keys[*token->key_id == "r" ? 1 : 0], 1})) std::abort();
}

void check_claims(std::string_view text) {
    auto claims = base::json::parse(text);
    if (!claims) return;
    const TokenDemands demands{"https://issuer", "scope", 1'000'000};
    if (const auto grant = read_verdict(text, "scope");
        grant && (grant->account.empty() || grant->account.find('@') != std::string::npos))
        std::abort();
    Jwt token;
    token.type = "at+jwt";
    token.claims = std::move(*claims);
    if (const auto grant = read_access_claims(token, demands);
        grant && (grant->account.empty() || grant->account.find('@') != std::string::npos))
        std::abort();
    (void)read_account_events(token, "https://issuer", "client", 1'000'000);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
    switch (data[0] % 3) {
        case 0:
            check_token(rest);
            break;
        case 1:
            check_claims(rest);
            break;
        default:
            if (const auto keys = parse_key_set(rest); keys && keys->empty()) std::abort();
    }
    return 0;
}
