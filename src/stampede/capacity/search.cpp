#include "stampede/capacity/search.hpp"

#include <algorithm>
#include <cmath>

namespace homespun::stampede {
namespace {

/// Below this nothing is worth a search: one session in a hundred seconds.
constexpr double least_load = 0.01;

}  // namespace

std::optional<Search::Step> Search::next() const {
    if (good_ > 0 && bad_ > 0) {
        if (bad_ <= good_ * (1 + settings_.precision)) return std::nullopt;
        return Step{Purpose::bisect, next_};
    }
    if (bad_ > 0 && next_ < least_load) return std::nullopt;
    if (good_ >= settings_.highest) return std::nullopt;
    return Step{Purpose::climb, next_};
}

void Search::tell(bool good) {
    if (good) {
        // A bad step below a good one was bad luck of one of them: the higher one that held counts.
        good_ = std::max(good_, next_);
        if (bad_ > 0 && bad_ <= good_) bad_ = 0;
    } else {
        bad_ = bad_ > 0 ? std::min(bad_, next_) : next_;
        if (good_ >= bad_) good_ = 0;
    }
    if (good_ > 0 && bad_ > 0) {
        next_ = std::sqrt(good_ * bad_);
    } else if (good_ > 0) {
        next_ = std::min(good_ * settings_.factor, settings_.highest);
    } else {
        next_ = bad_ / (settings_.factor * settings_.factor);
    }
}

}  // namespace homespun::stampede
