// Any bytes may come in as JSON. What is accepted is UTF-8, and is written so that it reads as the same
// again.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/json.hpp"
#include "base/text.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace homespun::base;
    const std::string_view source(reinterpret_cast<const char*>(data), size);
    const auto value = json::parse(source);
    if (!value) {
        if (value.error().message.empty()) std::abort();
        return 0;
    }
    if (!is_utf8(source)) std::abort();
    const auto text = json::to_text(*value);
    const auto again = json::parse(text);
    if (!again || !(*again == *value) || json::to_text(*again) != text) std::abort();
    return 0;
}
