#pragma once
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "stampede/results/run.hpp"

namespace homespun::stampede {

/// A level with all its types in one.
struct SeenLevel {
    const Level* level = nullptr;
    std::size_t number = 0;  ///< from 1, as in levels.csv
    Tally all = {};
};

/// What the parts of a report look at, worked out once. The run must outlive it.
class ReportView {
  public:
    explicit ReportView(const Run& run);
    ReportView(const ReportView&) = delete;
    ReportView& operator=(const ReportView&) = delete;

    [[nodiscard]] const Run& run() const { return run_; }
    /// In their order, those that figures come from: not the warm-up, not the recovery.
    [[nodiscard]] const std::vector<SeenLevel>& counted() const { return counted_; }
    /// The others.
    [[nodiscard]] const std::vector<SeenLevel>& aside() const { return aside_; }
    /// Counted ones by rising load.
    [[nodiscard]] std::vector<const SeenLevel*> by_load() const;
    /// More than one load was counted.
    [[nodiscard]] bool has_loads() const;

    /// The last one at the limit that `capacity` found; may be null.
    [[nodiscard]] const SeenLevel* limit() const { return limit_; }
    /// That, or the last counted one; null when nothing was counted.
    [[nodiscard]] const SeenLevel* shown() const;
    /// The lowest load above the limit that did not hold, the push aside; may be null.
    [[nodiscard]] const SeenLevel* first_bad() const { return first_bad_; }
    [[nodiscard]] const SeenLevel* push() const { return push_; }
    [[nodiscard]] bool has_unsettled() const;

    /// Users who rest between sessions, instead of sessions that begin whatever the server does.
    [[nodiscard]] bool is_closed() const { return run_.arrivals == "closed"; }
    /// "sessions/s" or "users".
    [[nodiscard]] std::string_view load_unit() const { return is_closed() ? "users" : "sessions/s"; }
    /// "495 sessions/s", "20 users".
    [[nodiscard]] std::string load_words(double load) const;
    /// "soak 495/s", "fixed 20 users"; an asterisk when its warm-up was not settled.
    [[nodiscard]] std::string name_of(const Level& level) const;
    /// Over the levels that held: failing sessions end early. 0 when not known.
    [[nodiscard]] double requests_per_session() const { return requests_per_session_; }
    [[nodiscard]] std::string type_name(std::size_t type) const;

  private:
    const Run& run_;
    std::vector<SeenLevel> counted_, aside_;
    const SeenLevel *limit_ = nullptr, *first_bad_ = nullptr, *push_ = nullptr;
    double requests_per_session_ = 0;
};

/// Of the seconds that a level counts.
std::vector<const Sample*> samples_of(const Run& run, const Level& level);
/// Which level that moment lies in; null between levels.
const Level* level_at(const Run& run, double at_s);

/// As Tally::quantile, of its other histograms: failed requests count as slower than any.
std::optional<double> quantile_ms(const Tally& tally, const base::Histogram& times, double share);
/// Whether so many requests were made that at least one is beyond the quantile.
bool shows(const Tally& tally, double share);

}  // namespace homespun::stampede
