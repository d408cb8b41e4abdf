#include "barrel/rbr/cursor.hpp"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "barrel/rbr/hints.hpp"
#include "barrel/rbr/url.hpp"

namespace homespun::barrel::rbr {
namespace {

constexpr std::uint64_t max_amount = 1ULL << 31U;  // with any unit the product still fits 64 bits

std::string show(const Token& token) {
    if (token.kind == Token::Kind::End) return "end of the file";
    constexpr std::size_t shown = 48;
    if (token.raw.size() <= shown && !token.raw.contains('\n')) return fmt::format("'{}'", token.raw);
    std::string_view start = token.raw.substr(0, std::min(shown, token.raw.find('\n')));
    while (!start.empty() && (static_cast<unsigned char>(start.back()) & 0xC0U) == 0x80U)
        start.remove_suffix(1);
    if (!start.empty() && (static_cast<unsigned char>(start.back()) & 0x80U) != 0) start.remove_suffix(1);
    return fmt::format("'{}…'", start);
}

void append_lines(std::vector<std::string>& lines, std::vector<Comment>& comments) {
    bool first = true;
    for (Comment& comment : comments) {
        if (!first && comment.blank_before) lines.emplace_back(blank_line);
        lines.push_back(std::move(comment.text));
        first = false;
    }
    comments.clear();
}

}  // namespace

bool Cursor::start() {
    if (auto valid = lexer_.validate(); !valid) return fail(std::move(valid.error()));
    return advance();
}

bool Cursor::advance() {
    for (Comment& comment : token_.comments)
        stray_.push_back(std::move(comment.text));
    auto next = lexer_.next();
    if (!next) return fail(std::move(next.error()));
    token_ = std::move(*next);
    return true;
}

bool Cursor::fail(Diagnostic diagnostic) {
    if (!failed_) error_ = std::move(diagnostic);
    failed_ = true;
    return false;
}

bool Cursor::fail(Position at, std::string message, std::string hint) {
    Diagnostic diagnostic = lexer_.error(at, std::move(message));
    diagnostic.hint = std::move(hint);
    return fail(std::move(diagnostic));
}

bool Cursor::unexpected(std::string_view expected, std::string_view hint) {
    Diagnostic diagnostic = lexer_.error(token_.at, fmt::format("unexpected {}", show(token_)));
    diagnostic.found = show(token_);
    diagnostic.expected = expected;
    diagnostic.hint = hint;
    return fail(std::move(diagnostic));
}

bool Cursor::take(Token::Kind kind, std::string_view what, std::string_view hint) {
    return is(kind) ? advance() : unexpected(what, hint);
}

bool Cursor::take_word(std::string_view word, std::string_view hint) {
    return is_word(word) ? advance() : unexpected(fmt::format("`{}`", word), hint);
}

bool Cursor::name(std::string& out, std::string_view what) {
    if (!is(Token::Kind::Word))
        return unexpected(what, is(Token::Kind::Text) ? "names stand without quotes" : "");
    out = token_.raw;
    return advance();
}

bool Cursor::text(std::string& out, std::string_view what) {
    if (!is(Token::Kind::Text)) return unexpected(what, "texts stand in \"double quotes\"");
    out = std::move(token_.text);
    return advance();
}

bool Cursor::literal(Literal& out) {
    out.at = token_.at;
    switch (token_.kind) {
        case Token::Kind::Integer:
            out.kind = Literal::Kind::Integer;
            break;
        case Token::Kind::Decimal:
            out.kind = Literal::Kind::Decimal;
            break;
        case Token::Kind::Text:
            out.kind = Literal::Kind::Text;
            out.text = std::move(token_.text);
            return advance();
        default:
            return unexpected("a text in quotes or a number",
                              is(Token::Kind::Word) ? "texts stand in \"double quotes\"" : "");
    }
    out.text = token_.raw;
    if (out.kind == Literal::Kind::Integer && !out.integer())
        return fail(out.at, "this integer does not fit 64 bits", "write it as a text in quotes");
    return advance();
}

bool Cursor::status(int& out) {
    constexpr std::string_view what = "a status code from 100 to 599";
    if (!is(Token::Kind::Integer) || token_.raw.size() != 3 || token_.raw[0] < '1' || token_.raw[0] > '5')
        return unexpected(what);
    std::from_chars(token_.raw.data(), token_.raw.data() + 3, out);
    return advance();
}

bool Cursor::quantity(Quantity& out, std::string_view units, std::string_view expected) {
    if (!is(Token::Kind::Quantity) && !is(Token::Kind::Integer)) return unexpected(expected);
    out.at = token_.at;
    const char* const end = token_.raw.data() + token_.raw.size();
    const auto [stop, error] = std::from_chars(token_.raw.data(), end, out.amount);
    out.unit.assign(stop, end);
    if (error != std::errc{} || out.amount > max_amount) return fail(out.at, "this number is too large");
    if (!units.contains(fmt::format(" {} ", out.unit)))
        return unexpected(expected, "units are lower case and follow the number without a blank");
    return advance();
}

bool Cursor::size(Quantity& out) {
    return quantity(out, "  k m g ", "a size such as 500, 16k or 2m");
}

bool Cursor::duration(Quantity& out) {
    return quantity(out, " ms s m h ", "a duration such as 250ms, 5s, 2m or 1h");
}

bool Cursor::url(Url& out) {
    if (!is(Token::Kind::Url))
        return unexpected("an address that starts with /",
                          is(Token::Kind::Text) ? "addresses stand without quotes" : "");
    auto parsed = parse_url(token_.raw, token_.at);
    if (!parsed) {
        const std::string_view before = token_.raw.substr(0, parsed.error().offset);
        Position at = token_.at;
        at.length = 1;
        at.column += static_cast<std::uint32_t>(std::ranges::count_if(
            before, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
        Diagnostic diagnostic = lexer_.error(at, std::move(parsed.error().message));
        diagnostic.found = show(token_);
        diagnostic.hint = std::move(parsed.error().hint);
        return fail(std::move(diagnostic));
    }
    out = std::move(*parsed);
    return advance();
}

bool Cursor::bound_name(std::string& out, std::string_view rest, Position at) {
    bool start = true;
    for (const char c : rest) {
        const bool fits = start ? starts_name(c) : (continues_name(c) || c == '.');
        if (!fits)
            return fail(at, "this is not the name of a native",
                        "names consist of letters, digits, _ and -, joined by dots: native:short.create");
        start = c == '.';
    }
    if (start) return fail(at, "a name must follow `native:`", "write native:NAME without a blank");
    out = rest;
    return advance();
}

bool Cursor::native(Native& out) {
    constexpr std::string_view what = "`native:NAME`";
    out.at = token_.at;
    if (is(Token::Kind::Dotted) || is(Token::Kind::Word))
        return unexpected(what, fmt::format("write native:{}", token_.raw));
    if (!is(Token::Kind::Prefixed)) return unexpected(what);
    const std::size_t colon = token_.raw.find(':');
    const std::string_view prefix = token_.raw.substr(0, colon);
    if (prefix != "native") return unexpected(what, hint_for_target(prefix));
    return bound_name(out.name, token_.raw.substr(colon + 1), out.at);
}

bool Cursor::target(Target& out) {
    constexpr std::string_view what = "`native:NAME`, `file:PATH`, `directory:PATH` or `echo`";
    out.at = token_.at;
    if (is_word("echo")) {
        out.kind = Target::Kind::Echo;
        return advance();
    }
    if (is(Token::Kind::Dotted) || is(Token::Kind::Word))
        return unexpected(what, fmt::format("write native:{}", token_.raw));
    if (is(Token::Kind::Text)) return unexpected(what, "targets stand without quotes");
    if (!is(Token::Kind::Prefixed)) return unexpected(what);
    const std::size_t colon = token_.raw.find(':');
    const std::string_view prefix = token_.raw.substr(0, colon);
    const std::string_view rest = token_.raw.substr(colon + 1);
    if (prefix == "native") {
        out.kind = Target::Kind::Native;
        return bound_name(out.name, rest, out.at);
    }
    if (prefix != "file" && prefix != "directory") return unexpected(what, hint_for_target(prefix));
    out.kind = prefix == "file" ? Target::Kind::File : Target::Kind::Directory;
    if (rest.empty())
        return fail(out.at, fmt::format("a path must follow `{}:`", prefix), "write it without a blank");
    out.name = rest;
    return advance();
}

void Cursor::begin_item(Origin& origin) {
    origin.at = token_.at;
    const bool had = !token_.comments.empty();
    append_lines(origin.comments, token_.comments);
    if (had && token_.blank_before) origin.comments.emplace_back(blank_line);
}

void Cursor::end_item(Origin& origin) {
    if (!token_.comments.empty() && token_.comments.front().after_token) {
        origin.trailing = std::move(token_.comments.front().text);
        token_.comments.erase(token_.comments.begin());
    }
    for (std::string& comment : stray_)
        origin.comments.push_back(std::move(comment));
    stray_.clear();
}

std::vector<std::string> Cursor::closing_comments() {
    std::vector<std::string> lines;
    append_lines(lines, token_.comments);
    return lines;
}

}  // namespace homespun::barrel::rbr
