#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "seism/toxics/toxic.hpp"
#include "seism/wire/conversation.hpp"

namespace homespun::seism {

/// Where a type comes from; Toxiproxy's own must look to its clients exactly as they do there.
enum class Origin : std::uint8_t { toxiproxy, fork, seism };

/// At what a type works.
enum class Place : std::uint8_t {
    stream,    ///< the bytes of one direction of a connection
    opening,   ///< a connection when it comes
    listener,  ///< the port itself: all connections, whatever the toxicity
    request,   ///< requests of a protocol; the toxicity is the share of those that match
};

struct AttributeRule {
    std::string_view name;
    AttributeValue standard;   ///< its value when it is not given; tells the kind of value, too
    double low = 0, high = 0;  ///< of numbers, both ends allowed
    std::string_view unit;     ///< for people: "ms", "KB/s"
    std::string_view says;     ///< what it is, for people
    std::span<const std::string_view> words{};  ///< of texts: those allowed; empty: any
    bool is_pattern = false;                    ///< of texts: a regular expression (RE2)
};

struct ToxicType {
    std::string_view name;
    Origin origin;
    Place place;
    std::string_view says;  ///< what it does, for people
    std::vector<AttributeRule> attributes;
    wire::Protocol protocol = wire::Protocol::tcp;  ///< whose requests, for Place::request
};

/// All types, in the order in which documents list them.
[[nodiscard]] std::span<const ToxicType> toxic_types();
/// Null when there is none of that name.
[[nodiscard]] const ToxicType* find_toxic_type(std::string_view name);

/// The attributes of a type at their standard values.
[[nodiscard]] std::vector<AttributeValue> standard_attributes(const ToxicType& type);
/// Whether each value is within its rule; else `invalid attribute: NAME`, and why.
[[nodiscard]] base::Result<void> check_attributes(const ToxicType& type,
                                                  std::span<const AttributeValue> values);

}  // namespace homespun::seism
