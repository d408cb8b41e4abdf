// Any bytes may come in as the body of a request. What is accepted is UTF-8 throughout, and its texts are
// written so that they read as the same again.

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/text.hpp"
#include "seism/api/go_json.hpp"

namespace {

using namespace homespun::seism::go_json;

void check_text(const std::string& text) {
    if (!homespun::base::is_utf8(text)) std::abort();
    std::string written;
    append_string(written, text);
    const auto again = decode(written);
    if (!again || again->kind != Value::Kind::text || again->text != text) std::abort();
}

void check(const Value& value) {
    check_text(value.text);
    for (const auto& item : value.items)
        check(item);
    for (const auto& name : value.names)
        check_text(name);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto value = decode({reinterpret_cast<const char*>(data), size});
    if (!value) {
        if (value.error().message.empty()) std::abort();
        return 0;
    }
    check(*value);
    std::string text;
    bool flag = false;
    std::int64_t integer = 0;
    float share = 0;
    double real = 0;
    const std::array<Field, 5> fields = {
        {{"name", &text}, {"enabled", &flag}, {"latency", &integer}, {"toxicity", &share}, {"rate", &real}}};
    const auto fits = fill(*value, {"Go value", "T."}, fields);
    if (!fits && fits.error().message.empty()) std::abort();
    if (fits) {
        std::string number;
        append_number(number, share);
        append_number(number, real);
        if (number.empty()) std::abort();
    }
    return 0;
}
