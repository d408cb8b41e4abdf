#pragma once
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sync/accounts/passwords.hpp"

namespace homespun::sync::accounts {

// Times are milliseconds since 1970. A *handle* is the hex SHA-256 of what the client shows (session id,
// key-fetch id, token, code, invite): a copy of the database lets nobody in. Each row that can expire is
// looked at with `now`, so that expiry never waits for `purge`.

constexpr std::int64_t session_idle_ms =
    180LL * 24 * 3600 * 1000;                                 ///< sessions and refresh tokens end when unused
constexpr std::size_t most_sessions_per_account = 200;        ///< beyond that the longest unused one ends
constexpr std::size_t most_tokens_per_account = 500;          ///< beyond that the one that ends first goes
constexpr std::size_t most_refresh_tokens_per_account = 200;  ///< beyond that the longest unused one ends
constexpr std::size_t most_codes_per_account = 50;            ///< beyond that the oldest goes
constexpr std::size_t most_commands_per_device = 200;         ///< beyond that the oldest goes

enum class StoreFailure {
    exists,           ///< the e-mail address has an account
    not_found,        ///< no such account, session, token …, or it has expired
    sign_up_closed,   ///< an invite is needed
    bad_invite,       ///< the invite is unknown, used or expired
    unknown_device,   ///< no such device in this account
    device_conflict,  ///< the session has another device already: `detail` is its id
    busy,             ///< too much is queued; nothing happened
    unavailable,      ///< the database failed: full disk, I/O; nothing happened
};

struct StoreError {
    StoreFailure kind = StoreFailure::unavailable;
    std::string detail;  ///< for the log, unless the kind says otherwise
};

template <class T>
using StoreResult = std::expected<T, StoreError>;

/// Who may make an account.
enum class SignUp {
    closed,  ///< with an invite only
    first,   ///< the first account is free, then as `closed`
    open,    ///< everybody
};

/// What the sign-up rule says about one try.
enum class SignUpVerdict { first, open, invite, closed, bad_invite };

struct Account {
    std::string uid{};          ///< 32 hex digits
    std::string email{};        ///< as spelt at sign-up
    std::string client_salt{};  ///< whole salt text of the newer stretching
    PasswordRecord password{};
    std::int64_t generation = 0;       ///< rises with each change of password or keys
    std::int64_t keys_changed_at = 0;  ///< when kB last changed
    std::int64_t created_at = 0;
};

struct AccountSummary {
    std::string uid{}, email{};
    std::int64_t created_at = 0;
    std::int64_t sessions = 0, devices = 0;
    std::int64_t last_used_at = 0;  ///< of its sessions; 0 = none
};

struct NewSession {
    std::string handle{};
    std::string key{};  ///< 32 bytes, for Hawk
    std::string user_agent{};
};

struct NewKeyFetch {
    std::string handle{};
    std::string key{};     ///< 32 bytes, for Hawk
    std::string bundle{};  ///< encrypted for the client
    std::int64_t expires_at = 0;
};

/// The account behind a session or refresh token, as far as handlers need it.
struct Owner {
    std::string uid{}, email{};
    std::int64_t generation = 0, keys_changed_at = 0;
};

struct Session {
    std::string handle{}, key{};
    std::int64_t created_at = 0, last_used_at = 0;
    std::string user_agent{};
    std::optional<std::string> device{};  ///< id of its device
    Owner owner{};
};

struct KeyFetch {
    std::string key{};
    std::string bundle{};
};

/// What a request came with, and what a device hangs on.
struct Holder {
    enum class Kind { session, refresh_token };
    Kind kind = Kind::session;
    std::string handle{};
};

struct Device {
    std::string id{};  ///< 32 hex digits
    Holder holder{};
    std::string name{}, type{};
    std::optional<std::string> push_callback{}, push_public_key{}, push_auth_key{};
    std::string available_commands = "{}";  ///< JSON object
    std::int64_t created_at = 0;
    std::int64_t last_used_at = 0;  ///< of its holder
};

/// What a client wants to be different; absent = stays. An inner nothing of the push fields is JSON null.
struct DeviceChange {
    std::optional<std::string> id{};  ///< absent: a new device, which gets `new_id`
    std::string new_id{};
    std::optional<std::string> name{}, type{}, available_commands{};
    std::optional<std::optional<std::string>> push_callback{}, push_public_key{}, push_auth_key{};
};

struct Command {
    std::int64_t index = 0;  ///< rises within the whole database
    std::string command{};
    std::string payload{};                ///< JSON
    std::optional<std::string> sender{};  ///< device id
};

struct CommandPage {
    std::vector<Command> commands;
    std::int64_t index = 0;  ///< of the last command given, or of the newest there is
    bool last = true;        ///< nothing newer is left
};

struct AttachedClient {
    Holder holder{};
    std::string client_id{};  ///< empty for a session
    std::string scope{};      ///< empty for a session
    std::int64_t created_at = 0, last_used_at = 0;
    std::string user_agent{};
    std::optional<std::string> device{}, device_name{}, device_type{};
};

struct Code {
    std::string uid{}, client_id{}, scope{}, challenge{};
    std::optional<std::string> session{};  ///< handle of the session that asked for it; the code ends with it
    std::optional<std::string> keys_jwe{};
    bool offline = false;
    std::int64_t auth_at = 0;
    std::int64_t expires_at = 0;
};

struct AccessToken {
    std::string handle{}, uid{}, client_id{}, scope{};
    std::optional<Holder> parent{};  ///< it ends when this does
    std::int64_t created_at = 0, expires_at = 0;
    Owner owner{};  ///< filled when read
};

struct RefreshToken {
    std::string handle{}, client_id{}, scope{};
    std::int64_t created_at = 0, last_used_at = 0;
    std::optional<std::string> device{};   ///< filled when read
    Owner owner{};                         ///< only `owner.uid` counts when added
    std::optional<std::string> session{};  ///< handle of the session it was made from, with which it ends
};

struct Invite {
    std::int64_t created_at = 0, expires_at = 0;
    std::optional<std::string> used_by{};  ///< uid
};

struct Purged {
    std::int64_t rows = 0;
};

/// The accounts' database. Every call blocks, is atomic, and has reached the disk when it returns. Belongs to
/// one thread at a time (the serial pool's). Errors by value; `unavailable` may come from every call.
class AccountsStore {
  public:
    virtual ~AccountsStore() = default;

