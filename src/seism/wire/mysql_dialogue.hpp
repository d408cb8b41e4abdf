#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "seism/wire/every_way_fixture.hpp"
#include "seism/wire/mysql_answer.hpp"
#include "seism/wire/mysql_conversation.hpp"
#include "seism/wire/mysql_errors.hpp"

/// MySQL as both sides speak it in the tests.
namespace homespun::seism::wire::mysql_dialogue {

using namespace std::string_literals;
namespace capability = mysql_capability;

inline constexpr std::uint64_t plain = capability::protocol_41 | capability::is_mysql;

inline std::string number(std::uint64_t value, std::size_t size) {
    std::string bytes;
    for (std::size_t i = 0; i < size; ++i)
        bytes += static_cast<char>(value >> 8 * i & 0xff);
    return bytes;
}
inline std::string packet(int sequence, const std::string& payload) {
    return mysql_packet(static_cast<MysqlSequence>(sequence), payload);
}
/// As a server's: the capabilities stand at three places.
inline std::string greeting(std::uint64_t capabilities) {
    return packet(0, "\x0a"s + "10.11.6-MariaDB\0"s + "idid" + "scramble\0"s + number(capabilities, 2) +
                         "\x2d" + "\2\0"s + number(capabilities >> 16, 2) + "\x15" + "reserv" +
                         number(capabilities >> 32, 4) + "scramblescra\0mysql_native_password\0"s);
}
inline std::string login(std::uint64_t capabilities) {
    return packet(1, number(capabilities, 4) + "\0\0\0\1\x2d"s + std::string(19, '\0') +
                         number(capabilities >> 32, 4) + "user\0\0"s);
}
inline std::string ok(int sequence, std::uint16_t status = 2) {
    return packet(sequence, "\0\0\0"s + number(status, 2) + "\0\0"s);
}
inline std::string eof(int sequence, std::uint16_t status = 2) {
    return packet(sequence, "\xfe\0\0"s + number(status, 2));
}
inline std::string end_as_ok(int sequence, std::uint16_t status = 2) {
    return packet(sequence, "\xfe\0\0"s + number(status, 2) + "\0\0"s);
}
inline std::string command(char code, const std::string& text = {}) {
    return packet(0, std::string(1, code) + text);
}
inline std::string query(const std::string& text) {
    return command('\3', text);
}
inline std::string column(int sequence) {
    return packet(sequence, "\3def\0\0\0\1a"s);
}
/// Two columns, two rows.
inline std::string rows(int from = 1, std::uint16_t status = 2) {
    return packet(from, "\2") + column(from + 1) + column(from + 2) + eof(from + 3, status) +
           packet(from + 4, "\1x\1y") + packet(from + 5, "\xfb\2zz") + eof(from + 6, status);
}

inline std::vector<Line> logged_in(std::uint64_t capabilities = plain) {
    return {S(greeting(capabilities)), C(login(capabilities)), S(ok(2))};
}
inline Outcome play(const std::string& verb, const Fault& fault, const std::vector<Line>& script,
                    bool strip = false) {
    return play_every_way(with({.strip_tls = strip}, make_mysql_conversation), script, fault, {verb});
}
/// Where TLS ends in the middle.
inline Outcome play_ending_tls(const std::string& verb, const Fault& fault, const std::vector<Line>& script) {
    return play_every_way(with({.terminate_tls = true}, make_mysql_conversation), script, fault, {verb});
}
/// What comes after the login.
inline Talk talk(const std::string& verb, const Fault& fault, const std::vector<Line>& script,
                 std::uint64_t capabilities = plain) {
    const auto before = logged_in(capabilities);
    return behind(before, play(verb, fault, then(before, script)));
}
inline std::string deadlock(int sequence = 1) {
    return packet(sequence,
                  "\xff\xbd\4#40001Deadlock found when trying to get lock; try restarting transaction"s);
}
inline std::string error(std::int64_t code, int sequence = 1) {
    return mysql_error_packet({}, code, static_cast<MysqlSequence>(sequence), true);
}
inline const std::string rollback = query("ROLLBACK");

}  // namespace homespun::seism::wire::mysql_dialogue
