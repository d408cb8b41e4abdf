#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace homespun::seism {

/// Which way: from the client to the server, or back.
enum class Stream : std::uint8_t { upstream, downstream };

using AttributeValue = std::variant<std::int64_t, double, bool, std::string>;

/// A behaviour of a proxy as it is set: one of the types of the catalogue, with its attributes. A value.
struct Toxic {
    std::string name;
    std::string type;
    std::string stream_text = "downstream";  ///< as it was given; Toxiproxy's clients get it back like this
    Stream stream = Stream::downstream;
    float toxicity = 1;                      ///< the share of connections that it touches
    std::vector<AttributeValue> attributes;  ///< in the order of the type's attributes

    /// The attribute called so; the type must have it, with that kind of value.
    [[nodiscard]] std::int64_t integer(std::string_view attribute) const;
    [[nodiscard]] double real(std::string_view attribute) const;
    [[nodiscard]] bool flag(std::string_view attribute) const;
    [[nodiscard]] const std::string& text(std::string_view attribute) const;
};

}  // namespace homespun::seism
