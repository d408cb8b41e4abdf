#include "sync/ops/export_format.hpp"

#include <fmt/format.h>

#include "base/encoding.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "sync/ops/manifest.hpp"
#include "sync/protocol/bso.hpp"

namespace homespun::sync::ops {
namespace {

using base::json::Value;

base::Result<std::string> payload_of(const Value& json) {
    const auto* text = json.string("payload");
    const auto* encoded = json.string("payload_base64");
    if ((text == nullptr) == (encoded == nullptr))
        return base::fail("it must have \"payload\" or \"payload_base64\", one of them, a text");
    std::string payload;
    if (text != nullptr) {
        payload = *text;
    } else {
        auto decoded = base::base64_decode(*encoded, base::Base64::standard);
        if (!decoded) return base::fail("\"payload_base64\" is no base64");
        payload = std::move(*decoded);
    }
    if (payload.size() > most_payload_bytes)
        return base::fail(
            fmt::format("the payload has {} bytes, more than {}", payload.size(), most_payload_bytes));
    return payload;
}

/// A whole number, when the member is there.
base::Result<std::optional<std::int64_t>> number_of(const Value& json, const char* name, std::int64_t least,
                                                    std::int64_t most) {
    const auto* value = json.member(name);
    if (value == nullptr) return std::nullopt;
    if (value->integer() == nullptr || *value->integer() < least || *value->integer() > most)
        return base::fail(fmt::format("\"{}\" must be a whole number from {} to {}", name, least, most));
    return *value->integer();
}

base::Result<RecordRead> record_of(const Value& json) {
    constexpr std::int64_t most_sortindex = 999'999'999;
    constexpr std::int64_t most_ttl = 999'999'999;
    const auto* collection = json.string("collection");
    const auto* id = json.string("id");
    if (collection == nullptr || !protocol::valid_collection_name(*collection))
        return base::fail("\"collection\" is no name of a collection");
    if (id == nullptr || !protocol::valid_record_id(*id)) return base::fail("\"id\" is no id of a record");
    auto payload = payload_of(json);
    if (!payload) return std::unexpected(payload.error());
    const auto sortindex = number_of(json, "sortindex", -most_sortindex, most_sortindex);
    if (!sortindex) return std::unexpected(sortindex.error());
    const auto ttl = number_of(json, "ttl", 0, most_ttl);
    if (!ttl) return std::unexpected(ttl.error());
    return RecordRead{*collection, {*id, std::move(*payload), *sortindex, *ttl}};
}

base::Result<ExportLine> header_of(const Value& json) {
    const auto* format = json.integer("homespun_export");
    if (format == nullptr)
        return base::fail("this is no export of homespun: its first line has no \"homespun_export\"");
    if (*format > export_format || *format < 1) {
        return base::fail(fmt::format(
            "the export has format {}, this program knows formats up to {}: import it with the newer "
            "version that made it",
            *format, export_format));
    }
    ExportHeader header;
    if (const auto* uid = json.integer("uid")) header.uid = static_cast<store::UserId>(*uid);
    if (const auto* email = json.string("email")) header.email = *email;
    if (const auto* made = json.integer("made_at_ms")) header.made_at_ms = *made;
    if (const auto* program = json.string("program")) header.program = *program;
    return header;
}

}  // namespace

std::string header_line(const ExportHeader& header) {
    std::string text;
    base::json::Writer(text)
        .begin_object()
        .member("homespun_export", export_format)
        .member("uid", static_cast<std::int64_t>(header.uid))
        .member("email", std::string_view(header.email))
        .member("made_at", std::string_view(utc_text(header.made_at_ms)))
        .member("made_at_ms", header.made_at_ms)
        .member("program", std::string_view(header.program))
        .end_object();
    return text += '\n';
}

std::string collection_line(std::string_view name, store::Timestamp modified) {
    std::string text;
    base::json::Writer(text)
        .begin_object()
        .member("collection", name)
        .key("modified")
        .raw(modified.text())
        .end_object();
    return text += '\n';
}

std::string record_line(std::string_view collection, const store::sqlite::StoredRecord& record) {
    std::string text;
    base::json::Writer writer(text);
    writer.begin_object().member("collection", collection).member("id", record.id);
    writer.key("modified").raw(record.modified.text());
    if (record.sortindex) writer.member("sortindex", *record.sortindex);
    if (record.ttl_s) writer.member("ttl", *record.ttl_s);
    // What came as JSON is UTF-8; other bytes would make the line unreadable.
    if (base::is_utf8(record.payload))
        writer.member("payload", record.payload);
    else
        writer.member("payload_base64",
                      std::string_view(base::base64_encode(record.payload, base::Base64::standard)));
    writer.end_object();
    return text += '\n';
}

std::string end_line(std::uint64_t collections, std::uint64_t records) {
    std::string text;
    base::json::Writer(text)
        .begin_object()
        .member("end", true)
        .member("collections", collections)
        .member("records", records)
        .end_object();
    return text += '\n';
}

base::Result<RecordRead> parse_record_line(std::string_view line) {
    const auto json = base::json::parse(line);
    if (!json) return base::fail("it is no JSON: " + json.error().message);
    return record_of(*json);
}

base::Result<ExportLine> ExportReader::read(std::string_view line) {
    ++line_;
    auto understood = understand(line);
    if (!understood) return base::fail(fmt::format("line {}: {}", line_, understood.error().message));
    return understood;
}

base::Result<ExportLine> ExportReader::understand(std::string_view line) {
    if (ended_) return base::fail("there is something behind the last line");
    if (line.size() > most_line_bytes) return base::fail("it is longer than a record can be");
    auto json = base::json::parse(line);
    if (!json) return base::fail("it is no JSON: " + json.error().message);
    if (!has_header_) {
        has_header_ = true;
        return header_of(*json);
    }
    if (json->member("end") != nullptr) {
        const auto* collections = json->integer("collections");
        const auto* records = json->integer("records");
        if (collections == nullptr || records == nullptr ||
            static_cast<std::uint64_t>(*collections) != collections_ ||
            static_cast<std::uint64_t>(*records) != records_) {
            return base::fail(fmt::format("the sums are wrong: {} collections and {} records came before",
                                          collections_, records_));
        }
        ended_ = true;
        return ExportEnds{};
    }
    if (json->member("id") == nullptr) {
        auto* name = json->string("collection");
        if (name == nullptr || !protocol::valid_collection_name(*name))
            return base::fail("\"collection\" is no name of a collection");
        return begin_collection(*name);
    }
    auto record = record_of(*json);
    if (!record) return std::unexpected(record.error());
    return take_record(std::move(*record));
}

base::Result<ExportLine> ExportReader::begin_collection(std::string name) {
    if (collection_ && name <= *collection_) {
        return base::fail(fmt::format("collection {} comes behind {}: they must rise by name, each once",
                                      name, *collection_));
    }
    ++collections_;
    collection_ = name;
    last_id_.reset();
    return CollectionBegins{std::move(name)};
}

base::Result<ExportLine> ExportReader::take_record(RecordRead record) {
    if (record.collection != collection_) {
        return base::fail(
            fmt::format("a record of {} must stand behind that collection's own line", record.collection));
    }
    if (last_id_ && record.update.id <= *last_id_) {
        return base::fail(fmt::format("record \"{}\" comes behind \"{}\": they must rise by id, each once",
                                      record.update.id, *last_id_));
    }
    last_id_ = record.update.id;
    ++records_;
    return record;
}

base::Result<void> ExportReader::finish() const {
    if (ended_) return {};
    return base::fail(
        fmt::format("the export was cut off: it ends after line {} without its last line", line_));
}

}  // namespace homespun::sync::ops
