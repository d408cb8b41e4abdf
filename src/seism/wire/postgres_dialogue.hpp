#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "seism/wire/every_way_fixture.hpp"
#include "seism/wire/postgres_conversation.hpp"

/// PostgreSQL as both sides speak it in the tests.
namespace homespun::seism::wire::postgres_dialogue {

using namespace std::string_literals;

inline std::string number(std::size_t value) {
    std::string bytes;
    for (const int shift : {24, 16, 8, 0})
        bytes += static_cast<char>(value >> shift & 0xff);
    return bytes;
}
inline std::string message(char type, const std::string& payload = {}) {
    return std::string(1, type) + number(payload.size() + 4) + payload;
}
inline std::string query(const std::string& text) {
    return message('Q', text + '\0');
}
inline std::string untyped(std::uint32_t code, const std::string& rest = {}) {
    return number(rest.size() + 8) + number(code) + rest;
}
inline const std::string startup = untyped(196608, "user\0u\0\0"s);
inline const std::string tls_request = untyped(80877103), gss_request = untyped(80877104);
inline const std::string auth_asked = message('R', number(5) + "salt"), auth_ok = message('R', number(0));
inline const std::string session = message('S', "TimeZone\0UTC\0"s) + message('K', "12345678");
inline const std::string password = message('p', "md5\0"s);

inline std::string ready(char status = 'I') {
    return message('Z', std::string(1, status));
}
inline std::string done(const std::string& tag = "SELECT 1") {
    return message('C', tag + '\0');
}
inline std::string rows() {
    return message('T', "columns") + message('D', "row") + done();
}
inline std::string error(const std::string& state, const std::string& text,
                         const std::string& severity = "ERROR") {
    return message('E',
                   'S' + severity + '\0' + 'V' + severity + '\0' + 'C' + state + '\0' + 'M' + text + "\0\0"s);
}
inline const std::string deadlock = error("40P01", "deadlock detected");
inline const std::string real_error = error("42601", "syntax error");
inline const std::string not_there = error("26000", "prepared statement \"seism_fault\" does not exist");

inline std::vector<Line> logged_in() {
    return {C(startup), S(auth_asked), C(password), S(auth_ok + session + ready())};
}
inline Outcome play(const std::string& verb, const Fault& fault, const std::vector<Line>& script,
                    bool strip = false) {
    return play_every_way(with({.strip_tls = strip}, make_postgres_conversation), script, fault, {verb});
}
/// Where TLS ends in the middle.
inline Outcome play_ending_tls(const std::string& verb, const Fault& fault, const std::vector<Line>& script) {
    return play_every_way(with({.terminate_tls = true}, make_postgres_conversation), script, fault, {verb});
}
/// What comes after the login.
inline Talk talk(const std::string& verb, const Fault& fault, const std::vector<Line>& script) {
    const auto before = logged_in();
    return behind(before, play(verb, fault, then(before, script)));
}
inline const Fault deadlocked{.state = "40P01"};
inline const Fault deadlocked_after{.mode = Mode::after, .state = "40P01"};
inline const std::string begin = query("begin"), begun = done("BEGIN") + ready('T');

// The extended protocol.
inline std::string parse(const std::string& name, const std::string& text) {
    return message('P', name + '\0' + text + "\0\0\0"s);
}
inline std::string bind(const std::string& portal, const std::string& statement) {
    return message('B', portal + '\0' + statement + "\0\0\0\0\0\0\0"s);
}
inline std::string execute(const std::string& portal = {}) {
    return message('E', portal + "\0\0\0\0\0"s);
}
inline const std::string describe = message('D', "P\0"s), sync = message('S'), flush = message('H');
inline const std::string parsed = message('1'), bound = message('2'), described = message('T', "columns");

}  // namespace homespun::seism::wire::postgres_dialogue
