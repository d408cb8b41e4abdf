#pragma once
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "sync/store/weave_store.hpp"

namespace homespun::sync::weave {

/// Decimal seconds, rounded half-even to hundredths on the text (sheet sync-legacy, 1.4): 1.005
/// is 1.00, 1.015 is 1.02. Nothing for what is no decimal number, or beyond 99,999,999,999 seconds either
/// way.
std::optional<store::Timestamp> parse_time(std::string_view text);

/// The query of a GET or DELETE of a collection (sheet, 4.4). The error says which argument is wrong.
std::expected<store::WeaveQuery, std::string> parse_query(std::string_view query);

/// How several values are written (sheet, 4.8).
enum class Format {
    json,
    newlines,  ///< one value a line
    whoisi,    ///< four bytes of length, the most significant first, and the value
};
std::string_view content_type(Format format);
/// What the Accept header, if any, wants. Never a refusal: what is not understood is JSON.
Format negotiate(std::optional<std::string_view> accept);

/// Puts values one after another, each of them JSON text.
class ListWriter {
  public:
    explicit ListWriter(Format format) : format_(format), text_(format == Format::json ? "[" : "") {}
    void add(std::string_view json);
    std::string finish();

  private:
    Format format_;
    bool first_ = true;
    std::string text_;
};

}  // namespace homespun::sync::weave
