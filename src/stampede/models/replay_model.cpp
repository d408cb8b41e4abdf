#include "stampede/models/replay_model.hpp"

#include <algorithm>

namespace homespun::stampede {

using std::chrono::microseconds;

base::Result<std::unique_ptr<ReplayModel>> ReplayModel::make(std::shared_ptr<const ReplayLog> log,
                                                             const Target& target,
                                                             const ReplaySettings& settings) {
    if (log->requests() == 0) {
        const auto why = log->skipped().text();
        return base::fail("there is no request to replay" + (why.empty() ? "" : ": " + why));
    }
    if (log->sync() && target.path.empty()) {
        return base::fail(
            "the URL lacks what stands before the user's number: /storage/1.5 here, /1.5 elsewhere");
    }
    if (!(settings.scale > 0)) return base::fail("the scale must be above 0");
    return std::unique_ptr<ReplayModel>(new ReplayModel(std::move(log), target, settings));
}

ReplayModel::ReplayModel(std::shared_ptr<const ReplayLog> log, const Target& target,
                         const ReplaySettings& settings)
    : log_(std::move(log)), settings_(settings), writer_(target) {
    const auto& names = sync_type_names();
    for (const auto& type : log_->types()) {
        const auto found = std::ranges::find(names, type);
        sync_types_.push_back(log_->sync() && found != names.end()
                                  ? std::optional(static_cast<SyncType>(found - names.begin()))
                                  : std::nullopt);
    }
}

std::vector<std::pair<std::string, double>> ReplayModel::mix() const {
    std::vector<std::pair<std::string, double>> mix;
    const auto all = static_cast<double>(log_->requests());
    for (std::size_t type = 0; type < log_->types().size(); ++type)
        mix.emplace_back(log_->types()[type], static_cast<double>(log_->type_counts()[type]) / all);
    return mix;
}

double ReplayModel::requests_per_session() const {
    return static_cast<double>(log_->requests()) / static_cast<double>(log_->users());
}

std::unique_ptr<Session> ReplayModel::make_session() const {
    return std::make_unique<ReplaySession>(*this);
}

microseconds ReplayModel::duration(std::int64_t offset_ms, double scale) {
    constexpr double us_per_ms = 1000;
    return head_start +
           microseconds(static_cast<std::int64_t>(static_cast<double>(offset_ms) * us_per_ms / scale));
}

microseconds ReplayModel::passed() const {
    const auto now =
        std::chrono::duration_cast<microseconds>(std::chrono::steady_clock::now().time_since_epoch()).count();
    std::int64_t start = 0;
    // The first of all users sets the start; the others find it in `start`.
    if (start_us_.compare_exchange_strong(start, now, std::memory_order_relaxed)) start = now;
    return microseconds(now - start);
}

}  // namespace homespun::stampede
