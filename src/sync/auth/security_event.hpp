#pragma once
#include <string>

#include "base/cef.hpp"
#include "net/http/message.hpp"

namespace homespun::sync::auth {

/// An event about `request` for the security log. Its path goes without the query, which may hold secrets.
/// Pure.
base::cef::Event security_event(const net::http::Request& request, std::string name, int severity,
                                std::string signature, std::string user = {});

}  // namespace homespun::sync::auth
