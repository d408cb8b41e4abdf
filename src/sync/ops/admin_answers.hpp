#pragma once
#include <string>
#include <string_view>

#include "base/json.hpp"
#include "net/http/message.hpp"

/// What the services behind the admin channel answer with.
namespace homespun::sync::ops {

inline net::http::Response json_response(std::string body) {
    return net::http::Response(200, "application/json", std::move(body));
}

/// `message` is for the operator: what was wrong and what to do.
inline net::http::Response refusal(int status, std::string_view message) {
    std::string body;
    base::json::Writer(body).begin_object().member("error", message).end_object();
    return net::http::Response(status, "application/json", std::move(body));
}

}  // namespace homespun::sync::ops
