#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "seism/wire/conversation.hpp"

namespace homespun::seism::wire {

/// A server's error: number, SQLSTATE and the literal text.
struct MysqlError {
    std::int64_t code;
    std::string_view state;
    std::string_view message;
};
/// What servers say with a code; null if it is not known here.
[[nodiscard]] const MysqlError* mysql_error(std::int64_t code);
/// Told in answer to the login, not in place of the greeting.
[[nodiscard]] bool is_mysql_login_error(std::int64_t code);

/// The number of a packet: each one of a command and its answer counts on, from 0.
using MysqlSequence = std::uint8_t;

/// `payload` as one packet; below 0xffffff bytes.
[[nodiscard]] std::string mysql_packet(MysqlSequence sequence, std::string_view payload);
/// The ERR packet of a fault; `code` stands for its own, when that is 0. Without `with_state` SQLSTATE comes
/// only if the fault gives one, as before the greeting.
[[nodiscard]] std::string mysql_error_packet(const Fault& fault, std::int64_t code, MysqlSequence sequence,
                                             bool with_state);

}  // namespace homespun::seism::wire
