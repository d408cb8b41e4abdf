#pragma once
#include <map>
#include <string>
#include <string_view>

/// What docs/reasons.md says of each reason: each has a metric of its own, and a refusal that has nothing of
/// its own to say gets this as its hint. Immutable once made.
class ReasonTexts {
  public:
    /// Reads the tables of the page: rows `| `word`, `word` | meaning |`.
    explicit ReasonTexts(std::string_view page);
    /// Empty when the page does not have the reason.
    [[nodiscard]] std::string_view of(std::string_view reason) const;
    /// By reason.
    [[nodiscard]] const std::map<std::string, std::string, std::less<>>& all() const { return meanings_; }

  private:
    std::map<std::string, std::string, std::less<>> meanings_;
};
