#include "seism/monkey/schedule.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <set>

namespace homespun::seism {
namespace {

using std::chrono::milliseconds;

/// Those of one back.
std::vector<const Perturbation*> perturbations_of(const Experiment& experiment, std::size_t back) {
    std::vector<const Perturbation*> found;
    for (const auto& each : experiment.perturbations) {
        if (each.back == back) found.push_back(&each);
    }
    return found;
}

}  // namespace

std::string MonkeyEvent::text() const {
    std::string text;
    for (const auto& each : perturbations)
        text += fmt::format("{}{} for {}", text.empty() ? "" : ", ", each.name, duration_text(each.time));
    return text;
}

MonkeySchedule::MonkeySchedule(const Experiment& experiment)
    : experiment_(experiment), dice_(Dice(experiment.seed).of("monkey")) {}

MonkeyEvent MonkeySchedule::next() {
    const auto& plan = experiment_.monkey;
    ++number_;
    const double share = dice_.of("gap").between(number_, 0.5, 1.5);
    at_ += milliseconds(static_cast<std::int64_t>(share * static_cast<double>(plan.every.count())));
    MonkeyEvent event{.number = number_, .at = at_};
    std::set<std::size_t> backs;
    for (const auto& each : experiment_.perturbations)
        backs.insert(each.back);
    std::vector<std::size_t> chosen(backs.begin(), backs.end());
    const auto dice_of = [&](std::size_t back) { return dice_.of(experiment_.backs[back].name); };
    std::ranges::sort(chosen, {}, [&](std::size_t back) { return dice_of(back).of("turn").bits(number_); });
    const auto most = std::min(chosen.size(), static_cast<std::size_t>(plan.at_once));
    chosen.resize(1 + dice_.of("how many").bits(number_) % most);
    std::ranges::sort(chosen);
    for (const auto back : chosen) {
        const auto known = perturbations_of(experiment_, back);
        event.perturbations.push_back(*known[dice_of(back).of("what").bits(number_) % known.size()]);
        event.perturbations.back().cycles = 1;
    }
    return event;
}

bool is_quiet(const MonkeyPlan& plan, std::chrono::system_clock::time_point when) {
    const auto seconds = std::chrono::system_clock::to_time_t(when);
    std::tm local{};
    ::localtime_r(&seconds, &local);
    const int minute = local.tm_hour * 60 + local.tm_min;
    return std::ranges::any_of(plan.quiet, [&](const QuietHours& hours) {
        if (hours.from <= hours.until) return hours.from <= minute && minute < hours.until;
        return minute >= hours.from || minute < hours.until;  // over midnight
    });
}

}  // namespace homespun::seism
