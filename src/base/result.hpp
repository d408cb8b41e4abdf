#pragma once
#include <expected>
#include <string>
#include <utility>

namespace homespun::base {

/// A failure told to a person: what was wrong, where, and what to do about it. One line, no trailing dot
/// needed.
struct Error {
    std::string message;
};

template <class T, class E = Error>
using Result = std::expected<T, E>;

/// Shorthand for returning a failure from a function whose result is `Result<T>`.
inline std::unexpected<Error> fail(std::string message) {
    return std::unexpected(Error{std::move(message)});
}

}  // namespace homespun::base
