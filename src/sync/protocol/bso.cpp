#include "sync/protocol/bso.hpp"

#include <algorithm>
#include <unordered_set>

#include "base/json.hpp"

namespace homespun::sync::protocol {
namespace {

namespace json = base::json;

constexpr std::size_t longest_id = 64;
constexpr std::size_t longest_collection_name = 32;
constexpr std::int64_t largest_number = 999'999'999;
// The exact texts of the protocol: clients compare them.
constexpr std::string_view retry_records = "retry bso";
constexpr std::string_view retry_bytes = "retry bytes";

std::unexpected<BodyRefusal> refuse(BodyFault fault, std::string detail) {
    return std::unexpected(BodyRefusal{fault, std::move(detail)});
}

/// A crypto payload whose initialisation vector is all zero comes from a broken client; storing it would
/// spread the damage. The pattern: IV":\s*"AAAAAAAAAAAAAAAAAAAAAA==
bool has_zero_iv(std::string_view payload) {
    constexpr std::string_view key = "IV\":";
    constexpr std::string_view zero = "\"AAAAAAAAAAAAAAAAAAAAAA==";
    for (auto at = payload.find(key); at != std::string_view::npos; at = payload.find(key, at + 1)) {
        const auto value = payload.find_first_not_of(" \t\n\v\f\r", at + key.size());
        if (value != std::string_view::npos && payload.substr(value).starts_with(zero)) return true;
    }
    return false;
}

/// Reads a whole number between `least` and 999,999,999 into `to`; false when it is anything else.
bool read_number(const json::Value& value, std::int64_t least, std::optional<std::int64_t>& to) {
    const auto* number = value.integer();
    if (number == nullptr || *number < least || *number > largest_number) return false;
    to = *number;
    return true;
}

/// Moves the fields of `record` into `update`, all but the id. Returns what is wrong, or nothing.
std::string_view take_fields(json::Object& record, store::RecordUpdate& update) {
    for (auto& [name, value] : record) {
        if (name == "id" || name == "modified" || name == "collection") continue;
        if (name == "payload") {
            if (value.is_null()) continue;
            auto* text = value.string();
            if (text == nullptr) return "invalid payload";
            update.payload = std::move(*text);
        } else if (name == "sortindex") {
            if (!value.is_null() && !read_number(value, -largest_number, update.sortindex))
                return "invalid sortindex";
        } else if (name == "ttl") {
            if (!value.is_null() && !read_number(value, 0, update.ttl)) return "invalid ttl";
        } else {
            return "unknown field";
        }
    }
    return {};
}

std::size_t payload_size(const store::RecordUpdate& update) {
    return update.payload ? update.payload->size() : 0;
}

/// Judges the records of one POST in their order.
class PostReader {
  public:
    PostReader(std::string_view collection, const Limits& limits)
        : is_crypto_(collection == "crypto"), limits_(limits) {}

    std::expected<void, BodyRefusal> take(json::Value& element) {
        auto* record = element.object();
        if (record == nullptr) return refuse(BodyFault::invalid_record, "a record that is no object");
        const auto* id = element.string("id");
        if (id == nullptr) return refuse(BodyFault::invalid_record, "a record without an id");
        if (!ids_.insert(*id).second) return refuse(BodyFault::invalid_record, "an id twice in one request");
        store::RecordUpdate update{*id, {}, {}, {}};
        const auto wrong =
            valid_record_id(*id) ? take_fields(*record, update) : std::string_view("invalid id");
        if (is_crypto_ && update.payload && has_zero_iv(*update.payload)) {
            return refuse(BodyFault::invalid_record, "a crypto record with a zero IV");
        }
        judge(std::move(update), wrong);
        return {};
    }
    PostBody finish() { return std::move(body_); }

