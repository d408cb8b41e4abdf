#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "base/encoding.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "stampede/results/fields.hpp"
#include "stampede/results/run_json.hpp"

namespace homespun::stampede {
namespace {

using base::json::Value;

/// A visitor that fills what it is shown from one JSON object. After the first problem it does no more.
class FieldReader {
  public:
    /// `problem` is shared by the readers of a text's parts.
    FieldReader(const Value& from, std::string place, std::string& problem)
        : from_(from), place_(std::move(place)), problem_(problem) {}

    template <class T>
    void operator()(std::string_view name, T& field) {
        const auto* found = from_.member(name);
        if (found == nullptr) return complain(at(name), "is missing");
        take(*found, field, at(name));
    }
    template <class T>
    void operator()(std::string_view name, std::optional<T>& field) {
        const auto* found = from_.member(name);
        if (found == nullptr || found->is_null()) return;
        take(*found, field.emplace(), at(name));
    }
    template <class T>
    void later(std::string_view name, T& field) {
        if (from_.member(name) != nullptr) (*this)(name, field);
    }

    template <class T>
    void take(const Value& value, T& part, const std::string& place) {
        if (value.object() == nullptr) return complain(place, "is no object");
        FieldReader reader(value, place, problem_);
        fields(reader, part);
    }
    void take(const Value& value, bool& flag, const std::string& place) {
        const auto* found = value.boolean();
        found != nullptr ? void(flag = *found) : complain(place, "is neither true nor false");
    }
    void take(const Value& value, std::int64_t& number, const std::string& place) {
        const auto* found = value.integer();
        found != nullptr ? void(number = *found) : complain(place, "is no whole number");
    }
    void take(const Value& value, std::uint64_t& number, const std::string& place) {
        const auto* text = value.string();
        const auto* whole = value.integer();
        std::optional<std::uint64_t> found;
        if (text != nullptr) found = base::parse_integer<std::uint64_t>(*text);
        if (whole != nullptr && *whole >= 0) found = static_cast<std::uint64_t>(*whole);
        found ? void(number = *found) : complain(place, "is no count");
    }
    void take(const Value& value, double& number, const std::string& place) {
        const auto found = real(value);
        found ? void(number = *found) : complain(place, "is no number");
    }
    void take(const Value& value, std::string& text, const std::string& place) {
        if (const auto* plain = value.string()) {
            text = *plain;
            return;
        }
        const auto* coded = value.string("base64");
        auto bytes = coded != nullptr ? base::base64_decode(*coded, base::Base64::standard) : std::nullopt;
        bytes ? void(text = std::move(*bytes)) : complain(place, "is no text");
    }
    void take(const Value& value, Purpose& purpose, const std::string& place) {
        const auto* name = value.string();
        const auto found = name != nullptr ? purpose_of(*name) : std::nullopt;
        found ? void(purpose = *found) : complain(place, "is no purpose of a level");
    }
    void take(const Value& value, FailureMode& mode, const std::string& place) {
        const auto* name = value.string();
        const auto found = name != nullptr ? failure_mode_of(*name) : std::nullopt;
        found ? void(mode = *found) : complain(place, "is no way to fail");
    }
    template <class A, class B>
    void take(const Value& value, std::pair<A, B>& pair, const std::string& place) {
        const auto* both = value.array();
        if (both == nullptr || both->size() != 2) return complain(place, "is no pair");
        take((*both)[0], pair.first, place);
        take((*both)[1], pair.second, place);
    }
    template <class T>
    void take(const Value& value, std::vector<T>& list, const std::string& place) {
        const auto* found = value.array();
        if (found == nullptr) return complain(place, "is no list");
        list.resize(found->size());
        take_each(*found, list, place);
    }
    template <class T, std::size_t count>
    void take(const Value& value, std::array<T, count>& list, const std::string& place) {
        const auto* found = value.array();
        if (found == nullptr || found->size() != count)
            return complain(place, fmt::format("is no list of {}", count));
        take_each(*found, list, place);
    }

  private:
    static std::optional<double> real(const Value& value) {
        if (const auto* number = value.real()) return *number;
        if (const auto* whole = value.integer()) return static_cast<double>(*whole);
        const auto* name = value.string();
        if (name == nullptr) return std::nullopt;
        if (*name == "nan") return std::numeric_limits<double>::quiet_NaN();
        if (*name == "inf") return std::numeric_limits<double>::infinity();
        if (*name == "-inf") return -std::numeric_limits<double>::infinity();
        return std::nullopt;
    }
    template <class List>
    void take_each(const base::json::Array& values, List& list, const std::string& place) {
        for (std::size_t i = 0; i < values.size() && problem_.empty(); ++i)
            take(values[i], list[i], fmt::format("{}[{}]", place, i));
    }
    [[nodiscard]] std::string at(std::string_view name) const {
        return place_.empty() ? std::string(name) : fmt::format("{}.{}", place_, name);
    }
    void complain(const std::string& place, std::string_view what) {
        if (problem_.empty()) problem_ = fmt::format("{} {}", place.empty() ? "it" : place, what);
    }

    const Value& from_;
    std::string place_;
    std::string& problem_;
};

base::Result<Value> parse(std::string_view text) {
    auto value = base::json::parse(text);
    if (!value) return base::fail("not JSON: " + value.error().message);
    if (value->object() == nullptr) return base::fail("not a JSON object");
    return std::move(*value);
}

template <class T>
base::Result<T> read(const Value& value) {
    T part;
    std::string problem;
    FieldReader reader(value, {}, problem);
    fields(reader, part);
    if (!problem.empty()) return base::fail(std::move(problem));
    return part;
}

template <class T>
base::Result<T> read_text(std::string_view text) {
    const auto value = parse(text);
    if (!value) return std::unexpected(value.error());
    return read<T>(*value);
}

}  // namespace

base::Result<Run> run_from_json(std::string_view text) {
    const auto value = parse(text);
    if (!value) return std::unexpected(value.error());
    const auto* format = value->string("format");
    if (format == nullptr) return base::fail("not a run of stampede: no \"format\"");
    if (*format != run_format)
        return base::fail(
            fmt::format("its format is \"{}\", this version reads \"{}\" only", *format, run_format));
    return read<Run>(*value);
}

base::Result<Level> level_from_json(std::string_view text) {
    return read_text<Level>(text);
}

base::Result<Sample> sample_from_json(std::string_view text) {
    return read_text<Sample>(text);
}

}  // namespace homespun::stampede
