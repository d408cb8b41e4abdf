#include "stampede/models/target.hpp"

#include <fmt/format.h>

#include "base/text.hpp"

namespace homespun::stampede {

base::Result<Target> Target::parse(std::string_view url) {
    const auto bad = [&](std::string_view why) {
        return base::fail(
            fmt::format("\"{}\" cannot be tested: {}; write it like http://127.0.0.1:5000/path", url, why));
    };
    constexpr std::string_view scheme = "http://";
    if (url.starts_with("https://")) return bad("https is not there yet");
    if (!url.starts_with(scheme)) return bad("it must begin with http://");
    Target target;
    const auto hash = url.find('#');
    if (hash != std::string_view::npos) target.secret = url.substr(hash + 1);
    auto rest = url.substr(0, hash).substr(scheme.size());
    const auto slash = rest.find('/');
    const auto authority = rest.substr(0, slash);
    if (slash != std::string_view::npos) target.path = rest.substr(slash);
    while (target.path.ends_with('/'))
        target.path.pop_back();
    if (target.path.find_first_of(" \r\n\t") != std::string::npos)
        return bad("blanks in the path must be written %20");
    if (authority.contains('@')) return bad("a name and password in the URL are not sent");
    const auto bracket = authority.rfind(']');
    const auto colon = authority.rfind(':');
    const bool has_port =
        colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket);
    target.host = authority.substr(0, has_port ? colon : authority.size());
    if (target.host.empty()) return bad("the host is missing");
    if (!has_port) return target;
    const auto port = base::parse_integer<std::uint16_t>(authority.substr(colon + 1));
    if (!port || *port == 0) return bad("the port must be a number from 1 to 65535");
    target.port = *port;
    return target;
}

std::string Target::authority() const {
    return port == 80 ? host : fmt::format("{}:{}", host, port);
}

std::string Target::root() const {
    return "http://" + authority();
}

}  // namespace homespun::stampede
