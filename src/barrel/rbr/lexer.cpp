#include "barrel/rbr/lexer.hpp"

#include <fmt/format.h>

namespace homespun::barrel::rbr {
namespace {

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}
unsigned byte(char c) {
    return static_cast<unsigned char>(c);
}

/// Length of the well-formed UTF-8 sequence at the start of `text`, or 0.
std::size_t utf8_length(std::string_view text) {
    const auto tail = [&](std::size_t i) { return i < text.size() && (byte(text[i]) & 0xC0U) == 0x80U; };
    const unsigned first = byte(text[0]);
    if (first < 0x80U) return 1;
    if (first >= 0xC2U && first <= 0xDFU) return tail(1) ? 2 : 0;
    if (first >= 0xE0U && first <= 0xEFU) {
        if (!tail(1) || !tail(2)) return 0;
        const unsigned second = byte(text[1]);
        if (first == 0xE0U && second < 0xA0U) return 0;  // overlong
        if (first == 0xEDU && second > 0x9FU) return 0;  // surrogate
        return 3;
    }
    if (first >= 0xF0U && first <= 0xF4U) {
        if (!tail(1) || !tail(2) || !tail(3)) return 0;
        const unsigned second = byte(text[1]);
        if (first == 0xF0U && second < 0x90U) return 0;
        if (first == 0xF4U && second > 0x8FU) return 0;
        return 4;
    }
    return 0;
}

void append_utf8(std::string& out, unsigned code) {
    const auto put = [&](unsigned value) { out.push_back(static_cast<char>(value)); };
    if (code < 0x80U) {
        put(code);
    } else if (code < 0x800U) {
        put(0xC0U | (code >> 6U));
        put(0x80U | (code & 0x3FU));
    } else {
        put(0xE0U | (code >> 12U));
        put(0x80U | ((code >> 6U) & 0x3FU));
        put(0x80U | (code & 0x3FU));
    }
}

/// Ends a target such as `file:a/b.html`, and a number.
bool ends_bare_text(char c) {
    return is_blank(c) || c == ',' || c == ';' || c == '(' || c == ')' || c == '#' || c == '"' || c == '|';
}

}  // namespace

bool starts_name(char c) {
    return is_letter(c) || c == '_';
}
bool continues_name(char c) {
    return starts_name(c) || is_digit(c) || c == '-';
}

Lexer::Lexer(std::string_view source, std::string_view file) : source_(source), file_(file) {
    if (source_.starts_with("\xEF\xBB\xBF")) offset_ = 3;  // a byte order mark means nothing in UTF-8
}

std::expected<void, Diagnostic> Lexer::validate() const {
    if (source_.size() > max_source) {
        return std::unexpected(
            diagnose(file_, "", {1, 1, 1}, fmt::format("the file is larger than {} bytes", max_source)));
    }
    Position at{1, 1, 1};
    for (std::size_t i = offset_; i < source_.size();) {
        const char c = source_[i];
        const std::size_t length = utf8_length(source_.substr(i));
        if (length == 0) {
            Diagnostic bad = diagnose(file_, "", at, "the file is not valid UTF-8");
            bad.found = fmt::format("byte 0x{:02X}", byte(c));
            bad.hint = "save the file as UTF-8";
            return std::unexpected(std::move(bad));
        }
        const bool line_end = c == '\r' && i + 1 < source_.size() && source_[i + 1] == '\n';
        if ((byte(c) < 0x20U && c != '\n' && c != '\t' && !line_end) || c == '\x7F') {
            Diagnostic bad = diagnose(file_, "", at, "control character in the file");
            bad.found = fmt::format("byte 0x{:02X}", byte(c));
            bad.hint = "inside \"…\" write \\u00XX";
            return std::unexpected(std::move(bad));
        }
        if (c == '\n') {
            ++at.line;
            at.column = 1;
        } else {
            ++at.column;
        }
        i += length;
    }
    return {};
}

void Lexer::advance() {
    if (source_[offset_] == '\n') {
        ++line_;
        column_ = 1;
        token_on_line_ = false;
    } else if (offset_ + 1 >= source_.size() || (byte(source_[offset_ + 1]) & 0xC0U) != 0x80U) {
        ++column_;  // the last byte of a character
    }
    ++offset_;
}

