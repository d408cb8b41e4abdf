#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "seism/wire/conversation.hpp"

namespace homespun::seism::wire::resp {

/// `LOADING Redis is loading the dataset in memory`: the line of an error without its `-` and line end.
[[nodiscard]] std::string error_line(const Fault& fault);

/// How a command says that there is nothing. `size` is the number of the command's words.
[[nodiscard]] std::string miss(std::string_view name, std::int64_t size, bool resp3);

}  // namespace homespun::seism::wire::resp
