#include "seism/wire/postgres_messages.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include "seism/wire/chosen_fault.hpp"
#include "seism/wire/sql_statement.hpp"

namespace homespun::seism::wire {
namespace {

constexpr std::size_t longest_message = 4096;
constexpr std::size_t longest_name = 256;
constexpr std::size_t most_known = 256;
constexpr std::string_view read_only = "25006";

constexpr std::array<std::pair<std::string_view, std::string_view>, 13> messages = {{
    {read_only, "cannot execute INSERT in a read-only transaction"},
    {"26000", "prepared statement \"x\" does not exist"},
    {"28P01", "password authentication failed for user \"x\""},
    {"40001", "could not serialize access due to concurrent update"},
    {"40P01", "deadlock detected"},
    {"53100", "could not extend file \"x\": No space left on device"},
    {"53200", "out of memory"},
    {"53300", "sorry, too many clients already"},
    {"55P03", "canceling statement due to lock timeout"},
    {"57014", "canceling statement due to statement timeout"},
    {"57P01", "terminating connection due to administrator command"},
    {"57P03", "the database system is starting up"},
    {"XX000", "internal error"},
}};

std::string message_of(char type, std::string_view payload) {
    std::string message(1, type);
    const auto length = payload.size() + 4;
    for (const int shift : {24, 16, 8, 0})
        message += static_cast<char>(length >> shift & 0xff);
    return message += payload;
}

}  // namespace

std::string_view postgres_message(std::string_view state) {
    for (const auto& [known, text] : messages)
        if (known == state) return text;
    return {};
}

bool is_postgres_fatal(std::string_view state) {
    return state == "53300" || state.starts_with("57P") || state.starts_with("28");
}

std::string_view postgres_state(const Fault& fault, bool of_connection) {
    if (fault.state.size() == 5) return fault.state;
    return of_connection ? "53300" : "XX000";
}

std::string postgres_error(const Fault& fault, std::string_view verb, bool of_connection) {
    const auto state = postgres_state(fault, of_connection);
    const std::string_view severity = of_connection || is_postgres_fatal(state) ? "FATAL" : "ERROR";
    std::string text = fault.message.substr(0, longest_message);
    if (text.empty() && state == read_only && !verb.empty())
        text.append("cannot execute ").append(verb).append(" in a read-only transaction");
    if (text.empty()) text = postgres_message(state);
    if (text.empty()) text = "internal error";
    std::string payload;
    for (const auto& [field, value] :
         {std::pair<char, std::string_view>{'S', severity}, {'V', severity}, {'C', state}, {'M', text}}) {
        payload += field;
        payload.append(value.substr(0, value.find('\0')));
        payload += '\0';
    }
    payload += '\0';
    return message_of('E', payload);
}

std::string postgres_ready(char status) {
    return message_of('Z', {&status, 1});
}
std::string failing_query() {
    return message_of('Q', std::string_view("EXECUTE seism_fault\0", 20));
}
std::string failing_execute() {
    return message_of('E', std::string_view("seism_fault\0\0\0\0\0", 16));
}
std::string copy_fail() {
    return message_of('f', std::string_view("seism_fault\0", 12));
}

std::uint32_t postgres_number(std::string_view bytes) {
    std::uint32_t value = 0;
    for (const char c : bytes.substr(0, 4))
        value = value << 8 | static_cast<unsigned char>(c);
    return value;
}

std::string_view take_text(std::string_view& bytes) {
    const auto text = bytes.substr(0, bytes.find('\0'));
    bytes.remove_prefix(std::min(text.size() + 1, bytes.size()));
    return text;
}

void PostgresStatements::parsed(std::string_view name, std::string_view text) {
    keep(statements_, name,
         {.verb = verb_of_statement(text), .text = std::string(text.substr(0, most_kept_subject))});
}

void PostgresStatements::bound(std::string_view portal, std::string_view statement) {
    const auto found = statements_.find(statement);
    if (found != statements_.end())
        keep(portals_, portal, found->second);
    else
        closed('P', portal);
}

void PostgresStatements::closed(char type, std::string_view name) {
    auto& table = type == 'S' ? statements_ : portals_;
    if (const auto found = table.find(name); found != table.end()) table.erase(found);
}

const PostgresStatements::Statement* PostgresStatements::of_portal(std::string_view portal) const {
    const auto found = portals_.find(portal);
    return found == portals_.end() ? nullptr : &found->second;
}

void PostgresStatements::keep(Table& table, std::string_view name, const Statement& statement) {
    if (name.size() > longest_name) return;
    const auto known = table.find(name);
    if (known == table.end() && table.size() >= most_known) table.erase(std::prev(table.end()));
    table.insert_or_assign(std::string(name), statement);
}

}  // namespace homespun::seism::wire
