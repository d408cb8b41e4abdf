#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "sync/accounts/accounts_store.hpp"
#include "sync/store/sqlite/database.hpp"

namespace homespun::sync::store::sqlite {

/// Marks bytes that go into a BLOB column.
struct Blob {
    std::string_view bytes;
};

namespace detail {

inline void bind_one(Statement& statement, int index, std::int64_t value) {
    statement.bind(index, value);
}
inline void bind_one(Statement& statement, int index, std::string_view text) {
    statement.bind(index, text);
}
inline void bind_one(Statement& statement, int index, const std::string& text) {
    statement.bind(index, std::string_view(text));
}
inline void bind_one(Statement& statement, int index, Blob blob) {
    statement.bind_blob(index, blob.bytes);
}
inline void bind_one(Statement& statement, int index, const std::optional<std::string>& text) {
    if (text) {
        statement.bind(index, std::string_view(*text));
    } else {
        statement.bind_null(index);
    }
}

}  // namespace detail

/// Runs `sql` (a literal) with its parameters and calls `row(Statement&)` for each row.
template <class Row, class... Values>
SqlResult<void> each_row(Database& database, const char* sql, Row row, const Values&... values) {
    auto statement = database.prepare(sql);
    if (!statement) return std::unexpected(statement.error());
    int index = 0;
    (detail::bind_one(*statement, ++index, values), ...);
    while (true) {
        const auto more = statement->step();
        if (!more) return std::unexpected(more.error());
        if (!*more) return {};
        row(*statement);
    }
}

/// Runs `sql` and gives the number of rows it changed.
template <class... Values>
SqlResult<std::int64_t> change_rows(Database& database, const char* sql, const Values&... values) {
    auto done = each_row(database, sql, [](Statement&) {}, values...);
    if (!done) return std::unexpected(done.error());
    return database.changes();
}

/// The one number that `sql` gives; 0 when it gives no row.
template <class... Values>
SqlResult<std::int64_t> read_number(Database& database, const char* sql, const Values&... values) {
    std::int64_t number = 0;
    auto done = each_row(database, sql, [&](Statement& row) { number = row.integer(0); }, values...);
    if (!done) return std::unexpected(done.error());
    return number;
}

inline std::optional<std::string> optional_text(const Statement& row, int column) {
    if (row.is_null(column)) return std::nullopt;
    return std::string(row.text(column));
}

inline std::unexpected<accounts::StoreError> failed(accounts::StoreFailure kind, std::string detail = {}) {
    return std::unexpected(accounts::StoreError{kind, std::move(detail)});
}

inline std::unexpected<accounts::StoreError> failed(const SqlError& error) {
    return failed(accounts::StoreFailure::unavailable, error.message);
}

/// For statements that can break nothing but a foreign key: what they refer to is gone.
inline std::unexpected<accounts::StoreError> failed_reference(const SqlError& error) {
    return error.is_constraint() ? failed(accounts::StoreFailure::not_found) : failed(error);
}

/// Runs `work` (gives a StoreResult) in one transaction, which is rolled back when it fails.
template <class Work>
std::invoke_result_t<Work> atomically(Database& database, Work work) {
    auto transaction = Transaction::begin(database);
    if (!transaction) return failed(transaction.error());
    auto outcome = work();
    if (!outcome) return outcome;
    if (auto done = transaction->commit(); !done) return failed(done.error());
    return outcome;
}

}  // namespace homespun::sync::store::sqlite
