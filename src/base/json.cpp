#include "base/json.hpp"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

namespace homespun::base::json {
namespace {

using Parsed = std::expected<Value, ParseError>;

std::unexpected<ParseError> refuse(std::string message) {
    return std::unexpected(ParseError{std::move(message)});
}

/// `depth`: how many arrays and objects stand around the element.
Parsed convert(const simdjson::dom::element& element, int depth);

Parsed convert_array(const simdjson::dom::array& elements, int depth) {
    Array array;
    array.reserve(elements.size());
    for (const auto element : elements) {
        auto item = convert(element, depth + 1);
        if (!item) return item;
        array.push_back(std::move(*item));
    }
    return Value(std::move(array));
}

/// Quadratic search is the fastest for the few members of a record; a large object gets a sorted copy.
bool has_double(const Object& object) {
    if (object.size() <= 16) {
        for (std::size_t i = 1; i < object.size(); ++i) {
            for (std::size_t k = 0; k < i; ++k) {
                if (object[i].first == object[k].first) return true;
            }
        }
        return false;
    }
    std::vector<std::string_view> names;
    names.reserve(object.size());
    for (const auto& [name, value] : object)
        names.push_back(name);
    std::ranges::sort(names);
    return std::ranges::adjacent_find(names) != names.end();
}

Parsed convert_object(const simdjson::dom::object& members, int depth) {
    Object object;
    object.reserve(members.size());
    for (const auto member : members) {
        auto value = convert(member.value, depth + 1);
        if (!value) return value;
        object.emplace_back(std::string(member.key), std::move(*value));
    }
    if (has_double(object)) return refuse("an object has two members of one name");
    return Value(std::move(object));
}

Parsed convert(const simdjson::dom::element& element, int depth) {
    const auto type = element.type();
    if (depth >= max_depth &&
        (type == simdjson::dom::element_type::ARRAY || type == simdjson::dom::element_type::OBJECT)) {
        return refuse("nested too deep");
    }
    switch (type) {
        case simdjson::dom::element_type::ARRAY:
            return convert_array(element.get_array().value_unsafe(), depth);
        case simdjson::dom::element_type::OBJECT:
            return convert_object(element.get_object().value_unsafe(), depth);
        case simdjson::dom::element_type::INT64:
            return Value(element.get_int64().value_unsafe());
        case simdjson::dom::element_type::UINT64:
            return Value(static_cast<double>(element.get_uint64().value_unsafe()));
        case simdjson::dom::element_type::DOUBLE:
            return Value(element.get_double().value_unsafe());
        case simdjson::dom::element_type::STRING:
            return Value(std::string(element.get_string().value_unsafe()));
        case simdjson::dom::element_type::BOOL:
            return Value(element.get_bool().value_unsafe());
        case simdjson::dom::element_type::NULL_VALUE:
            return Value();
    }
    return refuse("unknown kind of value");
}

}  // namespace

const Value* Value::member(std::string_view name) const {
    const auto* members = object();
    if (members == nullptr) return nullptr;
    const auto found = std::ranges::find(*members, name, &Member::first);
    return found == members->end() ? nullptr : &found->second;
}

const std::string* Value::string(std::string_view name) const {
    const auto* found = member(name);
    return found ? found->string() : nullptr;
}

const std::int64_t* Value::integer(std::string_view name) const {
    const auto* found = member(name);
    return found ? found->integer() : nullptr;
}

const bool* Value::boolean(std::string_view name) const {
    const auto* found = member(name);
    return found ? found->boolean() : nullptr;
}

Parsed parse(std::string_view text) {
    constexpr std::size_t kept_capacity = std::size_t{1} << 20;
    thread_local simdjson::dom::parser parser;
    simdjson::dom::element root;
    const auto error = parser.parse(text.data(), text.size()).get(root);
    auto value = error ? Parsed(refuse(std::string(simdjson::error_message(error)))) : convert(root, 0);
    // One huge body must not keep its buffers on every thread for ever.
    if (parser.capacity() > kept_capacity) parser = simdjson::dom::parser();
    return value;
}

namespace {

/// Where the first byte stands that JSON wants escaped: below 0x20, '"' or '\\'. Eight bytes at a time.
std::size_t find_escape(std::string_view text, std::size_t from) {
    constexpr std::uint64_t ones = 0x0101010101010101;
    constexpr std::uint64_t tops = 0x8080808080808080;
    const auto has_zero = [](std::uint64_t word) { return (word - ones) & ~word & tops; };
    std::size_t i = from;
    for (; i + 8 <= text.size(); i += 8) {
        std::uint64_t word;
        std::memcpy(&word, text.data() + i, 8);
        const std::uint64_t control = (word - ones * 0x20) & ~word & tops;
        if ((control | has_zero(word ^ (ones * '"')) | has_zero(word ^ (ones * '\\'))) != 0) break;
    }
    for (; i < text.size(); ++i) {
        const auto byte = static_cast<unsigned char>(text[i]);
        if (byte < 0x20 || byte == '"' || byte == '\\') break;
    }
    return i;
}

}  // namespace

void append_string(std::string& out, std::string_view text) {
    constexpr std::string_view digits = "0123456789abcdef";
    out += '"';
    std::size_t start = 0;
    while (true) {
        const std::size_t at = find_escape(text, start);
        out.append(text, start, at - start);
        if (at == text.size()) break;
        start = at + 1;
        const auto byte = static_cast<unsigned char>(text[at]);
        switch (byte) {
            case '"':
                out += "\\\"";
                break;
            case '\\':
                out += "\\\\";
                break;
            case '\n':
                out += "\\n";
                break;
            case '\r':
                out += "\\r";
                break;
            case '\t':
                out += "\\t";
                break;
            default:
                out += "\\u00";
                out += digits[byte >> 4];
                out += digits[byte & 15];
        }
    }
    out += '"';
}

void append_double(std::string& out, double value) {
    std::array<char, 40> buffer;
    const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value).ptr;
    const std::string_view text(buffer.data(), static_cast<std::size_t>(end - buffer.data()));
    out += text;
    if (text.find_first_of(".en") == std::string_view::npos) out += ".0";
}

