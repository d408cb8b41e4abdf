#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.hpp"

/// JSON as Go's encoding/json reads and writes it, down to the words of its errors: Toxiproxy is written in
/// Go, and its clients know it by them. Pure.
namespace homespun::seism::go_json {

struct Value {
    enum class Kind : std::uint8_t { null, boolean, number, text, array, object };

    Kind kind = Kind::null;
    bool boolean = false;
    std::string text;                ///< of texts; of numbers: as they were written
    std::vector<Value> items;        ///< of arrays and objects
    std::vector<std::string> names;  ///< of objects: one an item; they may come twice
};

/// Go allows 10,000; nothing here needs more than four.
constexpr int max_depth = 500;

/// The first value of `text`; what follows it is not looked at. Bytes that are no UTF-8, and halves of
/// surrogate pairs, become U+FFFD. Errors: `EOF`, `unexpected EOF`, `invalid character 'x' …`.
base::Result<Value> decode(std::string_view text);

/// A member that must be an object, an array or absent, and is looked at later.
struct Nested {
    const Value** into;
    Value::Kind kind;
    std::string_view type;  ///< what Go calls it: `toxics.NoopToxic`
};

/// A member of an object and where it goes; what it pointed to stays when the member is absent or null.
struct Field {
    std::string_view name;
    std::variant<std::string*, bool*, std::optional<bool>*, std::int64_t*, float*, double*, Nested> into;
};

/// What Go's errors call the target of `fill`.
struct Target {
    std::string whole;   ///< `Go value of type toxiproxy.Proxy`
    std::string prefix;  ///< of its fields: `Proxy.`
};

/// Puts the members of `object` where `fields` say: names match without regard to case, the last of two
/// counts, unknown ones are ignored, null is as absent. An error, that of the first member which does not
/// fit: `json: cannot unmarshal number into Go struct field Proxy.name of type string`; then some fields may
/// have been set.
base::Result<void> fill(const Value& object, const Target& target, std::span<const Field> fields);

/// What Go's errors call a value of that kind: `array`.
std::string_view kind_word(const Value& value);

/// With its quotes; <, > and & as \u003c, \u003e and \u0026. `text` is UTF-8.
void append_string(std::string& out, std::string_view text);
/// The shortest text that reads back as the same number, whole numbers without a point.
void append_number(std::string& out, float number);
void append_number(std::string& out, double number);

}  // namespace homespun::seism::go_json
