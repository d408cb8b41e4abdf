#include "sync/store/sqlite/accounts_schema.hpp"

#include <fmt/format.h>

#include "sync/store/sqlite/accounts_sqlite.hpp"
#include "sync/store/sqlite/prepare_tables.hpp"

namespace homespun::sync::store::sqlite {
namespace {

/// Format 1. Handles are hex SHA-256 texts, times milliseconds since 1970. What hangs on a session or a
/// refresh token goes with it by cascade.
constexpr std::string_view format_1 = R"sql(
CREATE TABLE account (
    uid TEXT PRIMARY KEY,
    email TEXT NOT NULL,
    email_norm TEXT NOT NULL UNIQUE,
    kdf_version INTEGER NOT NULL,
    client_salt TEXT NOT NULL,
    stretch_passes INTEGER NOT NULL,
    stretch_memory_kib INTEGER NOT NULL,
    stretch_lanes INTEGER NOT NULL,
    server_salt BLOB NOT NULL,
    verify_hash BLOB NOT NULL,
    wrapwrap_kb BLOB NOT NULL,
    generation INTEGER NOT NULL,
    keys_changed_at INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
CREATE TABLE session (
    handle TEXT PRIMARY KEY,
    hawk_key BLOB NOT NULL,
    uid TEXT NOT NULL REFERENCES account(uid) ON DELETE CASCADE,
    user_agent TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    last_used_at INTEGER NOT NULL
) STRICT;
CREATE INDEX session_uid ON session(uid);
CREATE INDEX session_used ON session(last_used_at);
CREATE TABLE keyfetch (
    handle TEXT PRIMARY KEY,
    hawk_key BLOB NOT NULL,
    uid TEXT NOT NULL REFERENCES account(uid) ON DELETE CASCADE,
    session TEXT NOT NULL REFERENCES session(handle) ON DELETE CASCADE,
    bundle BLOB NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX keyfetch_uid ON keyfetch(uid);
CREATE INDEX keyfetch_session ON keyfetch(session);
CREATE INDEX keyfetch_expires ON keyfetch(expires_at);
CREATE TABLE refresh (
    handle TEXT PRIMARY KEY,
    uid TEXT NOT NULL REFERENCES account(uid) ON DELETE CASCADE,
    session TEXT REFERENCES session(handle) ON DELETE CASCADE,
    client_id TEXT NOT NULL,
    scope TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    last_used_at INTEGER NOT NULL
) STRICT;
CREATE INDEX refresh_uid ON refresh(uid);
CREATE INDEX refresh_session ON refresh(session);
CREATE INDEX refresh_used ON refresh(last_used_at);
CREATE TABLE device (
    id TEXT PRIMARY KEY,
    uid TEXT NOT NULL REFERENCES account(uid) ON DELETE CASCADE,
    session TEXT UNIQUE REFERENCES session(handle) ON DELETE CASCADE,
    refresh TEXT UNIQUE REFERENCES refresh(handle) ON DELETE CASCADE,
    name TEXT NOT NULL,
    type TEXT NOT NULL,
    push_callback TEXT,
    push_public_key TEXT,
    push_auth_key TEXT,
    available_commands TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    CHECK ((session IS NULL) <> (refresh IS NULL))
) STRICT;
CREATE INDEX device_uid ON device(uid);
CREATE TABLE command (
    idx INTEGER PRIMARY KEY AUTOINCREMENT,
    device TEXT NOT NULL REFERENCES device(id) ON DELETE CASCADE,
    sender TEXT,
    command TEXT NOT NULL,
    payload TEXT NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX command_device ON command(device, idx);
CREATE INDEX command_expires ON command(expires_at);
CREATE TABLE code (
    handle TEXT PRIMARY KEY,
    uid TEXT NOT NULL REFERENCES account(uid) ON DELETE CASCADE,
    session TEXT REFERENCES session(handle) ON DELETE CASCADE,
    client_id TEXT NOT NULL,
    scope TEXT NOT NULL,
    challenge TEXT NOT NULL,
    keys_jwe TEXT,
    offline INTEGER NOT NULL,
    auth_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX code_uid ON code(uid);
CREATE INDEX code_session ON code(session);
CREATE INDEX code_expires ON code(expires_at);
CREATE TABLE token (
    handle TEXT PRIMARY KEY,
    uid TEXT NOT NULL REFERENCES account(uid) ON DELETE CASCADE,
    session TEXT REFERENCES session(handle) ON DELETE CASCADE,
    refresh TEXT REFERENCES refresh(handle) ON DELETE CASCADE,
    client_id TEXT NOT NULL,
    scope TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX token_uid ON token(uid, expires_at);
CREATE INDEX token_session ON token(session);
CREATE INDEX token_refresh ON token(refresh);
CREATE INDEX token_expires ON token(expires_at);
CREATE TABLE invite (
    handle TEXT PRIMARY KEY,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    used_by TEXT,
    used_at INTEGER
) STRICT;
)sql";

}  // namespace

base::Result<void> prepare_accounts_schema(Database& database, const std::string& path) {
    if (auto set = database.execute("PRAGMA foreign_keys=ON"); !set)
        return base::fail(fmt::format("cannot prepare {}: {}", path, set.error().message));
    return prepare_tables(database, path, accounts_format, format_1);
}

}  // namespace homespun::sync::store::sqlite