void Writer::separate() {
    if (comma_) out_ += ',';
    comma_ = true;
}

Writer& Writer::open(char bracket) {
    separate();
    out_ += bracket;
    comma_ = false;
    return *this;
}

Writer& Writer::close(char bracket) {
    out_ += bracket;
    comma_ = true;
    return *this;
}

Writer& Writer::key(std::string_view name) {
    separate();
    append_string(out_, name);
    out_ += ':';
    comma_ = false;
    return *this;
}

Writer& Writer::value(std::string_view text) {
    separate();
    append_string(out_, text);
    return *this;
}

Writer& Writer::value(bool flag) {
    return raw(flag ? "true" : "false");
}
Writer& Writer::value(std::int64_t number) {
    return raw(std::to_string(number));
}
Writer& Writer::value(std::uint64_t number) {
    return raw(std::to_string(number));
}
Writer& Writer::null() {
    return raw("null");
}

Writer& Writer::value(double number) {
    separate();
    append_double(out_, number);
    return *this;
}

Writer& Writer::raw(std::string_view json) {
    separate();
    out_ += json;
    return *this;
}

Writer& Writer::value(const Value& content) {
    if (const auto* flag = content.boolean()) return value(*flag);
    if (const auto* integer = content.integer()) return value(*integer);
    if (const auto* real = content.real()) return value(*real);
    if (const auto* text = content.string()) return value(std::string_view(*text));
    if (const auto* array = content.array()) {
        begin_array();
        for (const auto& item : *array)
            value(item);
        return end_array();
    }
    if (const auto* object = content.object()) {
        begin_object();
        for (const auto& [name, item] : *object)
            key(name).value(item);
        return end_object();
    }
    return null();
}

std::string to_text(const Value& value) {
    std::string text;
    Writer(text).value(value);
    return text;
}

}  // namespace homespun::base::json
