#pragma once
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "seism/wire/mysql_answer.hpp"

namespace homespun::seism::wire {

/// What is known of one connection's prepared statements: their first words and the starts of their texts.
/// Bounded: of the 256 statements prepared last, 1 KiB of text each.
class MysqlStatements {
  public:
    struct Statement {
        std::string verb, text;
        bool has_long_data = false;
    };
    /// MariaDB's clients mean by this the statement that they prepared last.
    static constexpr std::uint32_t last_prepared = 0xffffffff;

    /// A PREPARE goes to the server; its id comes later.
    void begun(std::string_view text);
    /// The PREPARE that was begun last is told to have failed.
    void last_fails() { last_failed_ = true; }
    [[nodiscard]] bool last_failed() const { return last_failed_; }
    void remember(std::uint32_t id, std::string_view text);
    void forget(std::uint32_t id) { known_.erase(id); }
    void forget_all() { known_.clear(); }
    /// Null if it is not known.
    [[nodiscard]] const Statement* find(std::uint32_t id) const;
    void long_data_came(std::uint32_t id);
    /// Whether long data has come for it since this was asked last.
    bool take_long_data(std::uint32_t id);

  private:
    static constexpr std::size_t most_known = 256;
    static Statement statement_of(std::string_view text);

    std::map<std::uint32_t, Statement> known_;  // ids grow: the first is the oldest
    Statement last_;
    bool last_failed_ = false;
};

/// One command of a client. The views are those of the payload and of the statements.
struct MysqlCommand {
    enum class Kind : std::uint8_t { other, prepare, execute, long_data, close_statement, new_session };

    Kind kind = Kind::other;
    bool is_answered = true;
    MysqlShape shape = MysqlShape::one;
    std::string verb = {};
    std::string_view subject = {};
    bool writes = false;
    std::uint32_t statement = 0;

    /// Reads the start of a command's payload. Nothing for one that is unknown, or after which no commands
    /// follow.
    static std::optional<MysqlCommand> read(std::string_view payload, std::uint64_t capabilities,
                                            const MysqlStatements& statements);
};

/// Payloads of commands of our own.
[[nodiscard]] std::string mysql_query(std::string_view statement, std::uint64_t capabilities);
[[nodiscard]] std::string mysql_close_statement(std::uint32_t id);
[[nodiscard]] std::string mysql_reset_statement(std::uint32_t id);

}  // namespace homespun::seism::wire
