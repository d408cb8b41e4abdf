#pragma once
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "base/result.hpp"

struct sqlite3;
struct sqlite3_stmt;

namespace homespun::sync::store::sqlite {

/// What SQLite said. `code` is the extended result code (sqlite3.h), `message` names the statement or file.
struct SqlError {
    int code = 0;
    std::string message;
    int system_errno = 0;  ///< of the failed call to the system, for errors of I/O and opening
    /// SQLITE_FULL, or an I/O error for want of space, quota or a file system that may be written: nothing
    /// was written, and it may pass by itself. A failed fsync never does.
    [[nodiscard]] bool may_pass() const;
    /// Nobody knows what is on the disk: nothing more may be written before it was looked at.
    [[nodiscard]] bool is_damage() const;
    /// Of those, the one after which trying again proves nothing: the system forgets what it could not write.
    /// Not only a commit syncs: the first frame of a WAL that is used anew may go out in the middle.
    [[nodiscard]] bool is_failed_sync() const;
    [[nodiscard]] bool is_busy() const;
    [[nodiscard]] bool is_constraint() const;
    /// The file's content makes no sense, or is no database at all.
    [[nodiscard]] bool is_corrupt() const;
};

template <class T>
using SqlResult = std::expected<T, SqlError>;

/// One prepared statement while it is in use: binds from 1, steps, reads columns from 0; reset when it goes
/// out of scope. Text and blobs are bound without a copy: they must outlive the last step. Not thread-safe.
class Statement {
  public:
    explicit Statement(sqlite3_stmt* statement) : statement_(statement) {}
    /// One that could not be prepared: binding does nothing, every step fails with `reason`.
    explicit Statement(SqlError reason) : broken_(std::make_unique<SqlError>(std::move(reason))) {}
    Statement(Statement&& other) noexcept
        : statement_(std::exchange(other.statement_, nullptr)),
          is_own_(other.is_own_),
          broken_(std::move(other.broken_)) {}
    Statement& operator=(Statement&&) = delete;
    Statement(const Statement&) = delete;
    ~Statement();

    Statement& bind(int index, std::int64_t value);
    Statement& bind(int index, std::string_view text);
    Statement& bind_blob(int index, std::string_view bytes);
    Statement& bind_null(int index);
    Statement& bind(int index, std::optional<std::int64_t> value);
    /// Back to the beginning, bindings cleared, to run it again.
    void reset();

    /// True: a row is there. False: done.
    SqlResult<bool> step();
    /// Runs a statement that yields no rows.
    SqlResult<void> run();

    [[nodiscard]] std::int64_t integer(int column) const;
    [[nodiscard]] std::optional<std::int64_t> optional_integer(int column) const;
    /// Holds until the next step or reset. Text and blob alike.
    [[nodiscard]] std::string_view text(int column) const;
    [[nodiscard]] bool is_null(int column) const;

  private:
    friend class Database;
    sqlite3_stmt* statement_ = nullptr;
    bool is_own_ = false;  ///< finalised here: nobody else keeps it
    std::unique_ptr<SqlError> broken_;
};

struct OpenOptions {
    bool read_only = false;
    bool immutable =
        false;  ///< with read_only: nobody writes meanwhile, so no lock and no file beside it is needed
    int page_size = 8192;                        ///< bytes; counts only when the file is made
    bool incremental_vacuum = false;             ///< counts only when the file is made
    int cache_kib = 8192;                        ///< page cache
    std::int64_t mmap_bytes = 0;                 ///< memory-mapped reading
    int autocheckpoint_pages = 1000;             ///< 0: the owner of the connection checkpoints itself
    std::int64_t journal_size_limit = 64 << 20;  ///< a WAL that grew beyond this is cut back, bytes
    bool synchronous_full = true;                ///< an acknowledged commit survives a loss of power
    int busy_timeout_ms = 5000;
    const char* vfs = nullptr;  ///< name of a registered VFS (fault injection in tests)
};

/// One connection to one SQLite file in WAL mode, with its prepared statements. Belongs to one thread at a
/// time.
class Database {
  public:
    static SqlResult<Database> open(const std::string& path, const OpenOptions& options);
    /// Closed: good for being assigned to only.
    Database() = default;
    Database(Database&&) noexcept;
    Database& operator=(Database&&) noexcept;
    ~Database();

    /// Runs one or more statements that take no parameters and yield nothing that is wanted.
    SqlResult<void> execute(std::string_view sql);
    /// A statement prepared once and kept; `sql` must be a literal (it is the key). One use at a time.
    SqlResult<Statement> prepare(const char* sql);
    /// The same in one chain: `use(sql).bind(1, x).run()`; a statement that cannot be prepared says so at its
    /// step.
    Statement use(const char* sql);
    /// A statement for this once; any text.
    SqlResult<Statement> prepare_once(const std::string& sql);
    [[nodiscard]] std::int64_t last_insert_rowid() const;
    /// Rows changed by the last INSERT, UPDATE or DELETE.
    [[nodiscard]] std::int64_t changes() const;
    SqlResult<std::int64_t> user_version();
    SqlResult<void> set_user_version(std::int64_t version);
    /// Moves what readers leave free from the WAL into the file, and syncs both. Busy: somebody else does.
    SqlResult<void> checkpoint();
    /// Not inside a transaction = true.
    [[nodiscard]] bool autocommit() const;
    [[nodiscard]] sqlite3* handle() const { return connection_.get(); }

  private:
    struct Close {
        void operator()(sqlite3* connection) const;
    };
    struct Finalize {
        void operator()(sqlite3_stmt* statement) const;
    };
    explicit Database(sqlite3* connection) : connection_(connection) {}
    /// `last_errno`: what the failed call itself left in errno, if that is known.
    [[nodiscard]] SqlError last_error(std::string_view doing, int last_errno = 0) const;
    /// Again while the file is busy: the switch to WAL does not wait by itself when another program makes it
    /// at the same moment.
    SqlResult<void> execute_patiently(std::string_view sql, int patience_ms);

    std::unique_ptr<sqlite3, Close> connection_;
    std::unordered_map<const char*, std::unique_ptr<sqlite3_stmt, Finalize>> statements_;
};

/// BEGIN IMMEDIATE … COMMIT; rolls back when it goes out of scope uncommitted.
class Transaction {
  public:
    static SqlResult<Transaction> begin(Database& database);
    Transaction(Transaction&& other) noexcept : database_(std::exchange(other.database_, nullptr)) {}
    Transaction& operator=(Transaction&&) = delete;
    ~Transaction();
    SqlResult<void> commit();

  private:
    explicit Transaction(Database& database) : database_(&database) {}
    Database* database_;
};

}  // namespace homespun::sync::store::sqlite
