#include "seism/api/proxy_json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.hpp"
#include "seism/api/go_json.hpp"
#include "seism/toxics/catalogue.hpp"

namespace homespun::seism {
namespace {

using go_json::Field;
using go_json::Nested;
using go_json::Target;
using go_json::Value;

// What Go calls the types that have no name of their own.
constexpr std::string_view populated = R"(struct { toxiproxy.Proxy; Enabled *bool "json:\"enabled\"" })";
constexpr std::string_view changed =
    R"(struct { Attributes interface {} "json:\"attributes\""; Toxicity float32 "json:\"toxicity\"" })";

std::unexpected<ApiError> fail(int status, std::string message) {
    return std::unexpected(ApiError{status, std::move(message)});
}
std::string bad_body(const base::Error& error) {
    return "bad request body: " + error.message;
}

/// `latency` -> `LatencyToxic`.
std::string go_name(std::string_view type) {
    if (type == "reset_peer") return "ResetToxic";
    std::string name;
    bool upper = true;
    for (const char letter : type) {
        if (letter != '_') name += upper ? static_cast<char>(letter - 'a' + 'A') : letter;
        upper = letter == '_';
    }
    return name + "Toxic";
}

base::Result<void> set_attributes(Toxic& toxic, const Value& attributes) {
    const auto* type = find_toxic_type(toxic.type);
    std::vector<Field> fields;
    for (std::size_t i = 0; i < type->attributes.size(); ++i) {
        std::visit([&](auto& value) { fields.push_back({type->attributes[i].name, &value}); },
                   toxic.attributes[i]);
    }
    const Target target{"", go_name(toxic.type) + ".attributes."};
    if (auto filled = go_json::fill(attributes, target, fields); !filled)
        return base::fail(bad_body(filled.error()));
    return check_attributes(*type, toxic.attributes);
}

Answer<ToxicBody> toxic_of(const Value& value) {
    Toxic toxic;
    const Value* attributes = nullptr;
    const std::array<Field, 5> fields = {
        {{"attributes", Nested{&attributes, Value::Kind::object, "toxics.NoopToxic"}},
         {"name", &toxic.name},
         {"type", &toxic.type},
         {"stream", &toxic.stream_text},
         {"toxicity", &toxic.toxicity}}};
    const Target target{"Go value of type toxics.ToxicWrapper", "ToxicWrapper."};
    if (auto filled = go_json::fill(value, target, fields); !filled)
        return fail(400, bad_body(filled.error()));
    if (base::iequals(toxic.stream_text, "upstream"))
        toxic.stream = Stream::upstream;
    else if (!base::iequals(toxic.stream_text, "downstream"))
        return fail(400, "stream was invalid, can be either upstream or downstream");
    if (toxic.name.empty()) toxic.name = toxic.type + "_" + toxic.stream_text;
    auto edit = [kept = attributes == nullptr ? Value() : *attributes](Toxic& made) {
        return set_attributes(made, kept);
    };
    return ToxicBody{std::move(toxic), std::move(edit)};
}

/// Those of a proxy of `populate`: whole, for there is nobody yet who could be asked.
Answer<std::vector<Toxic>> toxics_of(const Value& array) {
    std::vector<Toxic> toxics;
    for (const auto& item : array.items) {
        auto body = toxic_of(item);
        if (!body) return std::unexpected(std::move(body.error()));
        auto toxic = std::move(body->toxic);
        const auto* type = find_toxic_type(toxic.type);
        if (type == nullptr) return fail(400, "invalid toxic type");
        if (std::ranges::find(toxics, toxic.name, &Toxic::name) != toxics.end())
            return fail(409, "toxic already exists");
        toxic.attributes = standard_attributes(*type);
        if (auto set = body->edit(toxic); !set) return fail(400, std::move(set.error().message));
        toxics.push_back(std::move(toxic));
    }
    return toxics;
}

Answer<ProxyBody> proxy_of(const Value& value, ProxyBody body, const Target& target, bool with_toxics) {
    const Value* toxics = nullptr;
    const std::array<Field, 5> fields = {
        {{"name", &body.name},
         {"listen", &body.listen},
         {"upstream", &body.upstream},
         {"enabled", &body.enabled},
         {"toxics", Nested{&toxics, Value::Kind::array, "[]toxics.ToxicWrapper"}}}};
    const std::span<const Field> known(fields);
    if (auto filled = go_json::fill(value, target, with_toxics ? known : known.first(4)); !filled)
        return fail(400, bad_body(filled.error()));
    if (toxics != nullptr) {
        auto read = toxics_of(*toxics);
        if (!read) return std::unexpected(std::move(read.error()));
        body.toxics = std::move(*read);
    }
    return body;
}

