#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace homespun::seism::wire::resp {

/// Finds where commands begin and end in what a client of Redis sends, and reads their first words. A command
/// is `decided` once its name and first key are known, which is before large values have come.
class CommandReader {
  public:
    static constexpr std::size_t most_held = 65536;

    /// Uses up bytes until the command is decided, has ended, or all are used.
    std::size_t feed(std::string_view bytes);

    /// Name and key are known (or nothing more of them will be); until then what was fed belongs to the head.
    [[nodiscard]] bool decided() const { return decided_; }
    [[nodiscard]] bool ended() const { return state_ == State::ended; }
    [[nodiscard]] bool malformed() const { return state_ == State::malformed; }
    /// Between two commands.
    [[nodiscard]] bool at_rest() const { return state_ == State::start; }
    /// Forgets the command that has ended.
    void restart();

    /// Upper case; empty for an empty line or array, which Redis does not answer.
    [[nodiscard]] std::string_view name() const { return words_[0]; }
    /// The word behind the name, cut off behind 512 bytes.
    [[nodiscard]] std::string_view second() const { return words_[1]; }
    [[nodiscard]] std::string_view key() const { return words_[key_at_]; }
    /// Words in all, the name included.
    [[nodiscard]] std::int64_t size() const { return size_; }

  private:
    enum class State : std::uint8_t { start, inline_line, array_line, bulk_line, bulk, ended, malformed };

    std::size_t feed_line(std::string_view bytes);
    std::size_t feed_bulk(std::string_view bytes);
    void line_ended();
    void read_inline();
    void word_ended();
    void place_key();

    State state_ = State::start;
    bool decided_ = false;
    std::string line_;
    std::array<std::string, 4> words_;
    std::size_t key_at_ = 1, held_ = 0;
    std::int64_t size_ = 0, index_ = 0;
    std::int64_t left_ = 0;  ///< of the bulk, its line end included
};

/// Finds where replies of Redis end: RESP2 and RESP3.
class ReplyReader {
  public:
    /// Uses up bytes until the reply has ended or all are used.
    std::size_t feed(std::string_view bytes);

    [[nodiscard]] bool ended() const { return state_ == State::ended; }
    [[nodiscard]] bool malformed() const { return state_ == State::malformed; }
    [[nodiscard]] bool known() const { return true; }
    [[nodiscard]] bool at_rest() const { return state_ == State::start; }
    /// Its first byte.
    [[nodiscard]] char type() const { return type_; }
    /// What is no answer to a command (RESP3's `>`).
    [[nodiscard]] bool is_push() const { return type_ == '>'; }
    void restart();

  private:
    enum class State : std::uint8_t { start, type, line, bulk, ended, malformed };

    std::size_t feed_line(std::string_view bytes);
    void line_ended();
    void element_ended();

    State state_ = State::start;
    char type_ = 0, element_ = 0;
    std::string number_;
    std::int64_t bulk_left_ = 0, elements_left_ = 0;
};

/// Whether a command of that name (upper case) is in Redis's category `@write`.
[[nodiscard]] bool is_write(std::string_view name);

}  // namespace homespun::seism::wire::resp
