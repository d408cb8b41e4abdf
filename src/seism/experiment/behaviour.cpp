#include "seism/experiment/behaviour.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"
#include "seism/toxics/catalogue.hpp"

namespace homespun::seism {

using base::json::Value;

namespace {

std::string known_types() {
    std::string names;
    for (const auto& type : toxic_types())
        names += fmt::format("{}{}", names.empty() ? "" : ", ", type.name);
    return names;
}

/// The JSON value as the kind that the rule wants; nothing when it is another.
std::optional<AttributeValue> converted(const Value& value, const AttributeValue& standard) {
    if (std::holds_alternative<std::int64_t>(standard))
        return value.integer() ? std::optional<AttributeValue>(*value.integer()) : std::nullopt;
    if (std::holds_alternative<double>(standard)) {
        if (value.integer()) return static_cast<double>(*value.integer());
        return value.real() ? std::optional<AttributeValue>(*value.real()) : std::nullopt;
    }
    if (std::holds_alternative<bool>(standard))
        return value.boolean() ? std::optional<AttributeValue>(*value.boolean()) : std::nullopt;
    return value.string() ? std::optional<AttributeValue>(*value.string()) : std::nullopt;
}

std::string_view kind_of(const AttributeValue& value) {
    constexpr std::array<std::string_view, 4> kinds = {"a whole number", "a number", "true or false",
                                                       "a text"};
    return kinds[value.index()];
}

base::Result<void> set_attribute(const ToxicType& type, Toxic& toxic, std::string_view name,
                                 const Value& value) {
    const auto rule = std::ranges::find(type.attributes, name, &AttributeRule::name);
    if (rule == type.attributes.end()) {
        std::string known;
        for (const auto& each : type.attributes)
            known += fmt::format("{}{}", known.empty() ? "" : ", ", each.name);
        return base::fail(fmt::format("{} has no attribute \"{}\"; it has {}", type.name, name,
                                      known.empty() ? "none" : known));
    }
    auto fitting = converted(value, rule->standard);
    if (!fitting) return base::fail(fmt::format("attribute {} must be {}", name, kind_of(rule->standard)));
    toxic.attributes[static_cast<std::size_t>(rule - type.attributes.begin())] = std::move(*fitting);
    return {};
}

/// What stands behind `=`: a text where the attribute is one (an SQLSTATE may be all digits), else as the
/// JSON that it looks like.
Value value_of(const ToxicType* type, std::string_view name, std::string_view word) {
    if (type) {
        const auto rule = std::ranges::find(type->attributes, name, &AttributeRule::name);
        if (rule != type->attributes.end() && std::holds_alternative<std::string>(rule->standard))
            return Value(std::string(word));
    }
    if (auto value = base::json::parse(word); value && !value->object() && !value->array()) return *value;
    return Value(std::string(word));
}

}  // namespace

base::Result<Toxic> make_behaviour(std::string_view type_name, const Value* attributes) {
    const auto* type = find_toxic_type(type_name);
    if (!type)
        return base::fail(
            fmt::format("there is no behaviour \"{}\"; there are {}", type_name, known_types()));
    Toxic toxic{
        .name = "seism-experiment", .type = std::string(type_name), .attributes = standard_attributes(*type)};
    if (attributes && !attributes->object()) return base::fail("attributes must be an object");
    for (const auto& [name, value] : attributes ? *attributes->object() : base::json::Object()) {
        if (auto set = set_attribute(*type, toxic, name, value); !set) return base::fail(set.error().message);
    }
    if (auto fine = check_attributes(*type, toxic.attributes); !fine) return base::fail(fine.error().message);
    return toxic;
}

base::Result<Toxic> parse_behaviour(std::string_view text) {
    const auto colon = text.find(':');
    const auto name = text.substr(0, colon);
    const auto* type = find_toxic_type(name);
    base::json::Object attributes;
    if (colon != std::string_view::npos) {
        for (const auto part : base::split(text.substr(colon + 1), ',')) {
            const auto equals = part.find('=');
            if (equals != std::string_view::npos) {
                const auto attribute = part.substr(0, equals);
                attributes.emplace_back(attribute, value_of(type, attribute, part.substr(equals + 1)));
            } else if (type && !type->attributes.empty()) {
                const auto& first = type->attributes.front().name;
                attributes.emplace_back(first, value_of(type, first, part));
            } else if (type) {
                return base::fail(fmt::format("{} has no attributes", name));
            }
        }
    }
    const Value object(std::move(attributes));
    return make_behaviour(name, &object);
}

std::string attributes_text(const Toxic& toxic) {
    const auto& type = *find_toxic_type(toxic.type);
    std::string text;
    for (std::size_t i = 0; i < type.attributes.size(); ++i) {
        const auto& value = toxic.attributes[i];
        if (value == type.attributes[i].standard) continue;
        text += fmt::format("{}{}=", text.empty() ? "" : " ", type.attributes[i].name);
        std::visit([&](const auto& plain) { text += fmt::format("{}", plain); }, value);
    }
    return text;
}

}  // namespace homespun::seism
