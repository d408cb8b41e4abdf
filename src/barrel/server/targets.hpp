#pragma once

#include <string>

#include "barrel/server/assets.hpp"
#include "barrel/server/natives.hpp"

namespace homespun::barrel {

/// The handlers behind `file:`, `directory:` and `echo`. `assets` must outlive them.

/// Serves one asset with Content-Type and ETag. `conditional`: answers If-None-Match itself; otherwise
/// whoever changes the body does.
[[nodiscard]] Handler serve_file(const Assets& assets, std::string name, bool conditional);
/// Serves the asset that the last placeholder names, below `directory`. Unknown and unsafe names: 404.
[[nodiscard]] Handler serve_directory(const Assets& assets, std::string directory, bool conditional);
/// Shows the request as text, without Authorization and cookies.
[[nodiscard]] Handler echo();

/// Turns a 200 into a 304 when the client has these bytes already; sets the ETag. Other answers stay as they
/// are.
void make_conditional(const net::http::Request& request, net::http::Response& response,
                      const std::string& etag);

}  // namespace homespun::barrel