void Lexer::advance(std::size_t count) {
    for (; count > 0; --count)
        advance();
}

void Lexer::skip_trivia(Token& token) {
    std::uint32_t last_line = line_;  // the last line that had something on it
    while (!at_end()) {
        if (is_blank(peek())) {
            advance();
        } else if (peek() == '#') {
            const std::size_t start = offset_ + 1;
            Comment comment{.text = {}, .after_token = token_on_line_, .blank_before = line_ > last_line + 1};
            last_line = line_;
            while (!at_end() && peek() != '\n')
                advance();
            std::string_view text = source_.substr(start, offset_ - start);
            while (!text.empty() && is_blank(text.back()))
                text.remove_suffix(1);
            comment.text = text;
            token.comments.push_back(std::move(comment));
        } else {
            break;
        }
    }
    token.blank_before = line_ > last_line + 1;
}

void Lexer::finish(Token& token, Token::Kind kind, std::size_t start) const {
    token.kind = kind;
    token.raw = source_.substr(start, offset_ - start);
    if (line_ == token.at.line) token.at.length = column_ - token.at.column;
}

std::expected<Token, Diagnostic> Lexer::next() {
    Token token;
    skip_trivia(token);
    token.at = {line_, column_, 1};
    if (at_end()) return token;
    token_on_line_ = true;
    const std::size_t start = offset_;
    const char c = peek();
    std::expected<void, Diagnostic> result;
    const auto mark = [&](Token::Kind kind) {
        advance();
        finish(token, kind, start);
    };
    switch (c) {
        case '(':
            mark(Token::Kind::LeftParen);
            break;
        case ')':
            mark(Token::Kind::RightParen);
            break;
        case ',':
            mark(Token::Kind::Comma);
            break;
        case ';':
            mark(Token::Kind::Semicolon);
            break;
        case '|':
            mark(Token::Kind::Pipe);
            break;
        case '/':
            result = url(token);
            break;
        case '"':
            result = source_.substr(offset_).starts_with("\"\"\"") ? long_text(token) : text(token);
            break;
        default:
            if (starts_name(c)) {
                word(token);
            } else if (is_digit(c)) {
                result = number(token);
            } else {
                const std::size_t length = utf8_length(source_.substr(offset_));
                Diagnostic bad = error(token.at, "this character means nothing here");
                bad.found = fmt::format("'{}'", source_.substr(offset_, length));
                if (c == '\'' || byte(c) >= 0x80U) bad.hint = "texts stand in \"double quotes\"";
                if (c == '=') bad.hint = "there is no `=`: write `name value`";
                if (c == '{' || c == '[') bad.hint = "lists stand in ( parentheses )";
                if (c == '-' || c == '+') bad.hint = "numbers have no sign";
                return std::unexpected(std::move(bad));
            }
    }
    if (!result) return std::unexpected(std::move(result.error()));
    return token;
}

void Lexer::word(Token& token) {
    const std::size_t start = offset_;
    while (continues_name(peek()))
        advance();
    if (peek() == ':') {
        while (!at_end() && !ends_bare_text(peek()))
            advance();
        finish(token, Token::Kind::Prefixed, start);
        return;
    }
    Token::Kind kind = Token::Kind::Word;
    while (peek() == '.' && starts_name(peek(1))) {
        kind = Token::Kind::Dotted;
        advance();
        while (continues_name(peek()))
            advance();
    }
    finish(token, kind, start);
}

std::expected<void, Diagnostic> Lexer::number(Token& token) {
    const std::size_t start = offset_;
    while (is_digit(peek()))
        advance();
    if (ends_bare_text(peek()) || at_end()) {
        finish(token, Token::Kind::Integer, start);
        return {};
    }
    if (peek() == '.' && is_digit(peek(1))) {
        advance();
        while (is_digit(peek()))
            advance();
        if (ends_bare_text(peek()) || at_end()) {
            finish(token, Token::Kind::Decimal, start);
            return {};
        }
    } else {
        while (is_letter(peek()))
            advance();
        if (ends_bare_text(peek()) || at_end()) {
            finish(token, Token::Kind::Quantity, start);
            return {};
        }
    }
    while (!at_end() && !ends_bare_text(peek()))
        advance();
    finish(token, Token::Kind::Quantity, start);
    Diagnostic bad = error(token.at, "this is not a number");
    bad.found = token.raw;
    bad.expected = "an integer, a decimal such as 1.5, a size such as 16k or a duration such as 5s";
    bad.hint = fmt::format("a text stands in quotes: \"{}\"", token.raw);
    return std::unexpected(std::move(bad));
}

