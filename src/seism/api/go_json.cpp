#include "seism/api/go_json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include "base/text.hpp"

namespace homespun::seism::go_json {
namespace {

constexpr std::string_view replacement = "\xef\xbf\xbd";  // U+FFFD

/// Go's quoteChar: the byte as a character of its own.
std::string quoted(unsigned char byte) {
    constexpr std::string_view named = "\a\b\t\n\v\f\r", letters = "abtnvfr";
    const auto letter = static_cast<char>(byte);
    if (letter == '\'') return R"('\'')";
    if (letter == '"') return R"('"')";
    if (letter == '\\') return R"('\\')";
    if (const auto at = named.find(letter); at != std::string_view::npos)
        return fmt::format("'\\{}'", letters[at]);
    if (byte < 0x20 || byte == 0x7f) return fmt::format("'\\x{:02x}'", byte);
    if (byte < 0x7f) return fmt::format("'{}'", letter);
    if (byte <= 0xa0 || byte == 0xad) return fmt::format("'\\u{:04x}'", byte);
    return fmt::format("'{}{}'", static_cast<char>(0xc0 | (byte >> 6)),
                       static_cast<char>(0x80 | (byte & 0x3f)));
}

void append_code_point(std::string& out, std::uint32_t code) {
    const auto put = [&](std::uint32_t bits) { out += static_cast<char>(bits); };
    if (code < 0x80) return put(code);
    if (code < 0x800) {
        put(0xc0 | (code >> 6));
    } else {
        if (code < 0x10000) {
            put(0xe0 | (code >> 12));
        } else {
            put(0xf0 | (code >> 18));
            put(0x80 | ((code >> 12) & 0x3f));
        }
        put(0x80 | ((code >> 6) & 0x3f));
    }
    put(0x80 | (code & 0x3f));
}

/// How many bytes the character at the beginning has; 0: they are no UTF-8.
std::size_t character_size(std::string_view text) {
    const auto lead = static_cast<unsigned char>(text.front());
    if (lead < 0x80) return 1;
    const std::size_t size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    return size <= text.size() && base::is_utf8(text.substr(0, size)) ? size : 0;
}

class Reader {
  public:
    explicit Reader(std::string_view text) : text_(text) {}

    base::Result<Value> first() {
        skip_space();
        if (at_end()) return base::fail("EOF");
        Value result;
        if (!value(result, 0)) return base::fail(error_);
        return result;
    }

  private:
    [[nodiscard]] bool at_end() const { return at_ == text_.size(); }
    /// 0 at the end, which no state expects.
    [[nodiscard]] char peek() const { return at_end() ? '\0' : text_[at_]; }
    [[nodiscard]] bool is_digit() const { return peek() >= '0' && peek() <= '9'; }
    void skip_space() { at_ = std::min(text_.find_first_not_of(" \t\r\n", at_), text_.size()); }
    bool wrong(std::string_view where) {
        error_ = at_end() ? "unexpected EOF"
                          : fmt::format("invalid character {} {}",
                                        quoted(static_cast<unsigned char>(text_[at_])), where);
        return false;
    }
    bool take(char expected) {
        if (at_end() || peek() != expected) return false;
        ++at_;
        return true;
    }

    bool value(Value& into, int depth) {
        skip_space();
        switch (peek()) {
            case '{':
                return deeper(depth) && object(into, depth + 1);
            case '[':
                return deeper(depth) && array(into, depth + 1);
            case '"':
                into.kind = Value::Kind::text;
                ++at_;
                return string(into.text);
            case 't':
                into.kind = Value::Kind::boolean;
                into.boolean = true;
                return literal("true");
            case 'f':
                into.kind = Value::Kind::boolean;
                return literal("false");
            case 'n':
                return literal("null");
            default:
                return number(into);
        }
    }

    bool deeper(int depth) { return depth < max_depth || wrong("exceeded max depth"); }

    bool object(Value& into, int depth) {
        into.kind = Value::Kind::object;
        ++at_;
        skip_space();
        if (take('}')) return true;
        for (;;) {
            skip_space();
            if (!take('"')) return wrong("looking for beginning of object key string");
            if (!string(into.names.emplace_back())) return false;
            skip_space();
            if (!take(':')) return wrong("after object key");
            if (!value(into.items.emplace_back(), depth)) return false;
            skip_space();
            if (take('}')) return true;
            if (!take(',')) return wrong("after object key:value pair");
        }
    }

    bool array(Value& into, int depth) {
        into.kind = Value::Kind::array;
        ++at_;
        skip_space();
        if (take(']')) return true;
        for (;;) {
            if (!value(into.items.emplace_back(), depth)) return false;
            skip_space();
            if (take(']')) return true;
            if (!take(',')) return wrong("after array element");
        }
    }