    // --- accounts
    virtual StoreResult<SignUpVerdict> sign_up_verdict(SignUp rule, const std::optional<std::string>& invite,
                                                       std::int64_t now) = 0;
    /// Asks the rule, uses up a good invite even where none is needed, makes account and session, all in one
    /// transaction. Errors: sign_up_closed, bad_invite, exists (in this order).
    virtual StoreResult<void> create_account(SignUp rule, const std::optional<std::string>& invite,
                                             const Account& account, const NewSession& session,
                                             const std::optional<NewKeyFetch>& key_fetch,
                                             std::int64_t now) = 0;
    /// By address, ASCII letters in any case.
    virtual StoreResult<std::optional<Account>> find_account(std::string_view email) = 0;
    virtual StoreResult<bool> account_exists(std::string_view uid) = 0;
    /// Oldest first.
    virtual StoreResult<std::vector<AccountSummary>> list_accounts() = 0;
    /// With all that hangs on it. False: there was none.
    virtual StoreResult<bool> remove_account(std::string_view uid) = 0;
    /// Ends all sessions, devices, codes and tokens; the account stays. False: there was none.
    virtual StoreResult<bool> revoke_access(std::string_view uid) = 0;

    // --- sessions
    /// Errors: not_found when the account is gone or its generation has changed meanwhile.
    virtual StoreResult<void> start_session(std::string_view uid, std::int64_t generation,
                                            const NewSession& session,
                                            const std::optional<NewKeyFetch>& key_fetch,
                                            std::int64_t now) = 0;
    virtual StoreResult<std::optional<Session>> find_session(std::string_view handle, std::int64_t now) = 0;
    /// Notes that session or refresh token was used.
    virtual StoreResult<void> touch(const Holder& holder, std::int64_t now) = 0;
    /// With its device, codes and tokens. False: there was none.
    virtual StoreResult<bool> destroy_session(std::string_view handle) = 0;
    virtual StoreResult<std::optional<KeyFetch>> find_key_fetch(std::string_view handle,
                                                                std::int64_t now) = 0;
    /// Gives the bundle once. Errors: not_found.
    virtual StoreResult<std::string> take_key_fetch(std::string_view handle, std::int64_t now) = 0;
    virtual StoreResult<std::vector<AttachedClient>> attached_clients(std::string_view uid,
                                                                      std::int64_t now) = 0;

    // --- devices
    /// Makes or changes the device of `holder`. A device of the account that another holder had goes over to
    /// this one, when it has none. Errors: not_found (the holder is gone), unknown_device, device_conflict.
    virtual StoreResult<Device> put_device(std::string_view uid, const Holder& holder,
                                           const DeviceChange& change, std::int64_t now) = 0;
    virtual StoreResult<std::vector<Device>> devices(std::string_view uid, std::int64_t now) = 0;
    /// Ends its session or refresh token too. Errors: unknown_device.
    virtual StoreResult<void> destroy_device(std::string_view uid, std::string_view id) = 0;
    /// Errors: unknown_device. Gives the command's index.
    virtual StoreResult<std::int64_t> add_command(std::string_view uid, std::string_view target,
                                                  const Command& command, std::int64_t expires_at) = 0;
    /// Those of `device` with an index of at least `from`, oldest first, at most `limit`.
    virtual StoreResult<CommandPage> commands(std::string_view uid, std::string_view device,
                                              std::int64_t from, std::int64_t limit, std::int64_t now) = 0;

    // --- OAuth
    /// Errors: not_found when the account or session is gone.
    virtual StoreResult<void> add_code(std::string_view handle, const Code& code) = 0;
    /// Gives the code once, expired ones never. Errors: not_found.
    virtual StoreResult<Code> take_code(std::string_view handle, std::int64_t now) = 0;
    /// Errors: not_found when the account or the parent is gone.
    virtual StoreResult<void> add_tokens(const std::optional<AccessToken>& access,
                                         const std::optional<RefreshToken>& refresh) = 0;
    virtual StoreResult<std::optional<AccessToken>> find_access_token(std::string_view handle,
                                                                      std::int64_t now) = 0;
    virtual StoreResult<std::optional<RefreshToken>> find_refresh_token(std::string_view handle,
                                                                        std::int64_t now) = 0;
    /// Access or refresh token; with the latter its device and access tokens. False: there was none.
    virtual StoreResult<bool> destroy_token(std::string_view handle) = 0;

    // --- invites
    virtual StoreResult<void> add_invite(std::string_view handle, std::int64_t now,
                                         std::int64_t expires_at) = 0;
    /// Newest first.
    virtual StoreResult<std::vector<Invite>> list_invites() = 0;

    /// Deletes what has expired. Used invites stay for 30 days, for the list.
    virtual StoreResult<Purged> purge(std::int64_t now) = 0;
};

}  // namespace homespun::sync::accounts
