#include "seism/experiment/fields.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.hpp"

namespace homespun::seism {

using base::json::Value;

namespace {

struct TimeUnit {
    std::string_view name;
    std::int64_t ms;
};
constexpr std::array<TimeUnit, 4> units = {{{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}}};

std::optional<double> number_of(const Value& value) {
    if (const auto* integer = value.integer()) return static_cast<double>(*integer);
    if (const auto* real = value.real()) return *real;
    return std::nullopt;
}

}  // namespace

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) {
    constexpr std::int64_t day = 86'400'000;
    const auto digits = std::min(text.find_first_not_of("0123456789"), text.size());
    const auto count = base::parse_integer<std::int64_t>(text.substr(0, digits));
    const auto unit = std::ranges::find(units, text.substr(digits), &TimeUnit::name);
    if (!count || unit == units.end() || *count > day / unit->ms) return std::nullopt;
    return std::chrono::milliseconds(*count * unit->ms);
}

std::string duration_text(std::chrono::milliseconds duration) {
    const auto count = duration.count();
    return count % 1000 == 0 ? fmt::format("{}s", count / 1000) : fmt::format("{}ms", count);
}

Fields::Fields(const Value& value, std::string place, Problems& problems)
    : value_(value), place_(std::move(place)), problems_(problems) {
    if (!value_.object()) problems_.push_back(fmt::format("{}: must be an object", place_));
}

Fields::~Fields() {
    if (!value_.object()) return;
    for (const auto& [name, _] : *value_.object()) {
        if (std::ranges::find(asked_, name) != asked_.end()) continue;
        std::ranges::sort(asked_);
        problems_.push_back(fmt::format("{}: there is no such member; known are {}", place_of(name),
                                        fmt::join(asked_, ", ")));
    }
}

std::string Fields::place_of(std::string_view name) const {
    return place_.empty() ? std::string(name) : fmt::format("{}.{}", place_, name);
}

void Fields::problem(std::string_view name, std::string_view what) {
    problems_.push_back(fmt::format("{}: {}", name.empty() ? place_ : place_of(name), what));
}

const Value* Fields::any(std::string_view name) {
    asked_.emplace_back(name);
    return value_.member(name);
}

std::string Fields::text(std::string_view name, std::string standard) {
    const auto* value = any(name);
    if (!value) return standard;
    if (const auto* text = value->string()) return *text;
    problem(name, "must be a text");
    return standard;
}

std::string Fields::needed_text(std::string_view name) {
    auto text = this->text(name);
    if (text.empty() && (!has(name) || value_.string(name))) problem(name, "is missing");
    return text;
}

std::string Fields::word(std::string_view name, const std::vector<std::string_view>& words) {
    auto word = text(name, std::string(words.front()));
    if (std::ranges::find(words, word) != words.end()) return word;
    problem(name, fmt::format("\"{}\" is not known; known are {}", word, fmt::join(words, ", ")));
    return std::string(words.front());
}

std::int64_t Fields::integer(std::string_view name, std::int64_t low, std::int64_t high,
                             std::int64_t standard) {
    const auto* value = any(name);
    if (!value) return standard;
    const auto* integer = value->integer();
    if (integer && *integer >= low && *integer <= high) return *integer;
    problem(name, fmt::format("must be a whole number from {} to {}", low, high));
    return standard;
}

double Fields::number(std::string_view name, double low, double high, double standard) {
    const auto* value = any(name);
    if (!value) return standard;
    const auto number = number_of(*value);
    if (number && *number >= low && *number <= high) return *number;
    problem(name, fmt::format("must be a number from {} to {}", low, high));
    return standard;
}

bool Fields::flag(std::string_view name, bool standard) {
    const auto* value = any(name);
    if (!value) return standard;
    if (const auto* flag = value->boolean()) return *flag;
    problem(name, "must be true or false");
    return standard;
}

std::chrono::milliseconds Fields::duration(std::string_view name, std::chrono::milliseconds standard) {
    const auto* value = any(name);
    if (!value) return standard;
    const auto duration = value->string() ? parse_duration(*value->string()) : std::nullopt;
    if (!duration) problem(name, R"(must be a time, like "250ms", "5s" or "2m", a day at most)");
    return duration.value_or(standard);
}

std::vector<std::string> Fields::texts(std::string_view name) {
    const auto* value = any(name);
    std::vector<std::string> texts;
    if (!value) return texts;
    if (const auto* text = value->string()) return {*text};
    const auto* array = value->array();
    for (const auto& each : array ? *array : base::json::Array()) {
        if (each.string()) texts.push_back(*each.string());
    }
    if (!array || texts.size() != array->size()) problem(name, "must be a list of texts");
    return texts;
}

std::vector<std::pair<std::string, std::string>> Fields::text_map(std::string_view name) {
    const auto* value = any(name);
    std::vector<std::pair<std::string, std::string>> map;
    if (!value) return map;
    const auto* object = value->object();
    for (const auto& [key, each] : object ? *object : base::json::Object()) {
        if (each.string()) map.emplace_back(key, *each.string());
    }
    if (!object || map.size() != object->size()) problem(name, "must be an object of texts");
    return map;
}

void Fields::object(std::string_view name, const std::function<void(Fields&)>& read) {
    const auto* value = any(name);
    if (!value) return;
    Fields fields(*value, place_of(name), problems_);
    if (value->object()) read(fields);
}

void Fields::objects(std::string_view name, const std::function<void(Fields&)>& read) {
    const auto* value = any(name);
    if (!value) return;
    const auto* array = value->array();
    if (!array) return problem(name, "must be a list");
    for (std::size_t i = 0; i < array->size(); ++i) {
        Fields fields((*array)[i], fmt::format("{}[{}]", place_of(name), i), problems_);
        if ((*array)[i].object()) read(fields);
    }
}

}  // namespace homespun::seism