  private:
    void judge(store::RecordUpdate update, std::string_view wrong) {
        if (!wrong.empty()) {
            fail(std::move(update), wrong);
            return;
        }
        const auto size = payload_size(update);
        // Counts although it may be refused: nothing after an overflow is stored, so that order is kept.
        bytes_ += size;
        if (size > limits_.max_record_payload_bytes || bytes_ > limits_.max_post_bytes) {
            fail(std::move(update), retry_bytes);
        } else if (body_.updates.size() >= limits_.max_post_records) {
            fail(std::move(update), retry_records);
        } else {
            body_.updates.push_back(std::move(update));
        }
    }
    void fail(store::RecordUpdate update, std::string_view reason) {
        body_.failed.emplace_back(std::move(update.id), reason);
    }

    const bool is_crypto_;
    const Limits& limits_;
    std::unordered_set<std::string> ids_;
    std::uint64_t bytes_ = 0;
    PostBody body_;
};

std::expected<PostBody, BodyRefusal> parse_list(std::string_view body, PostReader reader) {
    auto root = json::parse(body);
    if (!root) return refuse(BodyFault::not_json, std::move(root.error().message));
    auto* records = root->array();
    if (records == nullptr) return refuse(BodyFault::invalid_record, "not a list");
    for (auto& record : *records) {
        if (auto taken = reader.take(record); !taken) return std::unexpected(std::move(taken.error()));
    }
    return reader.finish();
}

/// The last line may end with a newline; any other empty line is a fault.
std::expected<PostBody, BodyRefusal> parse_lines(std::string_view body, PostReader reader) {
    while (!body.empty()) {
        const auto end = body.find('\n');
        auto record = json::parse(body.substr(0, end));
        if (!record) return refuse(BodyFault::not_json, std::move(record.error().message));
        if (auto taken = reader.take(*record); !taken) return std::unexpected(std::move(taken.error()));
        body.remove_prefix(end == std::string_view::npos ? body.size() : end + 1);
    }
    return reader.finish();
}

}  // namespace

bool valid_record_id(std::string_view id) {
    return !id.empty() && id.size() <= longest_id &&
           std::ranges::all_of(id, [](char c) { return c >= 0x20 && c <= 0x7e; });
}

bool valid_collection_name(std::string_view name) {
    const auto allowed = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
               c == '_' || c == '-';
    };
    return !name.empty() && name.size() <= longest_collection_name && std::ranges::all_of(name, allowed);
}

std::expected<store::RecordUpdate, BodyRefusal> parse_put_body(std::string_view body,
                                                               std::string_view collection,
                                                               std::string_view id, const Limits& limits) {
    auto root = json::parse(body);
    if (!root) return refuse(BodyFault::not_json, std::move(root.error().message));
    auto* record = root->object();
    if (record == nullptr) return refuse(BodyFault::invalid_record, "not an object");
    if (const auto* own = root->member("id"); own != nullptr && !own->is_null()) {
        if (own->string() == nullptr || !valid_record_id(*own->string())) {
            return refuse(BodyFault::invalid_record, "invalid id");
        }
    }
    store::RecordUpdate update{std::string(id), {}, {}, {}};
    if (const auto wrong = take_fields(*record, update); !wrong.empty()) {
        return refuse(BodyFault::invalid_record, std::string(wrong));
    }
    if (collection == "crypto" && update.payload && has_zero_iv(*update.payload)) {
        return refuse(BodyFault::invalid_record, "a crypto record with a zero IV");
    }
    if (payload_size(update) > limits.max_record_payload_bytes)
        return refuse(BodyFault::too_large, "payload too large");
    return update;
}

std::expected<PostBody, BodyRefusal> parse_post_body(std::string_view body, BodyFormat format,
                                                     std::string_view collection, const Limits& limits) {
    PostReader reader(collection, limits);
    return format == BodyFormat::json ? parse_list(body, std::move(reader))
                                      : parse_lines(body, std::move(reader));
}

void append_record_json(std::string& out, const store::RecordView& record) {
    out += "{\"id\":";
    json::append_string(out, record.id);
    out += ",\"modified\":";
    record.modified.append_to(out);
    out += ",\"payload\":";
    json::append_string(out, record.payload);
    if (record.sortindex) {
        out += ",\"sortindex\":";
        out += std::to_string(*record.sortindex);
    }
    out += '}';
}

}  // namespace homespun::sync::protocol
