#pragma once
#include <cstddef>
#include <string>
#include <string_view>

namespace homespun::report {

/// Text for between tags and in quoted attributes of HTML, SVG and XML: & < > " ' become references, bad
/// UTF-8 becomes U+FFFD, characters that XML forbids are removed (tab and line ends stay).
[[nodiscard]] std::string escape(std::string_view text);

/// About how wide `text` is in a proportional sans-serif, for a font size of 1. Generous rather than short.
[[nodiscard]] double text_width(std::string_view text);

/// `text`, or its beginning with an ellipsis, so that it is at most `width` wide at `font_size`; empty when
/// not even three letters fit.
[[nodiscard]] std::string shortened(std::string_view text, double width, double font_size);

}  // namespace homespun::report