void append_value(std::string& out, const AttributeValue& value) {
    if (const auto* integer = std::get_if<std::int64_t>(&value))
        out += fmt::format("{}", *integer);
    else if (const auto* real = std::get_if<double>(&value))
        go_json::append_number(out, *real);
    else if (const auto* flag = std::get_if<bool>(&value))
        out += *flag ? "true" : "false";
    else
        go_json::append_string(out, std::get<std::string>(value));
}

void append_member(std::string& out, std::string_view name, std::string_view text) {
    out += fmt::format("\"{}\":", name);
    go_json::append_string(out, text);
}

}  // namespace

Answer<ProxyBody> read_proxy(std::string_view text, ProxyBody standard) {
    const auto value = go_json::decode(text);
    if (!value) return fail(400, bad_body(value.error()));
    return proxy_of(*value, std::move(standard), {"Go value of type toxiproxy.Proxy", "Proxy."}, false);
}

Answer<std::vector<ProxyBody>> read_proxies(std::string_view text) {
    const auto value = go_json::decode(text);
    if (!value) return fail(400, bad_body(value.error()));
    if (value->kind != Value::Kind::array && value->kind != Value::Kind::null)
        return fail(400, fmt::format("bad request body: json: cannot unmarshal {} into Go value of type []{}",
                                     kind_word(*value), populated));
    const Target target{fmt::format("Go value of type {}", populated), "."};
    std::vector<ProxyBody> bodies;
    for (const auto& item : value->items) {
        auto body = proxy_of(item, {}, target, true);
        if (!body) return std::unexpected(std::move(body.error()));
        bodies.push_back(std::move(*body));
    }
    return bodies;
}

Answer<ToxicBody> read_toxic(std::string_view text) {
    const auto value = go_json::decode(text);
    if (!value) return fail(400, bad_body(value.error()));
    return toxic_of(*value);
}

ToxicEdit read_toxic_change(std::string text) {
    return [text = std::move(text)](Toxic& toxic) -> base::Result<void> {
        const auto value = go_json::decode(text);
        if (!value) return base::fail(bad_body(value.error()));
        const auto type = "toxics." + go_name(toxic.type);
        const Value* attributes = nullptr;
        const std::array<Field, 2> fields = {
            {{"attributes", Nested{&attributes, Value::Kind::object, type}}, {"toxicity", &toxic.toxicity}}};
        const Target target{fmt::format("Go value of type {}", changed), "."};
        if (auto filled = go_json::fill(*value, target, fields); !filled)
            return base::fail(bad_body(filled.error()));
        return attributes == nullptr ? base::Result<void>() : set_attributes(toxic, *attributes);
    };
}

void append_json(std::string& out, const Toxic& toxic) {
    const auto* type = find_toxic_type(toxic.type);
    out += R"({"attributes":{)";
    for (std::size_t i = 0; i < type->attributes.size(); ++i) {
        out += fmt::format("{}\"{}\":", i == 0 ? "" : ",", type->attributes[i].name);
        append_value(out, toxic.attributes[i]);
    }
    out += "},";
    append_member(out, "name", toxic.name);
    append_member(out += ',', "type", toxic.type);
    append_member(out += ',', "stream", toxic.stream_text);
    out += R"(,"toxicity":)";
    go_json::append_number(out, toxic.toxicity);
    out += '}';
}

void append_json(std::string& out, const ProxyView& proxy) {
    append_member(out += '{', "name", proxy.name);
    append_member(out += ',', "listen", proxy.listen);
    append_member(out += ',', "upstream", proxy.upstream);
    out += fmt::format(R"(,"enabled":{},"toxics":)", proxy.enabled);
    out += to_json_array<Toxic>(proxy.toxics);
    out += '}';
}

std::string to_json_object(std::span<const ProxyView> proxies) {
    std::string text = "{";
    for (const auto& proxy : proxies) {
        if (text.size() > 1) text += ',';
        go_json::append_string(text, proxy.name);
        append_json(text += ':', proxy);
    }
    return text += '}';
}

}  // namespace homespun::seism
