#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "barrel/rbr/diagnostic.hpp"

namespace homespun::barrel::rbr {

struct Comment {
    std::string text;           ///< Without the `#` and without blanks at the end.
    bool after_token = false;   ///< Something stands before it on its line.
    bool blank_before = false;  ///< An empty line stands before it.
};

struct Token {
    enum class Kind {
        Word,      ///< `name`, `X-Header`, `GET`
        Dotted,    ///< `package.module.function`
        Prefixed,  ///< `native:name`, `file:a/b.html`
        Url,       ///< `/a/{b}`
        Integer,   ///< `42`
        Decimal,   ///< `1.5`
        Quantity,  ///< `16k`, `5s`
        Text,      ///< `"…"` or `"""…"""`; `text` is decoded
        LeftParen,
        RightParen,
        Comma,
        Semicolon,
        Pipe,
        End,
    };

    Kind kind = Kind::End;
    std::string_view raw;  ///< As written; points into the source.
    std::string text;      ///< Text: the decoded value.
    Position at;
    std::vector<Comment> comments;  ///< Everything between the token before and this one.
    bool blank_before = false;      ///< An empty line stands between the last comment and this token.
};

/// Cuts an RBR source into tokens, one at a time. The source must outlive the lexer. Reads nothing but the
/// text it was given.
class Lexer {
  public:
    /// Longer sources are refused: a contract is written by people.
    static constexpr std::size_t max_source = 1U << 20U;

    Lexer(std::string_view source, std::string_view file);

    /// Checks size, UTF-8 and control characters of the whole source. Call once before `next`.
    [[nodiscard]] std::expected<void, Diagnostic> validate() const;

    /// The next token; Kind::End for ever once the source is used up.
    [[nodiscard]] std::expected<Token, Diagnostic> next();

    [[nodiscard]] Diagnostic error(Position at, std::string message) const {
        return diagnose(file_, source_, at, std::move(message));
    }

  private:
    [[nodiscard]] char peek(std::size_t ahead = 0) const {
        return offset_ + ahead < source_.size() ? source_[offset_ + ahead] : '\0';
    }
    [[nodiscard]] bool at_end() const { return offset_ >= source_.size(); }
    void advance();
    void advance(std::size_t count);
    void skip_trivia(Token& token);
    void finish(Token& token, Token::Kind kind, std::size_t start) const;
    [[nodiscard]] std::expected<void, Diagnostic> text(Token& token);
    [[nodiscard]] std::expected<void, Diagnostic> long_text(Token& token);
    [[nodiscard]] std::expected<void, Diagnostic> escape(Token& token);
    [[nodiscard]] std::expected<void, Diagnostic> url(Token& token);
    void word(Token& token);
    [[nodiscard]] std::expected<void, Diagnostic> number(Token& token);

    std::string_view source_;
    std::string_view file_;
    std::size_t offset_ = 0;
    std::uint32_t line_ = 1;
    std::uint32_t column_ = 1;
    bool token_on_line_ = false;
};

/// The letters an identifier of RBR consists of.
[[nodiscard]] bool starts_name(char c);
[[nodiscard]] bool continues_name(char c);

}  // namespace homespun::barrel::rbr
