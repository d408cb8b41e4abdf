#include "stampede/results/run_json.hpp"

#include <cmath>
#include <limits>

#include "base/encoding.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "stampede/results/fields.hpp"

namespace homespun::stampede {
namespace {

using base::json::Writer;

/// A visitor that writes what it is shown.
class FieldWriter {
  public:
    explicit FieldWriter(Writer& out) : out_(out) {}

    template <class T>
    void operator()(std::string_view name, const T& field) {
        out_.key(name);
        put(field);
    }
    template <class T>
    void operator()(std::string_view name, const std::optional<T>& field) {
        if (field) (*this)(name, *field);
    }
    template <class T>
    void later(std::string_view name, const T& field) {
        (*this)(name, field);
    }

    template <class T>
    void put(const T& part) {
        out_.begin_object();
        fields(*this, part);
        out_.end_object();
    }
    void put(bool flag) { out_.value(flag); }
    void put(std::int64_t number) { out_.value(number); }
    void put(std::uint64_t number) {
        if (number <= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
            out_.value(number);
        } else {
            out_.value(std::to_string(number));
        }
    }
    void put(double number) {
        if (std::isfinite(number)) {
            out_.value(number);
        } else {
            out_.value(std::isnan(number) ? "nan" : number > 0 ? "inf" : "-inf");
        }
    }
    void put(const std::string& text) {
        if (base::is_utf8(text)) {
            out_.value(text);
        } else {
            out_.begin_object();
            out_.member("base64", base::base64_encode(text, base::Base64::standard));
            out_.end_object();
        }
    }
    void put(Purpose purpose) { out_.value(name_of(purpose)); }
    void put(FailureMode mode) { out_.value(name_of(mode)); }
    template <class A, class B>
    void put(const std::pair<A, B>& pair) {
        out_.begin_array();
        put(pair.first);
        put(pair.second);
        out_.end_array();
    }
    template <class T>
    void put(const std::vector<T>& list) {
        out_.begin_array();
        for (const auto& each : list)
            put(each);
        out_.end_array();
    }
    template <class T, std::size_t count>
    void put(const std::array<T, count>& list) {
        out_.begin_array();
        for (const auto& each : list)
            put(each);
        out_.end_array();
    }

  private:
    Writer& out_;
};

template <class T>
std::string line_of(const T& part) {
    std::string text;
    Writer out(text);
    FieldWriter(out).put(part);
    return text;
}

/// Writes the members of a run each on its line, for people who open the file.
class LineWriter {
  public:
    explicit LineWriter(std::string& text) : text_(text) {}

    template <class T>
    void operator()(std::string_view name, const T& field) {
        std::string member;
        Writer out(member);
        FieldWriter writer(out);
        writer(name, field);
        if (!member.empty()) text_ += ",\n" + member;
    }
    template <class T>
    void later(std::string_view name, const T& field) {
        (*this)(name, field);
    }

  private:
    std::string& text_;
};

}  // namespace

std::string run_to_json(const Run& run) {
    std::string text = "{\n\"format\":";
    base::json::append_string(text, run_format);
    LineWriter writer(text);
    fields(writer, run);
    return text + "\n}\n";
}

std::string to_json(const Level& level) {
    return line_of(level);
}

std::string to_json(const Sample& sample) {
    return line_of(sample);
}

}  // namespace homespun::stampede
