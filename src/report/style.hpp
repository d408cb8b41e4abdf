#pragma once
#include <string_view>

namespace homespun::report {

/// The style sheet of a page: light and dark, print, phones.
[[nodiscard]] std::string_view style_sheet();

}  // namespace homespun::report
