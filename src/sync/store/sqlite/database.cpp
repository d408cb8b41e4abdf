#include "sync/store/sqlite/database.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <thread>

#include "base/text.hpp"

namespace homespun::sync::store::sqlite {
namespace {

/// What a connection says of its last failure. The system's number is kept only by errors of I/O and opening;
/// for others it would be that of an older failure.
SqlError error_of(sqlite3* connection, std::string message, int last_errno = 0) {
    SqlError error{sqlite3_extended_errcode(connection), std::move(message)};
    const int primary = error.code & 0xff;
    if (primary == SQLITE_IOERR || primary == SQLITE_CANTOPEN)
        error.system_errno = sqlite3_system_errno(connection);
    // A COMMIT that fails does not update sqlite3_system_errno(): what the call itself left counts first.
    if (last_errno != 0 && primary == SQLITE_IOERR) error.system_errno = last_errno;
    if (error.system_errno != 0) error.message += fmt::format(" ({})", std::strerror(error.system_errno));
    return error;
}

/// As SQLite wants it; only a URI can say that a file does not change.
std::string name_of(const std::string& path, const OpenOptions& options) {
    if (!options.immutable) return path;
    return "file:" + base::percent_encode(path) + "?immutable=1";
}

/// Missing, or without a page: the only files whose way of vacuuming can be chosen.
bool is_new(const std::string& path) {
    std::error_code error;
    const auto size = std::filesystem::file_size(path, error);
    return error || size == 0;
}

}  // namespace

bool SqlError::may_pass() const {
    if ((code & 0xff) == SQLITE_FULL || code == SQLITE_IOERR_SHMSIZE) return true;
    // SQLite's FULL covers a write's ENOSPC only, not a quota, the -shm file or a read-only mount. After a
    // failed fsync nobody knows what is on the disk, whatever the reason was.
    const bool was_refused = code == SQLITE_IOERR_WRITE || code == SQLITE_IOERR_TRUNCATE ||
                             code == SQLITE_IOERR_SHMOPEN || code == SQLITE_IOERR_SHMMAP ||
                             (code & 0xff) == SQLITE_CANTOPEN;
    return was_refused && (system_errno == ENOSPC || system_errno == EDQUOT || system_errno == EROFS);
}
bool SqlError::is_damage() const {
    if (may_pass()) return false;
    const int kind = code & 0xff;
    return kind == SQLITE_IOERR || kind == SQLITE_CORRUPT || kind == SQLITE_NOTADB;
}
bool SqlError::is_failed_sync() const {
    return code == SQLITE_IOERR_FSYNC || code == SQLITE_IOERR_DIR_FSYNC;
}
bool SqlError::is_busy() const {
    return (code & 0xff) == SQLITE_BUSY || (code & 0xff) == SQLITE_LOCKED;
}
bool SqlError::is_corrupt() const {
    return (code & 0xff) == SQLITE_CORRUPT || (code & 0xff) == SQLITE_NOTADB;
}
bool SqlError::is_constraint() const {
    return (code & 0xff) == SQLITE_CONSTRAINT;
}

Statement::~Statement() {
    if (statement_ == nullptr) return;
    if (is_own_)
        sqlite3_finalize(statement_);
    else
        reset();
}

void Statement::reset() {
    if (statement_ == nullptr) return;
    sqlite3_reset(statement_);
    sqlite3_clear_bindings(statement_);
}

Statement& Statement::bind(int index, std::int64_t value) {
    if (statement_ != nullptr) sqlite3_bind_int64(statement_, index, value);
    return *this;
}

Statement& Statement::bind(int index, std::string_view text) {
    // A null pointer would bind NULL where an empty text is meant.
    if (statement_ != nullptr)
        sqlite3_bind_text64(statement_, index, text.data() ? text.data() : "", text.size(), SQLITE_STATIC,
                            SQLITE_UTF8);
    return *this;
}

Statement& Statement::bind_blob(int index, std::string_view bytes) {
    if (statement_ != nullptr)
        sqlite3_bind_blob64(statement_, index, bytes.data() ? bytes.data() : "", bytes.size(), SQLITE_STATIC);
    return *this;
}

Statement& Statement::bind_null(int index) {
    if (statement_ != nullptr) sqlite3_bind_null(statement_, index);
    return *this;
}

Statement& Statement::bind(int index, std::optional<std::int64_t> value) {
    return value ? bind(index, *value) : bind_null(index);
}

SqlResult<bool> Statement::step() {
    if (statement_ == nullptr)
        return std::unexpected(broken_ ? *broken_ : SqlError{SQLITE_MISUSE, "no statement"});
    errno = 0;
    const int code = sqlite3_step(statement_);
    const int last_errno = errno;
    if (code == SQLITE_ROW) return true;
    if (code == SQLITE_DONE) return false;
    sqlite3* const connection = sqlite3_db_handle(statement_);
    return std::unexpected(
        error_of(connection, fmt::format("{} in: {}", sqlite3_errmsg(connection), sqlite3_sql(statement_)),
                 last_errno));
}

SqlResult<void> Statement::run() {
    while (true) {
        const auto more = step();
        if (!more) return std::unexpected(more.error());
        if (!*more) return {};
    }
}

std::int64_t Statement::integer(int column) const {
    return sqlite3_column_int64(statement_, column);
}

std::optional<std::int64_t> Statement::optional_integer(int column) const {
    if (is_null(column)) return std::nullopt;
    return integer(column);
}

std::string_view Statement::text(int column) const {
    const void* const bytes = sqlite3_column_blob(statement_, column);
    return {static_cast<const char*>(bytes),
            static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

bool Statement::is_null(int column) const {
    return sqlite3_column_type(statement_, column) == SQLITE_NULL;
}

void Database::Close::operator()(sqlite3* connection) const {
    sqlite3_close_v2(connection);
}
void Database::Finalize::operator()(sqlite3_stmt* statement) const {
    sqlite3_finalize(statement);
}

Database::Database(Database&&) noexcept = default;
Database& Database::operator=(Database&& other) noexcept {
    // Statements go before the connection they belong to.
    statements_ = std::move(other.statements_);
    connection_ = std::move(other.connection_);
    return *this;
}
Database::~Database() = default;

SqlError Database::last_error(std::string_view doing, int last_errno) const {
    return error_of(connection_.get(), fmt::format("{}: {}", doing, sqlite3_errmsg(connection_.get())),
                    last_errno);
}

SqlResult<Database> Database::open(const std::string& path, const OpenOptions& options) {
    sqlite3* raw = nullptr;
    const int flags =
        (options.read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE) |
        SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE | (options.immutable ? SQLITE_OPEN_URI : 0);
    const bool incremental = options.incremental_vacuum && !options.read_only && is_new(path);
    const int code = sqlite3_open_v2(name_of(path, options).c_str(), &raw, flags, options.vfs);
    Database database(raw);
    if (code != SQLITE_OK) {
        if (raw == nullptr)
            return std::unexpected(SqlError{code, fmt::format("cannot open {}: out of memory", path)});
        return std::unexpected(error_of(raw, fmt::format("cannot open {}: {}", path, sqlite3_errmsg(raw))));
    }
    sqlite3_busy_timeout(raw, options.busy_timeout_ms);
    std::string setup = fmt::format(
        "PRAGMA cache_size=-{}; PRAGMA mmap_size={}; PRAGMA temp_store=MEMORY; PRAGMA synchronous={};",
        options.cache_kib, options.mmap_bytes, options.synchronous_full ? "FULL" : "NORMAL");
    if (!options.read_only) {
        setup = fmt::format(
            "PRAGMA page_size={}; {} PRAGMA journal_mode=WAL; PRAGMA wal_autocheckpoint={}; "
            "PRAGMA journal_size_limit={}; {}",
            options.page_size, incremental ? "PRAGMA auto_vacuum=INCREMENTAL;" : "",
            options.autocheckpoint_pages, options.journal_size_limit, setup);
    }
    if (auto done = database.execute_patiently(setup, options.busy_timeout_ms); !done)
        return std::unexpected(error_of(raw, fmt::format("cannot open {}: {}", path, sqlite3_errmsg(raw))));
    return database;
}

SqlResult<void> Database::execute_patiently(std::string_view sql, int patience_ms) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(patience_ms);
    while (true) {
        auto done = execute(sql);
        if (done || !done.error().is_busy() || std::chrono::steady_clock::now() >= end) return done;
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
}

SqlResult<void> Database::execute(std::string_view sql) {
    const std::string text(sql);
    errno = 0;
    if (sqlite3_exec(connection_.get(), text.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK) return {};
    return std::unexpected(last_error(text, errno));
}

SqlResult<Statement> Database::prepare(const char* sql) {
    auto& slot = statements_[sql];
    if (!slot) {
        sqlite3_stmt* raw = nullptr;
        if (sqlite3_prepare_v3(connection_.get(), sql, -1, SQLITE_PREPARE_PERSISTENT, &raw, nullptr) !=
            SQLITE_OK) {
            statements_.erase(sql);
            return std::unexpected(last_error(sql));
        }
        slot.reset(raw);
    }
    return Statement(slot.get());
}

SqlResult<Statement> Database::prepare_once(const std::string& sql) {
    sqlite3_stmt* raw = nullptr;
    if (sqlite3_prepare_v2(connection_.get(), sql.c_str(), -1, &raw, nullptr) != SQLITE_OK)
        return std::unexpected(last_error(sql));
    Statement statement(raw);
    statement.is_own_ = true;
    return statement;
}

Statement Database::use(const char* sql) {
    auto statement = prepare(sql);
    if (!statement) return Statement(std::move(statement.error()));
    return std::move(*statement);
}

std::int64_t Database::last_insert_rowid() const {
    return sqlite3_last_insert_rowid(connection_.get());
}
std::int64_t Database::changes() const {
    return sqlite3_changes64(connection_.get());
}
bool Database::autocommit() const {
    return sqlite3_get_autocommit(connection_.get()) != 0;
}

SqlResult<std::int64_t> Database::user_version() {
    auto statement = prepare("PRAGMA user_version");
    if (!statement) return std::unexpected(statement.error());
    const auto row = statement->step();
    if (!row) return std::unexpected(row.error());
    return statement->integer(0);
}

SqlResult<void> Database::checkpoint() {
    errno = 0;
    const int code =
        sqlite3_wal_checkpoint_v2(handle(), nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
    if (code == SQLITE_OK) return {};
    return std::unexpected(last_error("checkpoint", errno));
}

SqlResult<void> Database::set_user_version(std::int64_t version) {
    return execute(fmt::format("PRAGMA user_version={}", version));
}

SqlResult<Transaction> Transaction::begin(Database& database) {
    auto begun = database.execute("BEGIN IMMEDIATE");
    if (!begun) return std::unexpected(begun.error());
    return Transaction(database);
}

Transaction::~Transaction() {
    if (database_ != nullptr && !database_->autocommit()) (void)database_->execute("ROLLBACK");
}

SqlResult<void> Transaction::commit() {
    auto done = database_->execute("COMMIT");
    if (done) database_ = nullptr;
    return done;
}

}  // namespace homespun::sync::store::sqlite
