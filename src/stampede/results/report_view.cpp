#include "stampede/results/report_view.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "stampede/results/report_numbers.hpp"

namespace homespun::stampede {
namespace {

bool is_aside(const Level& level) {
    return level.purpose == Purpose::warm_up || level.purpose == Purpose::recover;
}

bool is_same_load(double a, double b) {
    return std::abs(a - b) <= 1e-9 * std::abs(b);
}

}  // namespace

ReportView::ReportView(const Run& run) : run_(run) {
    for (std::size_t i = 0; i < run.levels.size(); ++i) {
        const auto& level = run.levels[i];
        (is_aside(level) ? aside_ : counted_).push_back({&level, i + 1, level.counts.all()});
    }
    double requests = 0, sessions = 0;
    for (const auto& seen : counted_) {
        const auto& level = *seen.level;
        if (level.purpose == Purpose::push) push_ = &seen;
        if (!level.good) continue;
        requests += static_cast<double>(seen.all.total());
        sessions += static_cast<double>(level.counts.sessions_started);
        if (run.capacity && is_same_load(level.load, run.capacity->sessions_per_s)) limit_ = &seen;
    }
    if (sessions > 0) requests_per_session_ = requests / sessions;
    for (const auto& seen : counted_) {
        const auto& level = *seen.level;
        if (level.good || level.purpose == Purpose::push) continue;
        if (limit_ != nullptr && level.load <= limit_->level->load) continue;
        if (first_bad_ == nullptr || level.load < first_bad_->level->load) first_bad_ = &seen;
    }
}

std::vector<const SeenLevel*> ReportView::by_load() const {
    std::vector<const SeenLevel*> sorted;
    for (const auto& seen : counted_) {
        if (std::isfinite(seen.level->load)) sorted.push_back(&seen);
    }
    std::ranges::sort(sorted, {},
                      [](const SeenLevel* seen) { return std::pair(seen->level->load, seen->number); });
    return sorted;
}

bool ReportView::has_loads() const {
    const auto sorted = by_load();
    return sorted.size() > 1 && !is_same_load(sorted.front()->level->load, sorted.back()->level->load);
}

const SeenLevel* ReportView::shown() const {
    if (limit_ != nullptr) return limit_;
    return counted_.empty() ? nullptr : &counted_.back();
}

bool ReportView::has_unsettled() const {
    return std::ranges::any_of(counted_, [](const SeenLevel& seen) { return !seen.level->settled; });
}

std::string ReportView::load_words(double load) const {
    return rate_text(load) + " " + std::string(load_unit());
}

std::string ReportView::name_of(const Level& level) const {
    auto name = std::string(stampede::name_of(level.purpose)) + " " + rate_text(level.load);
    name += is_closed() ? " users" : "/s";
    return level.settled ? name : name + " *";
}

std::string ReportView::type_name(std::size_t type) const {
    return type < run_.types.size() ? run_.types[type] : "type " + std::to_string(type + 1);
}

std::vector<const Sample*> samples_of(const Run& run, const Level& level) {
    // A second may end a little late.
    constexpr double late_s = 0.5;
    std::vector<const Sample*> found;
    for (const auto& sample : run.samples) {
        if (sample.at_s > level.start_s && sample.at_s <= level.start_s + level.seconds + late_s)
            found.push_back(&sample);
    }
    return found;
}

const Level* level_at(const Run& run, double at_s) {
    for (const auto& level : run.levels) {
        if (at_s >= level.start_s && at_s <= level.start_s + level.seconds) return &level;
    }
    return nullptr;
}

std::optional<double> quantile_ms(const Tally& tally, const base::Histogram& times, double share) {
    if (tally.good == 0) return std::nullopt;
    const double of_good = share * static_cast<double>(tally.total()) / static_cast<double>(tally.good);
    if (of_good > 1) return std::nullopt;
    return static_cast<double>(times.quantile(of_good)) / 1000;
}

bool shows(const Tally& tally, double share) {
    return static_cast<double>(tally.total()) * (1 - share) >= 1 - 1e-6;
}

}  // namespace homespun::stampede
