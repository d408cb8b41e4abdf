#pragma once

#include <string_view>

namespace homespun::barrel {

/// Whether a value is of one of RBR's built-in types. An unknown name is no type of anything.
[[nodiscard]] bool is_of_type(std::string_view type, std::string_view value);

}  // namespace homespun::barrel
