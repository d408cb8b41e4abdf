#include "sync/ops/database_watch.hpp"

#include <chrono>

#include "sync/store/sqlite/database.hpp"

namespace homespun::sync::ops {
namespace {

constexpr std::int64_t trial_period_ms = 1000;
constexpr int patience_ms = 1000;  // with other programs that write

std::int64_t steady_ms() {
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

/// Writes the number of the format over itself: the smallest write that goes to the disk.
bool try_to_write(const std::string& path) {
    auto database = store::sqlite::Database::open(path, {.busy_timeout_ms = patience_ms});
    if (!database) return false;
    const auto format = database->user_version();
    return format && database->set_user_version(*format);
}

}  // namespace

base::Task<bool> DatabaseWatch::takes_writes(base::Executor& home) {
    if (!suspected_.load(std::memory_order_relaxed)) co_return true;
    const auto now = steady_ms();
    auto due = next_trial_ms_.load(std::memory_order_relaxed);
    if (now < due || !next_trial_ms_.compare_exchange_strong(due, now + trial_period_ms)) co_return false;
    auto trial = [this] { return try_to_write(path_); };
    const auto written = co_await pool_.run(home, std::move(trial));
    if (!written || !*written) co_return false;
    suspected_.store(false, std::memory_order_relaxed);
    co_return true;
}

}  // namespace homespun::sync::ops
