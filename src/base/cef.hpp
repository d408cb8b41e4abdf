#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace homespun::base::cef {

/// Who reports: the fields of the line's head that are the same in every line.
struct Device {
    std::string vendor = "mozilla";
    std::string product = "weave";
    std::string device_version = "1.3";
    int version = 0;  ///< of the format
};

/// Something of interest to whoever watches over security (sheet sync-legacy, 10.4).
struct Event {
    std::string name = {};       ///< "User Authentication Failed"
    int severity = 5;            ///< 0 to 10
    std::string signature = {};  ///< "AuthFail"; empty: the name

    // Of the request, as it was sent; what is empty becomes "none".
    std::string user_agent = {}, method = {}, path = {}, source = {}, host = {};
    std::string user = {};  ///< suser; left out when empty

    /// Further facts. In a key everything but letters, digits, `_`, `.`, `-` becomes `?`. Shortest values
    /// first, as long as the line is not longer than `max_line`; what does not fit is dropped.
    std::vector<std::pair<std::string, std::string>> extensions = {};
};

constexpr std::size_t max_line = 1024;  ///< bytes

struct Line {
    std::string text;         ///< without the final newline; never holds one, nor any other control character
    std::size_t dropped = 0;  ///< extensions that did not fit
};

/// `Nov 21 03:42:15 host CEF:0|mozilla|weave|1.3|AuthFail|User Authentication Failed|5|cs1Label=…`. The
/// time is UTC. Newlines are written as `\n` in every field, other control characters as `?`. A field of the
/// request is cut so that the line never gets longer than `max_line`.
Line format(const Device& device, std::int64_t now_ms, std::string_view host_name, const Event& event);

/// Takes events. Thread-safe.
class Sink {
  public:
    virtual ~Sink() = default;
    virtual void write(const Event& event) = 0;
};

/// Drops everything: what counts when nothing is configured.
class NullSink final : public Sink {
  public:
    void write(const Event&) override {}
};

}  // namespace homespun::base::cef
