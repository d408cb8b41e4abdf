#include "sync/weave/wbo.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>

#include "base/json.hpp"
#include "base/text.hpp"

namespace homespun::sync::weave {
namespace {

namespace json = base::json;
using store::WeaveUpdate;

constexpr std::size_t longest_id = 64;
constexpr std::int64_t largest_sortindex = 999'999'999;
constexpr std::int64_t longest_ttl = 31'536'000;  // a year

std::unexpected<BodyRefusal> refuse(BodyFault fault, std::string detail) {
    return std::unexpected(BodyRefusal{fault, std::move(detail)});
}

/// Text, or a number as text: clients of those days sent both.
std::optional<std::string> text_of(const json::Value& value) {
    if (const auto* text = value.string()) return *text;
    if (const auto* number = value.integer()) return std::to_string(*number);
    if (const auto* flag = value.boolean()) return std::string(*flag ? "1" : "0");
    if (const auto* number = value.real()) {
        std::string text;
        json::append_double(text, *number);
        return text;
    }
    return std::nullopt;
}

/// A number, or text that is one, cut towards zero.
std::optional<std::int64_t> whole_number(const json::Value& value) {
    if (const auto* number = value.integer()) return *number;
    if (const auto* flag = value.boolean()) return *flag ? 1 : 0;
    double real = 0;
    if (const auto* number = value.real()) {
        real = *number;
    } else if (const auto* text = value.string()) {
        const auto trimmed = base::trim(*text);
        const auto end = trimmed.data() + trimmed.size();
        const auto [rest, error] = std::from_chars(trimmed.data(), end, real, std::chars_format::fixed);
        if (error != std::errc{} || rest != end) return std::nullopt;
    } else {
        return std::nullopt;
    }
    constexpr double most = 1e15;
    if (!std::isfinite(real) || std::abs(real) > most) return std::nullopt;
    return static_cast<std::int64_t>(real);
}

std::string_view take_link(const json::Value& value, std::optional<std::string>& to, std::string_view wrong) {
    to = text_of(value);
    return to && to->size() <= longest_id && base::is_utf8(*to) ? std::string_view{} : wrong;
}

std::string_view take_sortindex(const json::Value& value, WeaveUpdate& update) {
    const auto number = whole_number(value);
    if (!number || *number < -largest_sortindex || *number > largest_sortindex) return "invalid sortindex";
    update.sortindex = *number;
    return {};
}

std::string_view take_ttl(const json::Value& value, WeaveUpdate& update) {
    const auto* text = value.string();
    const auto number =
        text != nullptr ? base::parse_integer<std::int64_t>(base::trim(*text)) : whole_number(value);
    if (value.real() != nullptr || !number || *number < 0 || *number > longest_ttl) return "invalid ttl";
    update.ttl = *number;
    return {};
}

std::string_view take_payload(json::Value& value, const Limits& limits, WeaveUpdate& update) {
    auto* text = value.string();
    if (text == nullptr) return "payload not a string";
    if (text->size() > limits.max_payload_bytes) return "payload too large";
    update.payload = std::move(*text);
    return {};
}

/// Moves all fields but the id into `update`; what is wrong, or nothing.
std::string_view take_fields(json::Object& record, const Limits& limits, WeaveUpdate& update) {
    for (auto& [name, value] : record) {
        if (value.is_null()) continue;
        std::string_view wrong;
        if (name == "payload")
            wrong = take_payload(value, limits, update);
        else if (name == "parentid")
            wrong = take_link(value, update.parentid, "invalid parentid");
        else if (name == "predecessorid")
            wrong = take_link(value, update.predecessorid, "invalid predecessorid");
        else if (name == "sortindex")
            wrong = take_sortindex(value, update);
        else if (name == "ttl")
            wrong = take_ttl(value, update);
        if (!wrong.empty()) return wrong;
    }
    return {};
}

/// An object without objects or lists in it. That counts for unknown fields too.
bool is_flat(const json::Object& record) {
    return std::ranges::none_of(record, [](const json::Member& member) {
        return member.second.object() != nullptr || member.second.array() != nullptr;
    });
}

/// Judges a list in its order.
class BatchReader {
  public:
    explicit BatchReader(const Limits& limits) : limits_(limits) {}

