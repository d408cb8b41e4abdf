#include "seism/wire/mysql_errors.hpp"

#include <algorithm>
#include <array>

namespace homespun::seism::wire {
namespace {

constexpr std::size_t longest_message = 4096;

constexpr std::array<MysqlError, 18> errors = {{
    {1021, "HY000", "Disk full (x); waiting for someone to free some space..."},
    {1040, "08004", "Too many connections"},
    {1044, "42000", "Access denied for user 'x'@'y' to database 'z'"},
    {1045, "28000", "Access denied for user 'x'@'y' (using password: YES)"},
    {1047, "08S01", "WSREP has not yet prepared node for application use"},
    {1049, "42000", "Unknown database 'z'"},
    {1053, "08S01", "Server shutdown in progress"},
    {1105, "HY000", "Unknown error"},
    {1114, "HY000", "The table 'x' is full"},
    {1203, "42000", "User x already has more than 'max_user_connections' active connections"},
    {1205, "HY000", "Lock wait timeout exceeded; try restarting transaction"},
    {1213, "40001", "Deadlock found when trying to get lock; try restarting transaction"},
    {1243, "HY000", "Unknown prepared statement handler (x) given to EXECUTE"},
    {1290, "HY000",
     "The MySQL server is running with the --read-only option so it cannot execute this statement"},
    {1317, "70100", "Query execution was interrupted"},
    {1698, "28000", "Access denied for user 'x'@'y'"},
    {1969, "70100", "Query execution was interrupted (max_statement_time exceeded)"},
    {3024, "HY000", "Query execution was interrupted, maximum statement execution time exceeded"},
}};

}  // namespace

const MysqlError* mysql_error(std::int64_t code) {
    const auto found = std::ranges::find(errors, code, &MysqlError::code);
    return found == errors.end() ? nullptr : &*found;
}

bool is_mysql_login_error(std::int64_t code) {
    return code == 1044 || code == 1045 || code == 1049 || code == 1698;
}

std::string mysql_packet(MysqlSequence sequence, std::string_view payload) {
    std::string packet;
    packet.reserve(payload.size() + 4);
    for (const int shift : {0, 8, 16})
        packet += static_cast<char>(payload.size() >> shift & 0xff);
    packet += static_cast<char>(sequence);
    return packet += payload;
}

std::string mysql_error_packet(const Fault& fault, std::int64_t code, MysqlSequence sequence,
                               bool with_state) {
    const auto* known = mysql_error(code);
    const std::string_view own = fault.state;
    std::string payload = "\xff";
    payload += static_cast<char>(code & 0xff);
    payload += static_cast<char>(code >> 8 & 0xff);
    if (own.size() == 5)
        payload.append("#").append(own);
    else if (with_state)
        payload.append("#").append(known != nullptr ? known->state : "HY000");
    if (!fault.message.empty())
        payload.append(fault.message, 0, longest_message);
    else
        payload += known != nullptr ? known->message : "Unknown error";
    return mysql_packet(sequence, payload);
}

}  // namespace homespun::seism::wire
