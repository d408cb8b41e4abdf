#include "sync/store/sqlite/token_sqlite.hpp"

#include <algorithm>
#include <ranges>
#include <tuple>

// Who gets which storage user on which node (sync-1.5 sheet, 19).

namespace homespun::sync::store::sqlite {

namespace {

using token::AssignFailure;
using token::Assignment;

std::expected<Assignment, AssignFailure> refuse(AssignFailure why) {
    return std::unexpected(std::move(why));
}

}  // namespace

std::expected<Assignment, AssignFailure> TokenSqlite::assign(const std::string& email,
                                                             const token::KeyFacts& facts,
                                                             std::int64_t now_ms,
                                                             const token::Admission& admission) {
    auto outcome = assign_in_transaction(email, facts, now_ms, admission);
    if (!outcome) return std::unexpected(AssignFailure(token::Unavailable{outcome.error().message}));
    return std::move(*outcome);
}

SqlResult<std::vector<TokenSqlite::Row>> TokenSqlite::rows_of(const std::string& email) {
    auto query = database_.prepare(
        "SELECT uid, generation, client_state, created_at, replaced_at, nodeid, keys_changed_at FROM users "
        "WHERE email = ?1 "
        "AND service = (SELECT id FROM services WHERE service = 'sync-1.5') ORDER BY created_at DESC, uid "
        "DESC LIMIT 20");
    if (!query) return std::unexpected(query.error());
    query->bind(1, email);
    std::vector<Row> rows;
    while (true) {
        const auto more = query->step();
        if (!more) return std::unexpected(more.error());
        if (!*more) break;
        rows.push_back({static_cast<std::uint64_t>(query->integer(0)), query->integer(1),
                        std::string(query->text(2)), query->integer(3), query->optional_integer(4),
                        query->integer(5), query->optional_integer(6)});
    }
    std::ranges::sort(rows, std::ranges::greater{},
                      [](const Row& row) { return std::tuple(row.generation, row.created_at, row.uid); });
    return rows;
}

SqlResult<std::optional<std::string>> TokenSqlite::node_url(std::int64_t node) {
    auto query = database_.prepare("SELECT node FROM nodes WHERE id = ?1");
    if (!query) return std::unexpected(query.error());
    const auto row = query->bind(1, node).step();
    if (!row) return std::unexpected(row.error());
    if (!*row) return std::nullopt;
    return std::string(query->text(0));
}

SqlResult<std::uint64_t> TokenSqlite::insert_user(const std::string& email, std::int64_t generation,
                                                  std::string_view state,
                                                  std::optional<std::int64_t> keys_changed_at,
                                                  std::int64_t now_ms, std::int64_t node) {
    auto insert = database_.prepare(
        "INSERT INTO users(service, email, generation, client_state, created_at, nodeid, keys_changed_at) "
        "VALUES("
        "(SELECT id FROM services WHERE service = 'sync-1.5'), ?1, ?2, ?3, ?4, ?5, ?6)");
    if (!insert) return std::unexpected(insert.error());
    insert->bind(1, email)
        .bind(2, generation)
        .bind(3, state)
        .bind(4, now_ms)
        .bind(5, node)
        .bind(6, keys_changed_at);
    if (auto done = insert->run(); !done) return std::unexpected(done.error());
    return static_cast<std::uint64_t>(database_.last_insert_rowid());
}

SqlResult<void> TokenSqlite::replace_others(const std::string& email, std::uint64_t current,
                                            std::int64_t at) {
    auto update = database_.prepare(
        "UPDATE users SET replaced_at = ?3 WHERE email = ?1 AND uid <> ?2 AND replaced_at IS NULL "
        "AND service = (SELECT id FROM services WHERE service = 'sync-1.5')");
    if (!update) return std::unexpected(update.error());
    return update->bind(1, email).bind(2, static_cast<std::int64_t>(current)).bind(3, at).run();
}

SqlResult<void> TokenSqlite::raise_values(std::uint64_t uid, const token::NewValues& values) {
    return database_
        .use(
            "UPDATE users SET generation = max(generation, ?2), keys_changed_at = CASE WHEN ?3 IS NULL THEN "
            "keys_changed_at ELSE max(coalesce(keys_changed_at, ?3), ?3) END "
            "WHERE uid = ?1 AND replaced_at IS NULL")
        .bind(1, static_cast<std::int64_t>(uid))
        .bind(2, values.generation)
        .bind(3, values.keys_changed_at)
        .run();
}

SqlResult<TokenSqlite::Assigned> TokenSqlite::assign_in_transaction(const std::string& email,
                                                                    const token::KeyFacts& facts,
                                                                    std::int64_t now_ms,
                                                                    const token::Admission& admission) {
    auto transaction = Transaction::begin(database_);
    if (!transaction) return std::unexpected(transaction.error());
    auto rows = rows_of(email);
    if (!rows) return std::unexpected(rows.error());
    auto assigned = rows->empty() ? assign_first(email, facts, now_ms, admission)
                                  : assign_again(email, facts, now_ms, *rows);
    if (!assigned) return assigned;
    // What was repaired stays repaired, whatever the rules say of this request.
    const bool stays = *assigned || std::holds_alternative<token::RuleBreach>(assigned->error());
    if (!stays) return assigned;
    if (auto done = transaction->commit(); !done) return std::unexpected(done.error());
    return assigned;
}

SqlResult<bool> TokenSqlite::admits(const token::Admission& admission) {
    if (!admission.new_users()) return false;
    if (admission.most_users() == 0) return true;
    const auto users = users_in_force();
    if (!users) return std::unexpected(users.error());
    return *users < admission.most_users();
}

SqlResult<std::optional<TokenSqlite::Place>> TokenSqlite::place_user(
    const std::string& email, std::int64_t generation, std::string_view state,
    std::optional<std::int64_t> keys_changed_at, std::int64_t now_ms) {
    const auto node = allocate_node();
    if (!node) return std::unexpected(node.error());
    if (!*node) return std::nullopt;
    const auto uid = insert_user(email, generation, state, keys_changed_at, now_ms, **node);
    if (!uid) return std::unexpected(uid.error());
    auto url = node_url(**node);
    if (!url) return std::unexpected(url.error());
    return Place{*uid, **node, std::move(*url).value_or("")};
}

SqlResult<TokenSqlite::Assigned> TokenSqlite::assign_first(const std::string& email,
                                                           const token::KeyFacts& facts, std::int64_t now_ms,
                                                           const token::Admission& admission) {
    const auto admitted = admits(admission);
    if (!admitted) return std::unexpected(admitted.error());
    if (!*admitted) return refuse(token::NewUsersDisabled{});
    const auto generation = facts.generation.value_or(facts.keys_changed_at.value_or(0));
    auto place = place_user(email, generation, facts.client_state, facts.keys_changed_at, now_ms);
    if (!place) return std::unexpected(place.error());
    if (!*place) return refuse(token::NoNodeLeft{});
    return Assignment{(*place)->uid,         std::move((*place)->url), generation,
                      facts.keys_changed_at, facts.client_state,       true};
}

SqlResult<TokenSqlite::Assigned> TokenSqlite::settle(const std::string& email, std::int64_t now_ms,
                                                     Row& current) {
    auto url = node_url(current.node);
    if (!url) return std::unexpected(url.error());
    const bool homeless = !*url;
    const bool retired = current.generation == token::retired_generation;
    if (retired && homeless) return refuse(token::RetiredWithoutNode{});
    Assignment settled{current.uid,          std::move(*url).value_or(""),
                       current.generation,   current.keys_changed_at,
                       current.client_state, false};
    if (retired || (!homeless && !current.replaced_at)) return settled;
    auto place = place_user(email, current.generation, current.client_state, current.keys_changed_at, now_ms);
    if (!place) return std::unexpected(place.error());
    if (!*place) return refuse(token::NoNodeLeft{});
    settled.uid = current.uid = (*place)->uid;
    settled.node = std::move((*place)->url);
    settled.created = true;
    current.node = (*place)->node;
    return settled;
}

SqlResult<TokenSqlite::Assigned> TokenSqlite::assign_again(const std::string& email,
                                                           const token::KeyFacts& facts, std::int64_t now_ms,
                                                           std::vector<Row>& rows) {
    auto& current = rows.front();
    // Two requests that raced left two rows without an end: the older ones end when the current one began.
    if (auto done = replace_others(email, current.uid, current.created_at); !done)
        return std::unexpected(done.error());
    auto assigned = settle(email, now_ms, current);
    if (!assigned || !*assigned) return assigned;
    token::CurrentUser known{
        current.uid, current.generation, current.keys_changed_at, current.client_state, {}};
    for (const auto& row : rows | std::views::drop(1)) {
        if (row.client_state != current.client_state) known.old_client_states.push_back(row.client_state);
    }
    if (const auto breach = token::broken_rule(facts, known)) return refuse(*breach);
    const auto values = token::new_values(facts, known);
    auto& assignment = **assigned;
    assignment.generation = values.generation;
    assignment.keys_changed_at = values.keys_changed_at;
    assignment.client_state = facts.client_state;
    if (facts.client_state != known.client_state) {
        const auto uid = insert_user(email, values.generation, facts.client_state, values.keys_changed_at,
                                     now_ms, current.node);
        if (!uid) return std::unexpected(uid.error());
        if (auto done = replace_others(email, *uid, now_ms); !done) return std::unexpected(done.error());
        assignment.uid = *uid;
        assignment.created = true;
    } else if (values != token::NewValues{known.generation, known.keys_changed_at}) {
        if (auto done = raise_values(known.uid, values); !done) return std::unexpected(done.error());
    }
    return assigned;
}

}  // namespace homespun::sync::store::sqlite
