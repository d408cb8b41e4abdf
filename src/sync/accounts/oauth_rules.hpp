#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace homespun::sync::accounts {

/// The programs that may ask for codes and tokens; all of them are public clients (no secret).
struct OauthClient {
    std::string_view id;
    std::string_view name;
};

/// Null for an id that is not on the list.
const OauthClient* find_client(std::string_view id);

/// Those of the blank-separated scopes that we grant, each once, in the order asked for. Others are left out,
/// as RFC 6749 section 3.3 allows: the answer names what was granted. Empty: nothing is left.
std::string grantable_scopes(std::string_view asked);
/// Those of `asked` that `granted` holds.
std::string narrowed_scopes(std::string_view asked, std::string_view granted);

/// 43 characters of unpadded base64url: an S256 challenge.
bool is_pkce_challenge(std::string_view text);
/// RFC 7636 section 4.1: 43 to 128 unreserved characters.
bool is_pkce_verifier(std::string_view text);

}  // namespace homespun::sync::accounts
