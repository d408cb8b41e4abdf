#pragma once
#include <memory>
#include <string>

#include "base/result.hpp"
#include "sync/store/sqlite/database.hpp"
#include "sync/token/token_store.hpp"

namespace homespun::sync::store::sqlite {

/// token.db: ordinary locking and WAL, so that `sqlite3` and other tools can read and write beside us.
class TokenSqlite final : public token::TokenStore {
  public:
    /// Makes or opens the file; refuses a format newer than ours. `vfs`: a registered SQLite VFS (fault
    /// injection in tests).
    static base::Result<std::unique_ptr<TokenSqlite>> open(const std::string& path,
                                                           const char* vfs = nullptr);

    std::expected<token::Assignment, token::AssignFailure> assign(const std::string& email,
                                                                  const token::KeyFacts& facts,
                                                                  std::int64_t now_ms,
                                                                  bool new_users_allowed) override;
    std::expected<void, token::Unavailable> set_own_node(const std::string& url) override;
    std::expected<void, token::Unavailable> retire(const std::string& email, std::int64_t now_ms) override;

  private:
    struct Row;
    explicit TokenSqlite(Database database) : database_(std::move(database)) {}

    SqlResult<std::expected<token::Assignment, token::AssignFailure>> assign_in_transaction(
        const std::string& email, const token::KeyFacts& facts, std::int64_t now_ms, bool new_users_allowed);
    SqlResult<std::vector<Row>> rows_of(const std::string& email);
    SqlResult<std::optional<std::string>> node_url(std::int64_t node);
    SqlResult<std::optional<std::int64_t>> allocate_node();
    SqlResult<std::uint64_t> insert_user(const std::string& email, std::int64_t generation,
                                         std::string_view state, std::optional<std::int64_t> keys_changed_at,
                                         std::int64_t now_ms, std::int64_t node);
    SqlResult<void> replace_others(const std::string& email, std::uint64_t current, std::int64_t at);

    Database database_;
};

}  // namespace homespun::sync::store::sqlite
