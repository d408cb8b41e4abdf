#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "barrel/rbr/ast.hpp"

namespace homespun::barrel::rbr {

/// One thing that is wrong in a file, with all that is needed to show it. A value; owns its texts.
struct Diagnostic {
    std::string file;
    Position at;
    std::string message;   ///< What is wrong, in one sentence.
    std::string found;     ///< The offending text as written; may be empty.
    std::string expected;  ///< What would have been right; may be empty.
    std::string hint;      ///< How to repair a known trap; may be empty.
    std::string excerpt;   ///< The line of the source, cut to a window around the place when it is very long.
    std::string padding;   ///< What stands below the excerpt before the caret (keeps tabs).

    /// The form for people: `file:line:column: error: …`, the line, a caret, what was expected, the hint.
    /// Ends with a line feed.
    [[nodiscard]] std::string render() const;
    /// `file:line:column: message`
    [[nodiscard]] std::string summary() const;
};

using Diagnostics = std::vector<Diagnostic>;

/// Makes a diagnostic about a place of `source`, with the excerpt filled in.
[[nodiscard]] Diagnostic diagnose(std::string_view file, std::string_view source, Position at,
                                  std::string message);
[[nodiscard]] inline Diagnostic diagnose(const File& file, Position at, std::string message) {
    return diagnose(file.source.name, file.source.text, at, std::move(message));
}

/// All of them, rendered one after the other.
[[nodiscard]] std::string render(const Diagnostics& diagnostics);

/// The candidate that is most probably meant by `word`, or an empty view.
[[nodiscard]] std::string_view nearest(std::string_view word,
                                       const std::vector<std::string_view>& candidates);

}  // namespace homespun::barrel::rbr
