#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Where HTTP/1.x messages begin and end (RFC 9112), for one who passes them on as they are.
namespace homespun::seism::wire::http {

/// Collects a head. Empty lines before the first line belong to it.
class HeadReader {
  public:
    static constexpr std::size_t most = 65536;

    /// Uses up bytes until the head has ended or all are used.
    std::size_t feed(std::string_view bytes);
    [[nodiscard]] bool ended() const { return ended_; }
    /// It is larger than `most`.
    [[nodiscard]] bool malformed() const { return text_.size() > most; }
    [[nodiscard]] bool at_rest() const { return text_.empty(); }
    [[nodiscard]] const std::string& text() const { return text_; }
    void restart();

  private:
    std::string text_;
    std::size_t line_at_ = 0;
    bool began_ = false, ended_ = false;
};

enum class Framing : std::uint8_t { none, length, chunked, until_close };

/// Follows a body.
class BodyReader {
  public:
    void start(Framing framing, std::int64_t length);
    /// Uses up bytes until the body has ended or a piece of `payload` is there; call again with the rest.
    std::size_t feed(std::string_view bytes);
    /// What the last `feed` found of the content, chunks' sizes and trailers removed.
    [[nodiscard]] std::string_view payload() const { return payload_; }
    [[nodiscard]] bool ended() const { return state_ == State::ended; }
    [[nodiscard]] bool malformed() const { return state_ == State::malformed; }
    [[nodiscard]] bool until_close() const { return state_ == State::until_close; }

  private:
    enum class State : std::uint8_t {
        ended,
        length,
        until_close,
        size_line,
        chunk,
        chunk_end,
        trailer,
        malformed
    };

    std::size_t feed_line(std::string_view bytes);
    void line_ended();

    State state_ = State::ended;
    std::int64_t left_ = 0;
    std::string line_;
    std::size_t trailer_size_ = 0;
    std::string_view payload_;
};

struct RequestHead {
    std::string_view method;
    std::string_view path;  ///< with query; scheme and host of an absolute target are cut off
    Framing framing = Framing::none;
    std::int64_t length = 0;
    bool wants_close = false, expects_continue = false;
};
/// Nothing for what is not HTTP/1.0 or 1.1, or does not say clearly where its body ends.
[[nodiscard]] std::optional<RequestHead> parse_request(std::string_view head);

struct ResponseHead {
    int status = 0;
    Framing framing = Framing::until_close;  ///< as if the request was no HEAD
    std::int64_t length = 0;
    bool closes = false;
};
[[nodiscard]] std::optional<ResponseHead> parse_response(std::string_view head);

/// A header that takes the place of those with its name; without a value it only removes them.
struct HeaderEdit {
    std::string name;
    std::optional<std::string> value;
};
/// The head with another first line (empty: its own) and other headers.
[[nodiscard]] std::string edit_head(std::string_view head, std::string_view first_line,
                                    const std::vector<HeaderEdit>& edits);

}  // namespace homespun::seism::wire::http