std::expected<void, Diagnostic> Lexer::url(Token& token) {
    const std::size_t start = offset_;
    std::size_t depth = 0;
    while (!at_end() && peek() != '\n' && peek() != '\r') {
        const char c = peek();
        if (depth == 0 && ends_bare_text(c)) break;
        if (c == '{') ++depth;
        if (c == '}' && depth > 0) --depth;
        const bool escaped =
            c == '\\' && depth > 0 && peek(1) != '\n' && peek(1) != '\r' && offset_ + 1 < source_.size();
        advance();
        if (escaped) advance();
    }
    finish(token, Token::Kind::Url, start);
    if (depth > 0) {
        Diagnostic bad = error(token.at, "a { of this address is never closed");
        bad.found = token.raw;
        bad.hint = "inside a regular expression write a lone brace as \\{ or \\}";
        return std::unexpected(std::move(bad));
    }
    return {};
}

std::expected<void, Diagnostic> Lexer::escape(Token& token) {
    const Position at{line_, column_, 2};
    advance();  // the backslash
    const char c = peek();
    switch (c) {
        case '"':
        case '\\':
        case '/':
            token.text.push_back(c);
            break;
        case 'n':
            token.text.push_back('\n');
            break;
        case 'r':
            token.text.push_back('\r');
            break;
        case 't':
            token.text.push_back('\t');
            break;
        case 'u': {
            unsigned code = 0;
            for (std::size_t i = 1; i <= 4; ++i) {
                const char digit = peek(i);
                const char lower = static_cast<char>(byte(digit) | 0x20U);
                if (is_digit(digit)) {
                    code = code * 16 + (byte(digit) - '0');
                } else if (lower >= 'a' && lower <= 'f') {
                    code = code * 16 + (byte(lower) - 'a' + 10);
                } else {
                    code = 0xD800U;  // refused below
                    break;
                }
            }
            if (code >= 0xD800U && code <= 0xDFFFU) {
                Diagnostic bad = error(at, "this is not a character");
                bad.expected = "\\u and four hexadecimal digits";
                bad.hint = "write other characters as they are; the file is UTF-8";
                return std::unexpected(std::move(bad));
            }
            append_utf8(token.text, code);
            advance(4);
            break;
        }
        default: {
            Diagnostic bad = error(at, "unknown escape in a text");
            bad.expected = R"(\" \\ \/ \n \r \t \uXXXX)";
            bad.hint = R"(a backslash itself is written \\; between """ and """ nothing is an escape)";
            return std::unexpected(std::move(bad));
        }
    }
    advance();
    return {};
}

std::expected<void, Diagnostic> Lexer::text(Token& token) {
    const std::size_t start = offset_;
    advance();
    while (!at_end() && peek() != '\n' && peek() != '\r' && peek() != '"') {
        if (peek() == '\\') {
            if (auto decoded = escape(token); !decoded) return decoded;
        } else {
            token.text.push_back(peek());
            advance();
        }
    }
    if (peek() != '"') {
        Diagnostic bad = error(token.at, "this text is not closed on its line");
        bad.expected = "\"";
        bad.hint = R"(a text over several lines stands between """ and """)";
        return std::unexpected(std::move(bad));
    }
    advance();
    finish(token, Token::Kind::Text, start);
    return {};
}

std::expected<void, Diagnostic> Lexer::long_text(Token& token) {
    const std::size_t start = offset_;
    advance(3);
    const std::size_t end = source_.find("\"\"\"", offset_);
    if (end == std::string_view::npos) {
        Diagnostic bad = error(token.at, "this text is never closed");
        bad.expected = "\"\"\"";
        return std::unexpected(std::move(bad));
    }
    while (offset_ < end) {
        if (peek() != '\r') token.text.push_back(peek());  // validate() lets CR pass only before LF
        advance();
    }
    advance(3);
    finish(token, Token::Kind::Text, start);
    token_on_line_ = true;
    return {};
}

}  // namespace homespun::barrel::rbr
