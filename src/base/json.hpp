#pragma once
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace homespun::base::json {

class Value;
using Array = std::vector<Value>;
using Member = std::pair<std::string, Value>;
/// Members in the order of the text; names are unique (parse refuses doubles).
using Object = std::vector<Member>;

/// One parsed JSON value, owning its text. Integers that fit int64 are kept exactly; other numbers are
/// doubles.
class Value {
  public:
    using Data = std::variant<std::nullptr_t, bool, std::int64_t, double, std::string, Array, Object>;

    Value() : data_(nullptr) {}
    explicit Value(Data data) : data_(std::move(data)) {}

    [[nodiscard]] bool is_null() const { return std::holds_alternative<std::nullptr_t>(data_); }
    [[nodiscard]] const bool* boolean() const { return std::get_if<bool>(&data_); }
    [[nodiscard]] const std::int64_t* integer() const { return std::get_if<std::int64_t>(&data_); }
    [[nodiscard]] const double* real() const { return std::get_if<double>(&data_); }
    [[nodiscard]] const std::string* string() const { return std::get_if<std::string>(&data_); }
    [[nodiscard]] const Array* array() const { return std::get_if<Array>(&data_); }
    [[nodiscard]] const Object* object() const { return std::get_if<Object>(&data_); }
    [[nodiscard]] std::string* string() { return std::get_if<std::string>(&data_); }
    [[nodiscard]] Array* array() { return std::get_if<Array>(&data_); }
    [[nodiscard]] Object* object() { return std::get_if<Object>(&data_); }

    /// The member called `name`, or null when this is no object or has none.
    [[nodiscard]] const Value* member(std::string_view name) const;
    /// Shorthands: the member's value when it is there and of that kind, else null.
    [[nodiscard]] const std::string* string(std::string_view name) const;
    [[nodiscard]] const std::int64_t* integer(std::string_view name) const;
    [[nodiscard]] const bool* boolean(std::string_view name) const;

    bool operator==(const Value&) const = default;

  private:
    Data data_;
};

struct ParseError {
    std::string message;  ///< for people: what is wrong with the text
};

constexpr int max_depth = 64;

/// Parses one whole JSON text. Refused: bad UTF-8, anything after the value, arrays and objects nested deeper
/// than `max_depth`, the same member name twice in one object, numbers out of range. Never throws on input.
std::expected<Value, ParseError> parse(std::string_view text);

/// Appends `text` as a JSON string with its quotes. Bytes >= 0x20 pass through unchanged (the caller has
/// UTF-8).
void append_string(std::string& out, std::string_view text);
/// The shortest decimal text that reads back as the same double.
void append_double(std::string& out, double value);

/// Writes JSON by appending to a string; puts the commas. The caller keeps begin/end and key/value in
/// balance.
class Writer {
  public:
    explicit Writer(std::string& out) : out_(out) {}

    Writer& begin_object() { return open('{'); }
    Writer& end_object() { return close('}'); }
    Writer& begin_array() { return open('['); }
    Writer& end_array() { return close(']'); }
    Writer& key(std::string_view name);
    Writer& value(std::string_view text);
    Writer& value(const char* text) { return value(std::string_view(text)); }
    Writer& value(bool flag);
    Writer& value(std::int64_t number);
    Writer& value(std::uint64_t number);
    Writer& value(int number) { return value(static_cast<std::int64_t>(number)); }
    Writer& value(double number);
    Writer& null();
    /// Appends text that is JSON already.
    Writer& raw(std::string_view json);
    Writer& value(const Value& value);

    template <class T>
    Writer& member(std::string_view name, const T& content) {
        key(name);
        return value(content);
    }

  private:
    Writer& open(char bracket);
    Writer& close(char bracket);
    void separate();

    std::string& out_;
    bool comma_ = false;
};

std::string to_text(const Value& value);

}  // namespace homespun::base::json
