#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace homespun::seism::wire::memcached_text {

/// One command's line, taken apart.
struct CommandLine {
    std::string_view name;  ///< as it came
    std::string_view key;   ///< the first one
    bool writes = false;
    bool storage = false;          ///< set, add … with a block of data
    bool meta = false;             ///< mg ms md me ma mn
    bool noreply = false;          ///< the server says nothing to it
    bool quiet = false;            ///< meta with flag `q`: the server may say nothing to it
    bool ends_order = false;       ///< what the server says from here on follows no commands (`watch`)
    std::int64_t block = 0;        ///< bytes of data behind the line, line end included
    std::string_view opaque = {};  ///< meta: the flag `O…` of the request
    bool wants_key = false;        ///< meta: flag `k`
};
[[nodiscard]] CommandLine parse_command(std::string_view line);

/// Finds where commands end. One is decided with its line; what follows is its block of data.
class CommandReader {
  public:
    static constexpr std::size_t most_of_line = 65536;

    std::size_t feed(std::string_view bytes);
    [[nodiscard]] bool decided() const { return state_ == State::block || state_ == State::ended; }
    [[nodiscard]] bool ended() const { return state_ == State::ended; }
    [[nodiscard]] bool malformed() const { return state_ == State::malformed; }
    void restart();
    /// Once decided. Its views hold until `restart`.
    [[nodiscard]] const CommandLine& command() const { return command_; }

  private:
    enum class State : std::uint8_t { line, block, ended, malformed };

    State state_ = State::line;
    std::string line_;
    CommandLine command_;
    std::int64_t left_ = 0;
};

/// Finds where replies end; how they begin tells enough, whatever was asked.
class ReplyReader {
  public:
    std::size_t feed(std::string_view bytes);
    [[nodiscard]] bool ended() const { return state_ == State::ended; }
    [[nodiscard]] bool malformed() const { return false; }
    [[nodiscard]] bool known() const { return true; }
    [[nodiscard]] bool at_rest() const { return state_ == State::line && line_.empty() && !inside_; }
    /// The last line of the reply that has ended, without its end; 512 bytes of it at most.
    [[nodiscard]] std::string_view last_line() const { return line_; }
    void restart();

  private:
    enum class State : std::uint8_t { line, block, ended };

    void line_ended();

    State state_ = State::line;
    bool inside_ = false;  ///< of a reply of several lines
    bool ends_with_block_ = false;
    std::string line_;
    std::int64_t left_ = 0;
};

}  // namespace homespun::seism::wire::memcached_text
