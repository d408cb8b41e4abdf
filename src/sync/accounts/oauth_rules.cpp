#include "sync/accounts/oauth_rules.hpp"

#include <algorithm>
#include <array>

#include "base/encoding.hpp"
#include "base/text.hpp"
#include "sync/auth/access_token.hpp"

namespace homespun::sync::accounts {
namespace {

constexpr std::array clients{
    OauthClient{"5882386c6d801776", "Firefox"},
    OauthClient{"a2270f727f45f648", "Firefox for Android"},
    OauthClient{"1b1a3e44c54fbb58", "Firefox for iOS"},
    OauthClient{"8269bacd7bbc7f80", "Thunderbird"},
};

constexpr std::array granted_scopes{auth::oldsync_scope, auth::profile_scope};

template <class Keep>
std::string filter(std::string_view scopes, Keep keep) {
    std::string result;
    for (const auto scope : base::split(scopes, ' ')) {
        if (scope.empty() || !keep(scope) || auth::has_scope(result, scope)) continue;
        if (!result.empty()) result += ' ';
        result += scope;
    }
    return result;
}

}  // namespace

const OauthClient* find_client(std::string_view id) {
    const auto found = std::ranges::find(clients, id, &OauthClient::id);
    return found == clients.end() ? nullptr : &*found;
}

std::string grantable_scopes(std::string_view asked) {
    return filter(asked, [](std::string_view scope) {
        return std::ranges::find(granted_scopes, scope) != granted_scopes.end();
    });
}

std::string narrowed_scopes(std::string_view asked, std::string_view granted) {
    return filter(asked, [&](std::string_view scope) { return auth::has_scope(granted, scope); });
}

bool is_pkce_challenge(std::string_view text) {
    constexpr std::size_t digest_size = 32;
    const auto bytes = base::base64_decode(text, base::Base64::url_nopad);
    return bytes && bytes->size() == digest_size;
}

bool is_pkce_verifier(std::string_view text) {
    return text.size() >= 43 && text.size() <= 128 && std::ranges::all_of(text, [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      std::string_view("-._~").contains(c);
           });
}

}  // namespace homespun::sync::accounts