    bool literal(std::string_view word) {
        for (const char letter : word) {
            if (!take(letter)) return wrong(fmt::format("in literal {} (expecting '{}')", word, letter));
        }
        return true;
    }

    bool number(Value& into) {
        const auto begin = at_;
        const bool negative = take('-');
        if (!is_digit()) return wrong(negative ? "in numeric literal" : "looking for beginning of value");
        if (!take('0')) digits();
        if (take('.')) {
            if (!is_digit()) return wrong("after decimal point in numeric literal");
            digits();
        }
        if (take('e') || take('E')) {
            if (!take('+')) take('-');
            if (!is_digit()) return wrong("in exponent of numeric literal");
            digits();
        }
        into.kind = Value::Kind::number;
        into.text = text_.substr(begin, at_ - begin);
        return true;
    }
    void digits() {
        while (is_digit())
            ++at_;
    }

    /// Behind its first quote.
    bool string(std::string& into) {
        for (;;) {
            const auto byte = static_cast<unsigned char>(peek());
            if (at_end() || byte < 0x20) return wrong("in string literal");
            if (take('"')) return true;
            if (take('\\')) {
                if (!escape(into)) return false;
                continue;
            }
            const auto size = character_size(text_.substr(at_));
            into += size == 0 ? replacement : text_.substr(at_, size);
            at_ += std::max<std::size_t>(size, 1);
        }
    }

    /// Behind the backslash.
    bool escape(std::string& into) {
        constexpr std::string_view letters = "bfnrt\\/\"", meanings = "\b\f\n\r\t\\/\"";
        if (take('u')) return unicode(into);
        const auto which = at_end() ? std::string_view::npos : letters.find(peek());
        if (which == std::string_view::npos) return wrong("in string escape code");
        into += meanings[which];
        ++at_;
        return true;
    }
    bool unicode(std::string& into) {
        std::uint32_t code = 0;
        if (!hexadecimal(code)) return false;
        if (code < 0xd800 || code > 0xdfff) {
            append_code_point(into, code);
            return true;
        }
        // The second half is taken only when it is one; else what follows stands for itself.
        const auto behind = at_;
        std::uint32_t second = 0;
        if (code < 0xdc00 && text_.substr(at_).starts_with("\\u")) {
            at_ += 2;
            if (!hexadecimal(second)) return false;
            if (second >= 0xdc00 && second <= 0xdfff) {
                append_code_point(into, 0x10000 + ((code - 0xd800) << 10) + (second - 0xdc00));
                return true;
            }
        }
        at_ = behind;
        into += replacement;
        return true;
    }
    bool hexadecimal(std::uint32_t& code) {
        for (int i = 0; i < 4; ++i) {
            std::uint32_t digit = 0;
            const auto one = text_.substr(at_, 1);
            if (std::from_chars(one.data(), one.data() + one.size(), digit, 16).ec != std::errc{})
                return wrong("in \\u hexadecimal character escape");
            code = code * 16 + digit;
            ++at_;
        }
        return true;
    }

    const std::string_view text_;
    std::size_t at_ = 0;
    std::string error_;
};

/// What is wrong with a member for the place where it should go: what Go calls either; empty when it fits.
struct Misfit {
    std::string value, type;
};

std::string with_literal(const Value& value) {
    return value.kind == Value::Kind::number ? "number " + value.text : std::string(kind_word(value));
}

template <class Number>
bool read_number(const Value& value, Number& into) {
    if (value.kind != Value::Kind::number) return false;
    const auto* end = value.text.data() + value.text.size();
    Number number{};
    const auto [rest, error] = std::from_chars(value.text.data(), end, number);
    if constexpr (std::is_floating_point_v<Number>) {
        // Too small is no error in Go: it becomes 0.
        if (error == std::errc::result_out_of_range && rest == end) {
            const bool small = std::abs(std::strtold(value.text.c_str(), nullptr)) < 1;
            if (small) into = 0;
            return small;
        }
    }
    if (error != std::errc{} || rest != end) return false;
    into = number;
    return true;
}

struct Put {
    const Value& value;

    std::optional<Misfit> operator()(std::string* into) const {
        if (value.kind != Value::Kind::text) return misfit("string");
        *into = value.text;
        return {};
    }
    std::optional<Misfit> operator()(bool* into) const {
        if (value.kind != Value::Kind::boolean) return misfit("bool");
        *into = value.boolean;
        return {};
    }
    std::optional<Misfit> operator()(std::optional<bool>* into) const {
        if (value.kind != Value::Kind::boolean) return misfit("bool");
        *into = value.boolean;
        return {};
    }
    std::optional<Misfit> operator()(std::int64_t* into) const { return put_number(*into, "int64"); }
    std::optional<Misfit> operator()(float* into) const { return put_number(*into, "float32"); }
    std::optional<Misfit> operator()(double* into) const { return put_number(*into, "float64"); }
    std::optional<Misfit> operator()(const Nested& nested) const {
        if (value.kind != nested.kind) return misfit(nested.type);
        *nested.into = &value;
        return {};
    }

