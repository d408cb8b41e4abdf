#pragma once
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "sync/token/admission.hpp"
#include "sync/token/nodes.hpp"
#include "sync/token/rules.hpp"

namespace homespun::sync::token {

/// Whom a token is for.
struct Assignment {
    std::uint64_t uid = 0;
    std::string node;  ///< as in `nodes`; the endpoint is `{node}/1.5/{uid}`
    std::int64_t generation = 0;
    std::optional<std::int64_t> keys_changed_at;
    std::string client_state;
    bool created = false;  ///< a users row was made by this request
};

struct NewUsersDisabled {};
struct NoNodeLeft {};
struct RetiredWithoutNode {};
struct Unavailable {
    std::string detail;  ///< for the log
};
using AssignFailure = std::variant<RuleBreach, NewUsersDisabled, NoNodeLeft, RetiredWithoutNode, Unavailable>;

template <class T>
using StoreOutcome = std::expected<T, Unavailable>;

/// The tables services, nodes and users (sync-1.5 sheet, 21), where operators' own tools may write at any
/// moment: nothing of them is cached. It alone maps a person to a storage user. Calls block (they commit to
/// disk): run them on a blocking pool. One thread at a time.
class TokenStore {
  public:
    virtual ~TokenStore() = default;

    /// Finds the account's current row, repairing races, or makes one; applies the consistency rules; all in
    /// one transaction. `email` is `<account>@<domain>`.
    virtual std::expected<Assignment, AssignFailure> assign(const std::string& email, const KeyFacts& facts,
                                                            std::int64_t now_ms,
                                                            const Admission& admission) = 0;

    /// Our own node's URL, changed in place when the public URL changes, so that uids and data survive.
    virtual std::expected<void, Unavailable> set_own_node(const std::string& url) = 0;

    /// Ends all of an account's rows: generation to `retired_generation`, replaced now if they were not
    /// (sheet, 22: retired).
    virtual std::expected<void, Unavailable> retire(const std::string& email, std::int64_t now_ms) = 0;

    /// Lifts the generation of an account's current row (sheet, 19.1), replaced or not, to at least this: who
    /// signed in before is refused from now on (sheet, 22: password change). Nothing happens where it is
    /// higher, or there is no such account.
    virtual std::expected<void, Unavailable> raise_generation(const std::string& email,
                                                              std::int64_t generation) = 0;

    // --- nodes, for the operator

    /// By id.
    virtual StoreOutcome<std::vector<Node>> nodes() = 0;
    /// With a tenth of its capacity available, unless `change` says otherwise. False: the URL is known
    /// already.
    virtual StoreOutcome<bool> add_node(const std::string& url, const NodeChange& change) = 0;
    /// False: there is no such node.
    virtual StoreOutcome<bool> change_node(const std::string& url, const NodeChange& change) = 0;
    /// Its users are sent elsewhere when they come next: their rows are replaced at `now_ms`. Gives their
    /// number; nothing when there is no such node.
    virtual StoreOutcome<std::optional<std::int64_t>> unassign_node(const std::string& url,
                                                                    std::int64_t now_ms) = 0;
    /// Unassigns and deletes. False: there is no such node, or it is our own.
    virtual StoreOutcome<bool> remove_node(const std::string& url, std::int64_t now_ms) = 0;
    /// The user gets a new row on that node, with the values of the one in force. False: no such node or
    /// user.
    virtual StoreOutcome<bool> move_user(const std::string& email, const std::string& url,
                                         std::int64_t now_ms) = 0;

    // --- users

    /// All rows of one, newest first.
    virtual StoreOutcome<std::vector<UserRow>> rows(const std::string& email) = 0;
    /// Users who could come back without being new: those with a row in force, and those sent elsewhere who
    /// have not come since.
    virtual StoreOutcome<std::int64_t> count_users() = 0;
    /// Rows that were replaced before `before_ms`, the longest replaced first. Not the last row of a user who
    /// was sent elsewhere and has not come since (its node was drained or removed): it stands for a person
    /// who may be away for long, and with it would go what is known of their keys.
    virtual StoreOutcome<std::vector<UserRow>> old_rows(std::int64_t before_ms, std::int64_t limit) = 0;
    /// Deletes a replaced row; its node gets the place back.
    virtual StoreOutcome<void> forget_row(std::uint64_t uid) = 0;
    /// Puts a replaced row at the end of the queue of `old_rows`.
    virtual StoreOutcome<void> postpone_row(std::uint64_t uid, std::int64_t replaced_at_ms) = 0;
};

}  // namespace homespun::sync::token
