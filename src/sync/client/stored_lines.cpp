#include "sync/client/stored_lines.hpp"

#include <fmt/format.h>

#include "base/encoding.hpp"

namespace homespun::sync::client {
namespace {

using base::json::Value;

base::Result<PlacedRecord> placed_record(const Value& json, std::string_view collection) {
    auto record = StoredRecord::read(json);
    const auto* encoded = json.string("payload_base64");
    if (!record || (json.string("payload") == nullptr && encoded == nullptr))
        return base::fail("this is no record: it has no id or no payload");
    if (encoded != nullptr) {
        auto payload = base::base64_decode(*encoded, base::Base64::standard);
        if (!payload) return base::fail("\"payload_base64\" is no base64");
        record->payload = std::move(*payload);
    }
    const auto* its = json.string("collection");
    if (its == nullptr && collection.empty()) {
        return base::fail(fmt::format(
            "record \"{}\" does not say which collection it is from; use --collection", record->id));
    }
    return PlacedRecord{its ? *its : std::string(collection), std::move(*record)};
}

/// Header, collection's line and last line of an export.
bool is_frame_of_an_export(const Value& json) {
    return json.member("homespun_export") != nullptr || json.boolean("end") != nullptr ||
           (json.string("collection") != nullptr && json.member("id") == nullptr);
}

base::json::Writer begin(std::string& line, const PlacedRecord& placed) {
    base::json::Writer writer(line);
    writer.begin_object()
        .member("collection", std::string_view(placed.collection))
        .member("id", std::string_view(placed.record.id));
    if (placed.record.modified) writer.key("modified").raw(seconds_text(*placed.record.modified));
    if (placed.record.sortindex) writer.member("sortindex", *placed.record.sortindex);
    return writer;
}

}  // namespace

base::Result<std::vector<PlacedRecord>> placed_records(const Value& json, std::string_view collection) {
    std::vector<PlacedRecord> all;
    if (json.object() != nullptr && is_frame_of_an_export(json)) return all;
    const auto add = [&](const Value& one) -> base::Result<void> {
        auto record = placed_record(one, collection);
        if (!record) return std::unexpected(record.error());
        all.push_back(std::move(*record));
        return {};
    };
    if (json.array() == nullptr) {
        if (auto added = add(json); !added) return std::unexpected(added.error());
        return all;
    }
    for (const auto& one : *json.array()) {
        if (auto added = add(one); !added) return std::unexpected(added.error());
    }
    return all;
}

std::string stored_line(const PlacedRecord& placed) {
    std::string line;
    begin(line, placed).member("payload", std::string_view(placed.record.payload)).end_object();
    return line;
}

std::string opened_line(const PlacedRecord& placed, std::string_view record) {
    std::string line;
    begin(line, placed).key("record").raw(record).end_object();
    return line;
}

}  // namespace homespun::sync::client
