#pragma once
#include <memory>
#include <string>

#include "base/result.hpp"
#include "sync/store/sqlite/database.hpp"
#include "sync/token/token_store.hpp"

namespace homespun::sync::store::sqlite {

/// Version of the format of token.db, kept in the file's user_version.
constexpr std::int64_t token_format = 1;

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
                                                                  const token::Admission& admission) override;
    std::expected<void, token::Unavailable> set_own_node(const std::string& url) override;
    std::expected<void, token::Unavailable> retire(const std::string& email, std::int64_t now_ms) override;
    std::expected<void, token::Unavailable> raise_generation(const std::string& email,
                                                             std::int64_t generation) override;
    token::StoreOutcome<std::vector<token::Node>> nodes() override;
    token::StoreOutcome<bool> add_node(const std::string& url, const token::NodeChange& change) override;
    token::StoreOutcome<bool> change_node(const std::string& url, const token::NodeChange& change) override;
    token::StoreOutcome<std::optional<std::int64_t>> unassign_node(const std::string& url,
                                                                   std::int64_t now_ms) override;
    token::StoreOutcome<bool> remove_node(const std::string& url, std::int64_t now_ms) override;
    token::StoreOutcome<bool> move_user(const std::string& email, const std::string& url,
                                        std::int64_t now_ms) override;
    token::StoreOutcome<std::vector<token::UserRow>> rows(const std::string& email) override;
    token::StoreOutcome<std::int64_t> count_users() override;
    token::StoreOutcome<std::vector<token::UserRow>> old_rows(std::int64_t before_ms,
                                                              std::int64_t limit) override;
    token::StoreOutcome<void> forget_row(std::uint64_t uid) override;
    token::StoreOutcome<void> postpone_row(std::uint64_t uid, std::int64_t replaced_at_ms) override;

  private:
    /// Of `users`, as far as an assignment needs it.
    struct Row {
        std::uint64_t uid;
        std::int64_t generation;
        std::string client_state;
        std::int64_t created_at;
        std::optional<std::int64_t> replaced_at;
        std::int64_t node;
        std::optional<std::int64_t> keys_changed_at;
    };
    explicit TokenSqlite(Database database) : database_(std::move(database)) {}

    using Assigned = std::expected<token::Assignment, token::AssignFailure>;
    /// Where a new row of `users` is.
    struct Place {
        std::uint64_t uid;
        std::int64_t node;
        std::string url;  ///< of the node
    };

    SqlResult<Assigned> assign_in_transaction(const std::string& email, const token::KeyFacts& facts,
                                              std::int64_t now_ms, const token::Admission& admission);
    /// Of somebody who has no row yet.
    SqlResult<Assigned> assign_first(const std::string& email, const token::KeyFacts& facts,
                                     std::int64_t now_ms, const token::Admission& admission);
    /// `rows`: all of this person, the current one first.
    SqlResult<Assigned> assign_again(const std::string& email, const token::KeyFacts& facts,
                                     std::int64_t now_ms, std::vector<Row>& rows);
    /// The assignment as the current row has it; one that was replaced, or whose node is gone, gets a new
    /// row.
    SqlResult<Assigned> settle(const std::string& email, std::int64_t now_ms, Row& current);
    SqlResult<bool> admits(const token::Admission& admission);
    /// A new row on the node with most room; nothing when none has any.
    SqlResult<std::optional<Place>> place_user(const std::string& email, std::int64_t generation,
                                               std::string_view state,
                                               std::optional<std::int64_t> keys_changed_at,
                                               std::int64_t now_ms);
    SqlResult<std::vector<Row>> rows_of(const std::string& email);
    SqlResult<std::optional<std::string>> node_url(std::int64_t node);
    SqlResult<std::optional<std::int64_t>> allocate_node();
    SqlResult<std::int64_t> users_in_force();
    SqlResult<void> release_capacity();
    SqlResult<std::optional<std::int64_t>> node_id(const std::string& url);
    SqlResult<std::vector<token::UserRow>> read_user_rows(Statement query);
    SqlResult<std::uint64_t> insert_user(const std::string& email, std::int64_t generation,
                                         std::string_view state, std::optional<std::int64_t> keys_changed_at,
                                         std::int64_t now_ms, std::int64_t node);
    /// Never lowers what the row has by now.
    SqlResult<void> raise_values(std::uint64_t uid, const token::NewValues& values);
    SqlResult<void> replace_others(const std::string& email, std::uint64_t current, std::int64_t at);

    Database database_;
};

}  // namespace homespun::sync::store::sqlite
