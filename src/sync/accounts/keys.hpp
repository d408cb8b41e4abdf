#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// The key derivations of Firefox accounts (docs/accounts.md, "Keys"), used by the server and by clients
/// alike. Pure and thread-safe; all values are bytes unless a name says hex. HKDF, HMAC and PBKDF2 with
/// SHA-256.
namespace homespun::sync::accounts {

/// Prefix of every derivation's label.
inline constexpr std::string_view key_namespace = "identity.mozilla.com/picl/v1/";
inline constexpr std::size_t key_size = 32;
/// Rounds of PBKDF2 over the password: the older and the newer stretching.
inline constexpr std::uint32_t stretch_rounds_v1 = 1000;
inline constexpr std::uint32_t stretch_rounds_v2 = 650'000;

// --- tokens
// -----------------------------------------------------------------------------------------------------

/// What a 32-byte token stands for. The id names it in `Hawk id="<hex>"` and `Bearer fx?_<hex>`, the key
/// signs Hawk.
struct TokenCredentials {
    std::string id;
    std::string key;
    std::string request_key;  ///< of key-fetch tokens: protects the bundle; unused for sessions
};

TokenCredentials derive_session_token(std::string_view token);
TokenCredentials derive_key_fetch_token(std::string_view token);

// --- the answer of account/keys
// ---------------------------------------------------------------------------------

struct AccountKeys {
    std::string key_a;          ///< of no use today
    std::string wrapped_key_b;  ///< kB under the password
};

/// 96 bytes: both keys encrypted, then their MAC.
std::string make_key_bundle(std::string_view request_key, const AccountKeys& keys);
/// Nothing when the length or the MAC is wrong.
std::optional<AccountKeys> open_key_bundle(std::string_view request_key, std::string_view bundle);

// --- the password
// -----------------------------------------------------------------------------------------------

/// What the client makes of the password: the half the server sees and the half it never sees.
struct PasswordHalves {
    std::string auth;    ///< authPW: proves the password to the server
    std::string unwrap;  ///< unwrapBKey: XOR with the wrapped kB gives kB
};

std::string quick_stretch_v1(std::string_view password, std::string_view email);
/// `client_salt` is the whole salt text, see `client_salt_text`. Takes some hundred milliseconds.
std::string quick_stretch_v2(std::string_view password, std::string_view client_salt);
PasswordHalves split_password(std::string_view quick_stretched);

/// The salt text of the newer stretching around `hex`, 32 lower-case hex digits.
std::string client_salt_text(std::string_view hex);
/// Exactly the prefix and 32 lower-case hex digits.
bool is_client_salt(std::string_view text);

/// What the server makes of authPW once it has stretched it again.
struct ServerHalves {
    std::string verify_hash;   ///< stored, compared at login
    std::string wrapwrap_key;  ///< XOR with the stored wrapWrapKB gives the wrapped kB
};

ServerHalves split_server_stretch(std::string_view stretched);

// --- what Firefox needs
// -----------------------------------------------------------------------------------------

/// The members `k` and `kid` of Sync's scoped key.
struct ScopedKey {
    std::string k;
    std::string kid;
};

/// Sync's key pair of an account: 32 bytes to encrypt, 32 to sign, which open crypto/keys.
std::string sync_key(std::string_view key_b);

/// `rotated_at_ms`: milliseconds since 1970 of kB's last change; not divided by 1000 for this scope.
ScopedKey sync_scoped_key(std::string_view key_b, std::int64_t rotated_at_ms);

/// RFC 7636, method S256: 43 characters.
std::string pkce_challenge(std::string_view verifier);

/// Hex SHA-256 of what a client shows (the hex id of a session, a token, a code, an invite): all the database
/// keeps.
std::string handle_of(std::string_view shown);

}  // namespace homespun::sync::accounts