    void take(json::Value& element) {
        const auto index = taken_++;
        auto* record = element.object();
        if (record == nullptr || !is_flat(*record)) return fail("", "invalid wbo");
        const auto* given = element.member("id");
        const auto id = given != nullptr ? text_of(*given) : std::nullopt;
        if (!id) return fail("", "invalid id");
        if (!valid_id(*id)) return fail(*id, "invalid id");
        WeaveUpdate update{.id = *id};
        if (const auto wrong = take_fields(*record, limits_, update); !wrong.empty()) return fail(*id, wrong);
        // A record beyond the limit counts on: nothing smaller after it slips through.
        if (update.payload) bytes_ += update.payload->size();
        if (index >= limits_.max_batch_records) return fail(*id, "retry wbo");
        if (bytes_ >= limits_.max_batch_bytes) return fail(*id, "retry bytes");
        body_.success.push_back(*id);
        body_.updates.push_back(std::move(update));
    }
    PostBody finish() {
        for (auto& [id, reason] : failed_)
            body_.failed.emplace_back(id, reason);
        return std::move(body_);
    }

  private:
    void fail(const std::string& id, std::string_view reason) { failed_[id] = reason; }

    const Limits& limits_;
    std::size_t taken_ = 0;
    std::uint64_t bytes_ = 0;
    std::map<std::string, std::string_view> failed_;
    PostBody body_;
};

Read<WeaveUpdate> read_single(json::Value& value, std::optional<std::string_view> address_id,
                              const Limits& limits) {
    auto* record = value.object();
    if (record == nullptr) return refuse(BodyFault::invalid_record, "not an object");
    if (!is_flat(*record)) return refuse(BodyFault::invalid_record, "a value that is an object or a list");
    const auto* given = value.member("id");
    auto id = address_id         ? std::optional(std::string(*address_id))
              : given != nullptr ? text_of(*given)
                                 : std::nullopt;
    if (!id || !valid_id(*id)) return refuse(BodyFault::invalid_record, "invalid id");
    WeaveUpdate update{.id = std::move(*id)};
    if (const auto wrong = take_fields(*record, limits, update); !wrong.empty())
        return refuse(BodyFault::invalid_record, std::string(wrong));
    return update;
}

}  // namespace

bool valid_id(std::string_view id) {
    return !id.empty() && id.size() <= longest_id &&
           std::ranges::all_of(id, [](char c) { return c >= ' ' && c <= '~' && c != '/'; });
}

Read<WeaveUpdate> read_put(std::string_view body, std::string_view id, const Limits& limits) {
    auto value = json::parse(body);
    if (!value) return refuse(BodyFault::not_json, std::move(value.error().message));
    return read_single(*value, id, limits);
}

Read<PostBody> read_post(std::string_view body, const Limits& limits) {
    auto value = json::parse(body);
    if (!value) return refuse(BodyFault::not_json, std::move(value.error().message));
    if (auto* records = value->array()) {
        BatchReader reader{limits};
        for (auto& record : *records)
            reader.take(record);
        return reader.finish();
    }
    auto update = read_single(*value, std::nullopt, limits);
    if (!update) return std::unexpected(std::move(update.error()));
    PostBody read{.single = true};
    read.success.push_back(update->id);
    read.updates.push_back(std::move(*update));
    return read;
}

void append_json(std::string& out, const store::WeaveView& record) {
    json::Writer writer(out);
    writer.begin_object().member("id", record.id);
    writer.key("modified").raw(record.modified.text());
    if (record.parentid) writer.member("parentid", *record.parentid);
    if (record.predecessorid) writer.member("predecessorid", *record.predecessorid);
    if (record.sortindex) writer.member("sortindex", *record.sortindex);
    writer.member("payload", record.payload).end_object();
}

}  // namespace homespun::sync::weave
