#pragma once

#include <expected>
#include <memory>
#include <string>
#include <string_view>

namespace re2 {
class RE2;
}

namespace homespun::barrel::rbr {

/// A compiled regular expression over one whole segment. Linear time on any input. Immutable, so any number
/// of threads may match.
class Pattern {
  public:
    /// The error is RE2's own text.
    [[nodiscard]] static std::expected<Pattern, std::string> compile(std::string_view expression);

    Pattern(Pattern&&) noexcept;
    Pattern& operator=(Pattern&&) noexcept;
    ~Pattern();

    [[nodiscard]] bool matches(std::string_view text) const;

  private:
    explicit Pattern(std::unique_ptr<re2::RE2> expression);

    std::unique_ptr<re2::RE2> expression_;
};

}  // namespace homespun::barrel::rbr
