#include "seism/wire/mysql_command.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "seism/wire/chosen_fault.hpp"
#include "seism/wire/mysql_bytes.hpp"
#include "seism/wire/sql_statement.hpp"

namespace homespun::seism::wire {
namespace {

using Kind = MysqlCommand::Kind;

struct Known {
    unsigned char code;
    std::string_view name;
    MysqlShape shape = MysqlShape::one;
    Kind kind = Kind::other;
    bool is_answered = true;
};

constexpr unsigned char com_query = 0x03, com_prepare = 0x16, com_close = 0x19, com_reset = 0x1a;
constexpr unsigned char com_init_db = 0x02, com_create_db = 0x05, com_drop_db = 0x06;

/// What follows a dump of the binary log, or of a table, is no talk of commands: those are not here.
constexpr std::array<Known, 26> commands = {{
    {0x01, "QUIT", MysqlShape::one, Kind::other, false},
    {com_init_db, "INIT_DB"},
    {com_query, "QUERY", MysqlShape::result},
    {0x04, "FIELD_LIST", MysqlShape::fields},
    {com_create_db, "CREATE_DB"},
    {com_drop_db, "DROP_DB"},
    {0x07, "REFRESH"},
    {0x08, "SHUTDOWN"},
    {0x09, "STATISTICS"},
    {0x0a, "PROCESS_INFO", MysqlShape::result},
    {0x0b, "CONNECT"},
    {0x0c, "PROCESS_KILL"},
    {0x0d, "DEBUG"},
    {0x0e, "PING"},
    {0x11, "CHANGE_USER", MysqlShape::login, Kind::new_session},
    {0x15, "REGISTER_SLAVE"},
    {com_prepare, "PREPARE", MysqlShape::prepare, Kind::prepare},
    {0x17, "EXECUTE", MysqlShape::result, Kind::execute},
    {0x18, "SEND_LONG_DATA", MysqlShape::one, Kind::long_data, false},
    {com_close, "CLOSE", MysqlShape::one, Kind::close_statement, false},
    {com_reset, "RESET"},
    {0x1b, "SET_OPTION"},
    {0x1c, "FETCH", MysqlShape::rows},
    {0x1d, "DAEMON"},
    {0x1f, "RESET_CONNECTION", MysqlShape::one, Kind::new_session},
    {0xfa, "BULK_EXECUTE", MysqlShape::result, Kind::execute},
}};

constexpr unsigned char com_fetch = 0x1c;

/// The size of a value of a query attribute; nothing: its length stands before it.
std::optional<std::size_t> size_of_type(std::uint64_t type) {
    switch (type & 0xff) {
        case 6:
            return 0;
        case 1:
            return 1;
        case 2:
        case 13:
            return 2;
        case 3:
        case 4:
        case 9:
            return 4;
        case 5:
        case 8:
            return 8;
        default:
            return std::nullopt;
    }
}

/// Behind the attributes of a query, which MySQL's clients put before its text.
std::string_view statement_of_query(std::string_view text, std::uint64_t capabilities) {
    if ((capabilities & mysql_capability::query_attributes) == 0) return text;
    MysqlBytes bytes(text);
    const auto count = bytes.encoded();
    bytes.encoded();
    if (count == 0) return bytes.left();
    if (count > text.size()) return {};
    const auto nulls = bytes.take((count + 7) / 8);
    const bool has_types = bytes.number(1) == 1;
    std::string types;
    for (std::uint64_t i = 0; i < count && has_types && bytes; ++i) {
        types += static_cast<char>(bytes.number(2));
        bytes.take(bytes.encoded());
    }
    for (std::size_t i = 0; i < types.size() && bytes; ++i) {
        if ((static_cast<unsigned char>(nulls[i / 8]) >> i % 8 & 1) != 0) continue;
        const auto size = size_of_type(static_cast<unsigned char>(types[i]));
        bytes.take(size ? *size : bytes.encoded());
    }
    return bytes.left();
}

std::string command_on_statement(unsigned char code, std::uint32_t id) {
    std::string payload(1, static_cast<char>(code));
    for (const int shift : {0, 8, 16, 24})
        payload += static_cast<char>(id >> shift & 0xff);
    return payload;
}

}  // namespace

MysqlStatements::Statement MysqlStatements::statement_of(std::string_view text) {
    return {.verb = verb_of_statement(text), .text = std::string(text.substr(0, most_kept_subject))};
}

void MysqlStatements::begun(std::string_view text) {
    last_ = statement_of(text);
    last_failed_ = false;
}

void MysqlStatements::remember(std::uint32_t id, std::string_view text) {
    if (known_.size() >= most_known) known_.erase(known_.begin());
    known_.insert_or_assign(id, statement_of(text));
}

const MysqlStatements::Statement* MysqlStatements::find(std::uint32_t id) const {
    if (id == last_prepared) return &last_;
    const auto found = known_.find(id);
    return found == known_.end() ? nullptr : &found->second;
}

void MysqlStatements::long_data_came(std::uint32_t id) {
    const auto found = known_.find(id);
    if (found != known_.end()) found->second.has_long_data = true;
}

bool MysqlStatements::take_long_data(std::uint32_t id) {
    const auto found = known_.find(id);
    return found != known_.end() && std::exchange(found->second.has_long_data, false);
}

std::optional<MysqlCommand> MysqlCommand::read(std::string_view payload, std::uint64_t capabilities,
                                               const MysqlStatements& statements) {
    if (payload.empty()) return std::nullopt;
    const auto code = static_cast<unsigned char>(payload.front());
    const auto known = std::ranges::find(commands, code, &Known::code);
    if (known == commands.end()) return std::nullopt;
    const auto text = payload.substr(1);
    MysqlCommand command{.kind = known->kind,
                         .is_answered = known->is_answered,
                         .shape = known->shape,
                         .verb = std::string(known->name)};
    if (code == com_query) {
        command.subject = statement_of_query(text, capabilities);
        if (auto verb = verb_of_statement(command.subject); !verb.empty()) command.verb = std::move(verb);
        command.writes = verb_writes(command.verb);
    } else if (code == com_prepare || code == com_init_db) {
        command.subject = text;
    } else if (code == com_create_db || code == com_drop_db) {
        command.subject = text;
        command.writes = true;
    } else if (code >= 0x17) {
        command.statement = static_cast<std::uint32_t>(MysqlBytes(text).number(4));
    }
    if (command.kind != Kind::execute && code != com_fetch) return command;
    const auto* statement = statements.find(command.statement);
    if (statement == nullptr) return command;
    command.subject = statement->text;
    if (code == com_fetch) return command;
    if (!statement->verb.empty()) command.verb = statement->verb;
    command.writes = verb_writes(command.verb);
    return command;
}

std::string mysql_query(std::string_view statement, std::uint64_t capabilities) {
    std::string payload(1, static_cast<char>(com_query));
    if ((capabilities & mysql_capability::query_attributes) != 0) payload.append("\0\1", 2);
    return payload.append(statement);
}
std::string mysql_close_statement(std::uint32_t id) {
    return command_on_statement(com_close, id);
}
std::string mysql_reset_statement(std::uint32_t id) {
    return command_on_statement(com_reset, id);
}

}  // namespace homespun::seism::wire
