#pragma once
#include <span>
#include <string>
#include <string_view>

namespace homespun::report {

/// One record of RFC 4180 with its CR LF. A field is quoted when it holds a comma, a quote or a line end, or
/// when it stands alone and is empty. Bytes pass unchanged.
[[nodiscard]] std::string csv_row(std::span<const std::string> fields);
/// The shortest text that reads back as the same number; empty for NaN and infinities.
[[nodiscard]] std::string csv_number(double value);

}  // namespace homespun::report
