#include "barrel/rbr/ast.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace homespun::barrel::rbr {
namespace {

constexpr std::array<std::string_view, method_count> method_names = {"GET", "HEAD",  "POST",
                                                                     "PUT", "PATCH", "DELETE"};

}  // namespace

std::optional<std::int64_t> Literal::integer() const {
    if (kind != Kind::Integer) return std::nullopt;
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

std::optional<double> Literal::number() const {
    if (kind == Kind::Text) return std::nullopt;
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

std::uint64_t Quantity::bytes() const {
    if (unit == "k") return amount << 10U;
    if (unit == "m") return amount << 20U;
    if (unit == "g") return amount << 30U;
    return amount;
}

std::chrono::milliseconds Quantity::duration() const {
    const auto count = static_cast<std::int64_t>(amount);
    if (unit == "ms") return std::chrono::milliseconds(count);
    if (unit == "m") return std::chrono::minutes(count);
    if (unit == "h") return std::chrono::hours(count);
    return std::chrono::seconds(count);
}

std::string_view to_string(Method method) {
    return method_names[static_cast<std::size_t>(method)];
}

std::optional<Method> method_from(std::string_view name) {
    for (std::size_t i = 0; i < method_names.size(); ++i) {
        if (method_names[i] == name) return static_cast<Method>(i);
    }
    return std::nullopt;
}

std::string_view to_string(Section::Kind kind) {
    switch (kind) {
        case Section::Kind::RequestHeaders:
            return "request-headers";
        case Section::Kind::RequestBody:
            return "request-body";
        case Section::Kind::ResponseHeaders:
            return "response-headers";
        case Section::Kind::ResponseBody:
            return "response-body";
        case Section::Kind::ResponseStatus:
            return "response-status";
    }
    return {};
}

std::string_view to_string(Hook::Kind kind) {
    switch (kind) {
        case Hook::Kind::Unmatched:
            return "on unmatched";
        case Hook::Kind::Method:
            return "on method";
        case Hook::Kind::Check:
            return "on check";
        case Hook::Kind::Error:
            return "on error";
        case Hook::Kind::Options:
            return "options";
    }
    return {};
}

const Section* Path::section(Section::Kind kind) const {
    for (const Statement& statement : statements) {
        const Section* section = std::get_if<Section>(&statement.value);
        if (section != nullptr && section->kind == kind) return section;
    }
    return nullptr;
}

bool Path::allows(Method method) const {
    const Methods* methods = find<Methods>();
    if (methods == nullptr) return false;
    const auto has = [&](Method wanted) {
        return std::ranges::find(methods->list, wanted) != methods->list.end();
    };
    return has(method) || (method == Method::Head && has(Method::Get));
}

std::optional<std::uint64_t> Path::max_size() const {
    const Section* body = section(Section::Kind::RequestBody);
    const MaxSize* limit = body == nullptr ? nullptr : body->find<MaxSize>();
    if (limit == nullptr) return std::nullopt;
    return limit->size.bytes();
}

std::optional<std::chrono::milliseconds> Path::timeout() const {
    const Timeout* timeout = find<Timeout>();
    if (timeout == nullptr) return std::nullopt;
    return timeout->duration.duration();
}

bool Path::streams() const {
    const Section* body = section(Section::Kind::RequestBody);
    return body != nullptr && body->find<Stream>() != nullptr;
}

const Hook* File::hook(Hook::Kind kind) const {
    for (const Definition& definition : definitions) {
        const Hook* hook = std::get_if<Hook>(&definition.value);
        if (hook != nullptr && hook->kind == kind) return hook;
    }
    return nullptr;
}

const std::vector<std::string_view>& builtin_types() {
    static const std::vector<std::string_view> names = {"json", "int",       "float",  "string",
                                                        "bool", "uuid",      "uri",    "email",
                                                        "date", "date-time", "base64", "bytes"};
    return names;
}

bool is_builtin_type(std::string_view name) {
    return std::ranges::find(builtin_types(), name) != builtin_types().end();
}

bool is_token(std::string_view text) {
    constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
    return !text.empty() && std::ranges::all_of(text, [&](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
               marks.contains(c);
    });
}

}  // namespace homespun::barrel::rbr
