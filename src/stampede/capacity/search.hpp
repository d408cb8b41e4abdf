#pragma once
#include <optional>

#include "stampede/results/run.hpp"

namespace homespun::stampede {

struct SearchSettings {
    double first = 10;        ///< where the staircase begins
    double factor = 1.5;      ///< between two steps of it
    double precision = 0.05;  ///< the limit is known when good and bad are this close
    double highest = 1e7;     ///< never asks for more
};

/// Looks for the highest load that holds: a staircase up to the first bad step (down from there when even
/// the first was bad), then bisection. Pure: says what to try and is told how it went.
class Search {
  public:
    explicit Search(const SearchSettings& settings) : settings_(settings), next_(settings.first) {}

    struct Step {
        Purpose purpose;
        double load;
    };
    /// The next load to try; nothing when the search is over.
    [[nodiscard]] std::optional<Step> next() const;
    /// How the last `next` went.
    void tell(bool good);
    /// The highest load that held, 0 when none did; the lowest that did not, 0 when all did.
    [[nodiscard]] double highest_good() const { return good_; }
    [[nodiscard]] double lowest_bad() const { return bad_; }

  private:
    SearchSettings settings_;
    double next_;
    double good_ = 0, bad_ = 0;
};

}  // namespace homespun::stampede
