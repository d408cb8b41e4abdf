#pragma once
#include <optional>
#include <string_view>

namespace homespun::sync::protocol {

/// What an Accept header thinks of a media type: the quality of its most specific entry for it, 0 when there
/// is none (RFC 9110, 12.5.1). A quality that is no number is 0.
double accept_quality(std::string_view header, std::string_view type);

/// The same, but only an entry that names the type itself counts, not a range; nothing when there is none.
std::optional<double> named_quality(std::string_view header, std::string_view type);

}  // namespace homespun::sync::protocol
