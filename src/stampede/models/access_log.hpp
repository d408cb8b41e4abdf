#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace homespun::stampede {

/// One request as a server logged it.
struct AccessLine {
    std::int64_t time_ms =
        0;               ///< since 1970, as logged: when the answer was ready (ours), or as the server says
    std::string method;  ///< capital letters
    std::string target;  ///< path and query, begins with '/'; visible ASCII, what was not is %XX
    int status = 0;      ///< 100 to 599
    std::optional<std::uint64_t> answer_bytes;  ///< of the answer's body
    std::optional<std::uint64_t>
        body_bytes;    ///< of the request's body; the common log formats do not know it
    std::string user;  ///< who signed in, else the peer's address; empty when neither is known. Visible ASCII
};

/// Reads one line: Apache's and nginx's common or combined format, or a line of `homespun serve` with every
/// request logged (key=value or JSON; a field `bytes` is the request's body for POST, PUT and PATCH, else the
/// answer's). Nothing for every other line. The line's end may be there.
std::optional<AccessLine> parse_access_line(std::string_view line);

/// Longer lines are passed over.
constexpr std::size_t longest_access_line = std::size_t{64} * 1024;

/// What a log was made of.
struct LogLines {
    std::uint64_t requests = 0;
    std::uint64_t others =
        0;  ///< lines that are no request, or none that is understood; empty ones not counted
};

/// Hands every request of a file to `take`, in the file's order; "-" is the standard input. The error names
/// the file.
base::Result<LogLines> read_access_log(const std::string& path,
                                       const std::function<void(const AccessLine&)>& take);

}  // namespace homespun::stampede
