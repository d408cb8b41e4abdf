#include "sync/auth/security_event.hpp"

#include <utility>

namespace homespun::sync::auth {

base::cef::Event security_event(const net::http::Request& request, std::string name, int severity,
                                std::string signature, std::string user) {
    const auto header = [&](const char* its) { return std::string(request.headers.find(its).value_or("")); };
    return {.name = std::move(name),
            .severity = severity,
            .signature = std::move(signature),
            .user_agent = header("User-Agent"),
            .method = request.method,
            .path = std::string(request.path()),
            .source = request.remote,
            .host = header("Host"),
            .user = std::move(user)};
}

}  // namespace homespun::sync::auth
