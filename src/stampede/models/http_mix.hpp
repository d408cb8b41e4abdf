#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"

namespace homespun::stampede {

/// One kind of request of the plain HTTP model.
struct HttpRequest {
    double weight = 1;
    std::string name;  ///< of its type in reports; METHOD and path when the file gives none
    std::string method = "GET";
    std::string target = "/";  ///< path and query; `{user}` stands for the user's number, also in `body`
    std::vector<std::pair<std::string, std::string>> headers = {};
    std::string body = {};
    std::vector<int> expected = {};  ///< statuses that are well; empty: every 2xx and 3xx

    enum class BodyCheck : std::uint8_t { none, is, contains, size };
    BodyCheck check = BodyCheck::none;
    std::string check_text = {};
    std::uint64_t check_size = 0;
};

/// Reads a mix file (docs/stampede/files.md): a line `WEIGHT METHOD TARGET` for each request, indented lines
/// below it say more about it. The error names line and reason.
base::Result<std::vector<HttpRequest>> parse_http_mix(std::string_view text, std::string_view file_name);

/// The same requests as a file.
std::string http_mix_text(const std::vector<HttpRequest>& requests);

}  // namespace homespun::stampede