  private:
    [[nodiscard]] Misfit misfit(std::string_view type) const {
        return {std::string(kind_word(value)), std::string(type)};
    }
    template <class Number>
    std::optional<Misfit> put_number(Number& into, std::string_view type) const {
        if (read_number(value, into)) return {};
        return Misfit{with_literal(value), std::string(type)};
    }
};

/// The digits are the fewest that tell the number apart; std::to_chars, asked for a fixed point, writes all
/// digits of large numbers where Go writes zeros.
template <class Number>
void append_shortest(std::string& out, Number number) {
    char buffer[64];
    const auto end = std::to_chars(buffer, buffer + sizeof buffer, number, std::chars_format::scientific).ptr;
    const std::string_view text(buffer, end);
    const auto e = text.find('e');
    const auto sign = text.starts_with('-') ? text.substr(0, 1) : text.substr(0, 0);
    std::string digits;
    std::ranges::copy_if(text.substr(0, e), std::back_inserter(digits),
                         [](char letter) { return letter >= '0' && letter <= '9'; });
    const auto power = base::parse_integer<int>(text.substr(e + (text[e + 1] == '+' ? 2 : 1))).value_or(0);
    const auto size = std::abs(number);
    if (size != 0 && (size < Number(1e-6) || size >= Number(1e21))) {
        const auto point = digits.size() > 1 ? "." + digits.substr(1) : std::string();
        out += fmt::format("{}{}{}e{:+}", sign, digits[0], point, power);
    } else if (power < 0) {
        out += fmt::format("{}0.{}{}", sign, std::string(static_cast<std::size_t>(-power - 1), '0'), digits);
    } else {
        const auto whole = static_cast<std::size_t>(power) + 1;
        if (digits.size() < whole) digits.append(whole - digits.size(), '0');
        out += fmt::format("{}{}{}{}", sign, digits.substr(0, whole), digits.size() > whole ? "." : "",
                           digits.substr(whole));
    }
}

}  // namespace

base::Result<Value> decode(std::string_view text) {
    return Reader(text).first();
}

std::string_view kind_word(const Value& value) {
    switch (value.kind) {
        case Value::Kind::null:
            return "null";
        case Value::Kind::boolean:
            return "bool";
        case Value::Kind::number:
            return "number";
        case Value::Kind::text:
            return "string";
        case Value::Kind::array:
            return "array";
        case Value::Kind::object:
            return "object";
    }
    return {};
}

base::Result<void> fill(const Value& object, const Target& target, std::span<const Field> fields) {
    if (object.kind == Value::Kind::null) return {};
    if (object.kind != Value::Kind::object)
        return base::fail(fmt::format("json: cannot unmarshal {} into {}", kind_word(object), target.whole));
    std::string first_wrong;
    for (std::size_t i = 0; i < object.items.size(); ++i) {
        const auto& value = object.items[i];
        const auto same = [&](const Field& field) { return base::iequals(field.name, object.names[i]); };
        const auto field = std::ranges::find_if(fields, same);
        if (field == fields.end() || value.kind == Value::Kind::null) continue;
        const auto misfit = std::visit(Put{value}, field->into);
        if (misfit && first_wrong.empty())
            first_wrong = fmt::format("json: cannot unmarshal {} into Go struct field {}{} of type {}",
                                      misfit->value, target.prefix, field->name, misfit->type);
    }
    if (!first_wrong.empty()) return base::fail(std::move(first_wrong));
    return {};
}

void append_string(std::string& out, std::string_view text) {
    out += '"';
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto byte = static_cast<unsigned char>(text[i]);
        if (byte == '"' || byte == '\\') {
            out += '\\';
            out += text[i];
        } else if (byte == '\n') {
            out += "\\n";
        } else if (byte == '\r') {
            out += "\\r";
        } else if (byte == '\t') {
            out += "\\t";
        } else if (byte < 0x20 || byte == '<' || byte == '>' || byte == '&') {
            out += fmt::format("\\u{:04x}", byte);
        } else if (text.substr(i).starts_with("\xe2\x80\xa8") || text.substr(i).starts_with("\xe2\x80\xa9")) {
            out += text[i + 2] == '\xa8' ? "\\u2028" : "\\u2029";
            i += 2;
        } else {
            out += text[i];
        }
    }
    out += '"';
}

void append_number(std::string& out, float number) {
    append_shortest(out, number);
}
void append_number(std::string& out, double number) {
    append_shortest(out, number);
}

}  // namespace homespun::seism::go_json
