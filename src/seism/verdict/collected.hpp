#pragma once
#include <algorithm>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "seism/verdict/rules.hpp"

namespace homespun::seism {

/// What a rule gathers: how often what was seen, how bad it is, and a few requests to look at.
class Collected {
  public:
    void add(Colour colour, const std::string& what, const Exchange& exchange) {
        worst_ = std::max(worst_, colour);
        auto& seen = seen_[{static_cast<int>(colour), what}];
        if (seen.times++ < most_evidence) seen.ids.push_back(exchange.id);
    }
    /// Told worst first; only what is as bad as the colour is shown as evidence.
    [[nodiscard]] Finding finding(std::string rule, std::string expected, std::string otherwise) const {
        Finding finding{.rule = std::move(rule), .colour = worst_, .expected = std::move(expected)};
        for (auto each = seen_.rbegin(); each != seen_.rend(); ++each) {
            const auto& [key, seen] = *each;
            if (!finding.observed.empty()) finding.observed += ", ";
            finding.observed += std::to_string(seen.times) + " x " + key.second;
            if (key.first == static_cast<int>(worst_) && worst_ != Colour::green)
                finding.evidence.insert(finding.evidence.end(), seen.ids.begin(), seen.ids.end());
        }
        if (finding.observed.empty()) finding.observed = std::move(otherwise);
        return finding;
    }

  private:
    static constexpr int most_evidence = 5;
    struct Seen {
        int times = 0;
        std::vector<std::uint64_t> ids;
    };
    Colour worst_ = Colour::green;
    std::map<std::pair<int, std::string>, Seen> seen_;
};

/// The answers that were there before the perturbation: an application that says 404 then may say it later.
class UsualAnswers {
  public:
    explicit UsualAnswers(const Trial& trial) {
        for (const auto& exchange : trial.exchanges) {
            if (exchange.phase == Phase::before && exchange.answered())
                usual_.emplace(exchange.method, exchange.path, exchange.status);
        }
    }
    [[nodiscard]] bool has(const Exchange& exchange) const {
        return usual_.contains({exchange.method, exchange.path, exchange.status});
    }
    /// A success, or what was usual.
    [[nodiscard]] bool fine(const Exchange& exchange) const {
        return exchange.outcome == Outcome::ok || (exchange.answered() && has(exchange));
    }

  private:
    std::set<std::tuple<std::string, std::string, int>> usual_;
};

}  // namespace homespun::seism
