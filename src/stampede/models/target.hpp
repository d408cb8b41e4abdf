#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace homespun::stampede {

/// What a model is run against: `http://host:port/path`, for Sync with `#secret` behind it.
struct Target {
    std::string host;  ///< an IPv6 literal keeps its brackets
    std::uint16_t port = 80;
    std::string path;    ///< "" or "/…", without a slash at the end
    std::string secret;  ///< behind '#', may be empty

    /// The error says what is wrong with the text.
    static base::Result<Target> parse(std::string_view url);
    /// The Host header.
    [[nodiscard]] std::string authority() const;
    /// `http://host:port`
    [[nodiscard]] std::string root() const;
    /// Without the secret: fit for reports.
    [[nodiscard]] std::string text() const { return root() + path; }
};

}  // namespace homespun::stampede
