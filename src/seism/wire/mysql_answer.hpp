#pragma once
#include <cstdint>
#include <string_view>

namespace homespun::seism::wire {

/// Capabilities of MySQL's protocol that change what is read here; MariaDB's own are 32 bits further up.
namespace mysql_capability {
inline constexpr std::uint64_t is_mysql = 1;  ///< MariaDB's servers and clients leave it out
inline constexpr std::uint64_t compress = 1U << 5;
inline constexpr std::uint64_t protocol_41 = 1U << 9;
inline constexpr std::uint64_t tls = 1U << 11;
inline constexpr std::uint64_t deprecate_eof = 1U << 24;
inline constexpr std::uint64_t optional_metadata = 1U << 25;
inline constexpr std::uint64_t zstd = 1U << 26;
inline constexpr std::uint64_t query_attributes = 1U << 27;
inline constexpr std::uint64_t mariadb_progress = 1ULL << 32;
inline constexpr std::uint64_t mariadb_cache_metadata = 1ULL << 36;
}  // namespace mysql_capability

/// Which packets answer a command.
enum class MysqlShape : std::uint8_t {
    login,    ///< of the login and of COM_CHANGE_USER: a talk that an OK or an ERR ends
    one,      ///< one packet, whatever it is
    result,   ///< OK, ERR, or columns and rows; several of these while the server says that more come
    prepare,  ///< the statement's id, then its parameters and columns
    fields,   ///< columns until an EOF
    rows,     ///< rows until an EOF
};

/// Reads the packets of one answer and tells which is the last. Pure; keeps a few numbers.
class MysqlAnswer {
  public:
    enum class Step : std::uint8_t {
        more,
        last,       ///< it ended well, or with what is no error
        error,      ///< it ended with an ERR
        asks_file,  ///< LOCAL INFILE: the client sends packets until an empty one, then the answer goes on
    };

    explicit MysqlAnswer(MysqlShape shape) : shape_(shape), state_(first_of(shape)) {}

    /// One packet's payload: its first bytes (at least 24, if it has as many) and its length. What follows a
    /// packet of 0xffffff bytes is part of that and not given here.
    Step packet(std::string_view start, std::uint64_t length, std::uint64_t capabilities);
    /// Of a prepared statement, once its first packet was read.
    [[nodiscard]] std::uint32_t statement_id() const { return statement_id_; }

  private:
    enum class State : std::uint8_t { head, columns, columns_end, parameters, parameters_end, rows };

    static State first_of(MysqlShape shape) { return shape == MysqlShape::rows ? State::rows : State::head; }
    Step head(std::string_view start, std::uint64_t length, std::uint64_t capabilities);
    Step prepared(std::string_view start);
    Step after_columns(std::uint64_t capabilities);
    Step columns_end(std::string_view start);
    Step after_result(std::uint16_t status);

    MysqlShape shape_;
    State state_;
    std::uint64_t columns_ = 0, parameters_ = 0;
    std::uint32_t statement_id_ = 0;
};

}  // namespace homespun::seism::wire
