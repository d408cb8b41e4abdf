#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "barrel/rbr/ast.hpp"
#include "barrel/rbr/diagnostic.hpp"
#include "barrel/rbr/lexer.hpp"

namespace homespun::barrel::rbr {

/// The parser's hand on the tokens: one token of look-ahead, values, comments, and the one error that ends
/// the work. Every function that returns bool says false after it has recorded an error; then nothing more
/// may be asked.
class Cursor {
  public:
    Cursor(std::string_view source, std::string_view file) : lexer_(source, file) {}

    [[nodiscard]] bool start();
    [[nodiscard]] const Token& peek() const { return token_; }
    [[nodiscard]] bool is(Token::Kind kind) const { return token_.kind == kind; }
    [[nodiscard]] bool is_word(std::string_view word) const {
        return is(Token::Kind::Word) && token_.raw == word;
    }
    [[nodiscard]] bool advance();

    /// Records what is wrong; always false. The first error wins.
    bool fail(Diagnostic diagnostic);
    bool fail(Position at, std::string message, std::string hint = {});
    /// The token at hand is not what could stand here.
    bool unexpected(std::string_view expected, std::string_view hint = {});
    [[nodiscard]] Diagnostic take_error() { return std::move(error_); }

    [[nodiscard]] bool take(Token::Kind kind, std::string_view what, std::string_view hint = {});
    [[nodiscard]] bool take_word(std::string_view word, std::string_view hint = {});
    [[nodiscard]] bool name(std::string& out, std::string_view what);
    [[nodiscard]] bool text(std::string& out, std::string_view what);
    [[nodiscard]] bool literal(Literal& out);
    [[nodiscard]] bool status(int& out);
    [[nodiscard]] bool size(Quantity& out);
    [[nodiscard]] bool duration(Quantity& out);
    [[nodiscard]] bool url(Url& out);
    [[nodiscard]] bool native(Native& out);
    [[nodiscard]] bool target(Target& out);

    /// An item (definition, statement, command) begins: it takes the comments above it.
    void begin_item(Origin& origin);
    /// It ended, separators included: it takes the comment behind it and those that stood within it.
    void end_item(Origin& origin);
    /// The comments before a closing parenthesis or the end of the file.
    [[nodiscard]] std::vector<std::string> closing_comments();

  private:
    [[nodiscard]] bool quantity(Quantity& out, std::string_view units, std::string_view expected);
    [[nodiscard]] bool bound_name(std::string& out, std::string_view rest, Position at);

    Lexer lexer_;
    Token token_;
    std::vector<std::string> stray_;
    Diagnostic error_;
    bool failed_ = false;
};

}  // namespace homespun::barrel::rbr
