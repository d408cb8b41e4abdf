#include "seism/wire/mysql_answer.hpp"

#include "seism/wire/mysql_bytes.hpp"

namespace homespun::seism::wire {
namespace {

namespace capability = mysql_capability;

constexpr std::uint16_t more_results = 0x0008;
constexpr std::uint16_t cursor_exists = 0x0040;
constexpr std::uint16_t code_of_progress = 0xffff;

unsigned char first_byte(std::string_view start) {
    return start.empty() ? 0 : static_cast<unsigned char>(start.front());
}

/// OK's status stands behind two length-encoded numbers, EOF's behind its warnings.
std::uint16_t status_of_ok(std::string_view start) {
    MysqlBytes bytes(start.substr(1));
    bytes.encoded();
    bytes.encoded();
    return static_cast<std::uint16_t>(bytes.number(2));
}
std::uint16_t status_of_eof(std::string_view start) {
    MysqlBytes bytes(start.substr(1));
    bytes.number(2);
    return static_cast<std::uint16_t>(bytes.number(2));
}
/// A short 0xfe is an EOF, or the OK that has taken its place: that one is longer.
bool ends_rows(std::string_view start, std::uint64_t length, std::uint64_t capabilities) {
    return first_byte(start) == 0xfe &&
           length < ((capabilities & capability::deprecate_eof) != 0 ? 0xffffff : 9);
}
std::uint16_t status_of_end(std::string_view start, std::uint64_t capabilities) {
    return (capabilities & capability::deprecate_eof) != 0 ? status_of_ok(start) : status_of_eof(start);
}

}  // namespace

MysqlAnswer::Step MysqlAnswer::packet(std::string_view start, std::uint64_t length,
                                      std::uint64_t capabilities) {
    if (shape_ == MysqlShape::one && first_byte(start) != 0xff) return Step::last;
    if (first_byte(start) == 0xff && !start.empty()) {
        MysqlBytes bytes(start.substr(1));
        const bool is_progress =
            bytes.number(2) == code_of_progress && (capabilities & capability::mariadb_progress) != 0;
        return is_progress ? Step::more : Step::error;
    }
    switch (state_) {
        case State::head:
            return head(start, length, capabilities);
        case State::parameters:
            if (--parameters_ == 0) {
                if ((capabilities & capability::deprecate_eof) == 0)
                    state_ = State::parameters_end;
                else if (columns_ == 0)
                    return Step::last;
                else
                    state_ = State::columns;
            }
            return Step::more;
        case State::parameters_end:
            state_ = State::columns;
            return columns_ == 0 ? Step::last : Step::more;
        case State::columns:
            return --columns_ == 0 ? after_columns(capabilities) : Step::more;
        case State::columns_end:
            return columns_end(start);
        case State::rows:
            break;
    }
    if (!ends_rows(start, length, capabilities)) return Step::more;
    return after_result(status_of_end(start, capabilities));
}

MysqlAnswer::Step MysqlAnswer::head(std::string_view start, std::uint64_t length,
                                    std::uint64_t capabilities) {
    const auto first = first_byte(start);
    if (shape_ == MysqlShape::login) return first == 0x00 ? Step::last : Step::more;
    if (shape_ == MysqlShape::fields) return first == 0xfe && length < 0xffffff ? Step::last : Step::more;
    if (shape_ == MysqlShape::prepare) return prepared(start);
    if (start.empty()) return Step::last;
    if (first == 0x00) return after_result(status_of_ok(start));
    if (first == 0xfe) return after_result(status_of_end(start, capabilities));
    if (first == 0xfb) return Step::asks_file;
    MysqlBytes bytes(start);
    columns_ = bytes.encoded();
    const bool may_omit = (capabilities & capability::mariadb_cache_metadata) != 0;
    if (columns_ == 0 || (may_omit && bytes.number(1) == 0)) return after_columns(capabilities);
    state_ = State::columns;
    return Step::more;
}

MysqlAnswer::Step MysqlAnswer::prepared(std::string_view start) {
    MysqlBytes bytes(start);
    bytes.number(1);
    statement_id_ = static_cast<std::uint32_t>(bytes.number(4));
    columns_ = bytes.number(2);
    parameters_ = bytes.number(2);
    if (!bytes || (columns_ == 0 && parameters_ == 0)) return Step::last;
    state_ = parameters_ > 0 ? State::parameters : State::columns;
    return Step::more;
}

MysqlAnswer::Step MysqlAnswer::after_columns(std::uint64_t capabilities) {
    if ((capabilities & capability::deprecate_eof) == 0) {
        state_ = State::columns_end;
        return Step::more;
    }
    if (shape_ == MysqlShape::prepare) return Step::last;
    state_ = State::rows;
    return Step::more;
}

/// With a cursor the rows come only when they are fetched.
MysqlAnswer::Step MysqlAnswer::columns_end(std::string_view start) {
    if (shape_ == MysqlShape::prepare || start.empty()) return Step::last;
    const auto status = status_of_eof(start);
    if ((status & cursor_exists) != 0) return after_result(status);
    state_ = State::rows;
    return Step::more;
}

MysqlAnswer::Step MysqlAnswer::after_result(std::uint16_t status) {
    if ((status & more_results) == 0 || shape_ == MysqlShape::rows) return Step::last;
    state_ = State::head;
    return Step::more;
}

}  // namespace homespun::seism::wire
