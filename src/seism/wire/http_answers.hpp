#pragma once
#include <string>
#include <string_view>

#include "seism/wire/conversation.hpp"

/// What clients are told over HTTP when a fault meets them.
namespace homespun::seism::wire::http {

struct Answer {
    std::string head, body;
    bool closes = false;  ///< the connection cannot go on behind it
};

/// The answer that a fault makes up. `to_head`: of a HEAD request. `close`: it says that the connection ends.
[[nodiscard]] Answer made_up(const Fault& fault, bool to_head, bool close);

/// Whether the kind changes the server's own answer, or the request, instead of making one up.
[[nodiscard]] bool alters(const Fault& fault);
[[nodiscard]] bool alters_request(const Fault& fault);
/// Whether the real body is replaced, too.
[[nodiscard]] bool replaces_body(const Fault& fault);
[[nodiscard]] std::string_view body_instead(const Fault& fault);

/// The heads as such a fault changes them; a replaced body's length is in it already. `had_body` is false for
/// 204 and 304.
[[nodiscard]] std::string altered_request(std::string_view head, const Fault& fault);
[[nodiscard]] std::string altered_response(std::string_view head, const Fault& fault, bool had_body);

}  // namespace homespun::seism::wire::http
