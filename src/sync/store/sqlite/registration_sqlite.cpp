#include "sync/store/sqlite/registration_sqlite.hpp"

#include "sync/store/sqlite/prepare_tables.hpp"

namespace homespun::sync::store::sqlite {
namespace {

// Names, order and widths of `user` are those of the old servers' user.sql. An id is a number of SQLite's own
// counter, so that nobody ever inherits what was another's.
constexpr const char* schema = R"(
CREATE TABLE user(userid INTEGER PRIMARY KEY AUTOINCREMENT, username VARCHAR(32) NOT NULL UNIQUE,
  password VARCHAR(128) NOT NULL, accountStatus INTEGER NOT NULL DEFAULT 1, mail VARCHAR(64),
  mailVerified INTEGER NOT NULL DEFAULT 0, syncNode VARCHAR(64));
CREATE TABLE reset_codes(userid INTEGER NOT NULL, product VARCHAR(64) NOT NULL, reset VARCHAR(32) NOT NULL,
  expiration BIGINT NOT NULL, PRIMARY KEY(userid, product));
)";

std::int64_t number(std::uint64_t id) {
    return static_cast<std::int64_t>(id);
}

registration::ResetCodeStore::Outcome<void> told(const SqlResult<void>& done) {
    if (!done) return std::unexpected(done.error().message);
    return {};
}

}  // namespace

base::Result<std::unique_ptr<RegistrationSqlite>> RegistrationSqlite::open(const std::string& path,
                                                                           const char* vfs) {
    OpenOptions options;
    options.page_size = 4096;
    options.cache_kib = 2048;
    options.vfs = vfs;
    auto database = Database::open(path, options);
    if (!database) return base::fail(database.error().message);
    if (auto ready = prepare_tables(*database, path, registration_format, schema); !ready)
        return std::unexpected(ready.error());
    return std::unique_ptr<RegistrationSqlite>(new RegistrationSqlite(std::move(*database)));
}

SqlResult<std::optional<RegistrationSqlite::Row>> RegistrationSqlite::find(const std::string& name) {
    auto query = database_.use(
        "SELECT userid, username, password, accountStatus, mail, syncNode FROM user WHERE username = ?1");
    const auto there = query.bind(1, name).step();
    if (!there) return std::unexpected(there.error());
    if (!*there) return std::nullopt;
    return Row{{.id = static_cast<std::uint64_t>(query.integer(0)),
                .name = std::string(query.text(1)),
                .mail = std::string(query.text(4)),
                .node = std::string(query.text(5))},
               std::string(query.text(2)),
               query.integer(3) == 1};
}

SqlResult<std::optional<std::uint64_t>> RegistrationSqlite::insert(const std::string& name,
                                                                   const std::string& password,
                                                                   const std::string& mail,
                                                                   std::int64_t most_users) {
    auto done = database_
                    .use(
                        "INSERT INTO user(username, password, mail) SELECT ?1, ?2, ?3 "
                        "WHERE ?4 = 0 OR (SELECT count(*) FROM user) < ?4 "
                        "ON CONFLICT(username) DO NOTHING")
                    .bind(1, name)
                    .bind(2, password)
                    .bind(3, mail)
                    .bind(4, most_users)
                    .run();
    if (!done) return std::unexpected(done.error());
    if (database_.changes() == 0) return std::nullopt;
    return static_cast<std::uint64_t>(database_.last_insert_rowid());
}

SqlResult<void> RegistrationSqlite::set_password(std::uint64_t id, const std::string& password) {
    return database_.use("UPDATE user SET password = ?2 WHERE userid = ?1")
        .bind(1, number(id))
        .bind(2, password)
        .run();
}

SqlResult<void> RegistrationSqlite::replace_password(std::uint64_t id, const std::string& old,
                                                     const std::string& password) {
    return database_.use("UPDATE user SET password = ?3 WHERE userid = ?1 AND password = ?2")
        .bind(1, number(id))
        .bind(2, old)
        .bind(3, password)
        .run();
}

SqlResult<void> RegistrationSqlite::set_mail(std::uint64_t id, const std::string& mail) {
    return database_.use("UPDATE user SET mail = ?2, mailVerified = 0 WHERE userid = ?1")
        .bind(1, number(id))
        .bind(2, mail)
        .run();
}

SqlResult<void> RegistrationSqlite::remove(std::uint64_t id) {
    auto transaction = Transaction::begin(database_);
    if (!transaction) return std::unexpected(transaction.error());
    for (const auto* sql :
         {"DELETE FROM reset_codes WHERE userid = ?1", "DELETE FROM user WHERE userid = ?1"}) {
        if (auto done = database_.use(sql).bind(1, number(id)).run(); !done) return done;
    }
    return transaction->commit();
}

RegistrationSqlite::Outcome<std::optional<registration::ResetCodeStore::Code>> RegistrationSqlite::read_code(
    std::uint64_t user) {
    auto query =
        database_.use("SELECT reset, expiration FROM reset_codes WHERE userid = ?1 AND product = 'auth'");
    const auto there = query.bind(1, number(user)).step();
    if (!there) return std::unexpected(there.error().message);
    if (!*there) return std::nullopt;
    return Code{std::string(query.text(0)), query.integer(1)};
}

RegistrationSqlite::Outcome<void> RegistrationSqlite::write_code(std::uint64_t user, const Code& code) {
    return told(database_
                    .use("INSERT OR REPLACE INTO reset_codes(userid, product, reset, expiration) "
                         "VALUES(?1, 'auth', ?2, ?3)")
                    .bind(1, number(user))
                    .bind(2, code.text)
                    .bind(3, code.expires_ms)
                    .run());
}

RegistrationSqlite::Outcome<void> RegistrationSqlite::erase_code(std::uint64_t user) {
    return told(database_.use("DELETE FROM reset_codes WHERE userid = ?1").bind(1, number(user)).run());
}

RegistrationSqlite::Outcome<bool> RegistrationSqlite::take_code(std::uint64_t user, const std::string& text) {
    auto done = database_.use("DELETE FROM reset_codes WHERE userid = ?1 AND product = 'auth' AND reset = ?2")
                    .bind(1, number(user))
                    .bind(2, text)
                    .run();
    if (!done) return std::unexpected(done.error().message);
    return database_.changes() > 0;
}

SqlResult<void> RegistrationSqlite::probe() {
    const auto row = database_.use("SELECT 1 FROM user LIMIT 1").step();
    if (!row) return std::unexpected(row.error());
    return {};
}

}  // namespace homespun::sync::store::sqlite
