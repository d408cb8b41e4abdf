#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "seism/wire/conversation.hpp"

namespace homespun::seism::wire {

/// What the server says with an SQLSTATE; nothing for one that is not known here.
[[nodiscard]] std::string_view postgres_message(std::string_view state);
/// Whether errors with this SQLSTATE end the connection: 53300, 57P.. and 28...
[[nodiscard]] bool is_postgres_fatal(std::string_view state);
/// The SQLSTATE of a fault, or what stands for none.
[[nodiscard]] std::string_view postgres_state(const Fault& fault, bool of_connection);

/// Whole messages, with type and length.
[[nodiscard]] std::string postgres_error(const Fault& fault, std::string_view verb, bool of_connection);
[[nodiscard]] std::string postgres_ready(char status);
/// A simple query, and an Execute, that fail and change nothing else.
[[nodiscard]] std::string failing_query();
[[nodiscard]] std::string failing_execute();
[[nodiscard]] std::string copy_fail();

/// The number at the front of some bytes, the highest first; the bytes must be there.
[[nodiscard]] std::uint32_t postgres_number(std::string_view bytes);
/// Takes a text up to its NUL off the front; up to the end if there is none.
[[nodiscard]] std::string_view take_text(std::string_view& bytes);

/// What is known of one connection's prepared statements and portals. Bounded: 256 of each, the first 1 KiB
/// of a text each, names up to 256 bytes.
class PostgresStatements {
  public:
    struct Statement {
        std::string verb, text;
    };
    void parsed(std::string_view name, std::string_view text);
    void bound(std::string_view portal, std::string_view statement);
    void closed(char type, std::string_view name);
    /// Null if it is not known.
    [[nodiscard]] const Statement* of_portal(std::string_view portal) const;

  private:
    using Table = std::map<std::string, Statement, std::less<>>;
    static void keep(Table& table, std::string_view name, const Statement& statement);

    Table statements_, portals_;
};

}  // namespace homespun::seism::wire
