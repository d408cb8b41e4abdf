#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "net/http/message.hpp"

namespace homespun::net::http {

/// "Sat, 21 Nov 2026 03:42:15 GMT" (RFC 9110, 5.6.7).
std::string format_date(std::int64_t unix_seconds);

/// The Date text of the current second; one per loop, not thread-safe.
class CachedDate {
  public:
    std::string_view at(std::int64_t unix_seconds);

  private:
    std::int64_t second_ = -1;
    std::string text_;
};

struct HeadFacts {
    std::string_view date;
    int version_minor = 1;  ///< of the request
    bool keep_alive = true;
    bool chunked = false;
    std::optional<std::uint64_t> content_length;  ///< absent: chunked, until close, or no body at all
};

/// Appends status line and header fields, the empty line included. Header values must not hold CR or LF: such
/// a field is left out (nothing of a request may split a response).
void write_head(std::string& out, const Response& response, const HeadFacts& facts);

/// True for answers that never carry a body: 1xx, 204, 304.
bool is_bodiless(int status);

}  // namespace homespun::net::http
