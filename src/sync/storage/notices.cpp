#include "sync/storage/notices.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace homespun::sync::storage {

std::int64_t backoff_for(double fullness) {
    constexpr double begins = 0.5;
    constexpr double longest_s = 600;
    if (fullness < begins) return 0;
    return 10 + static_cast<std::int64_t>((std::min(fullness, 1.0) - begins) / (1 - begins) * longest_s);
}

void Notices::set(NoticeBoard board) {
    const std::lock_guard lock(mutex_);
    quiet_ = board == NoticeBoard{};
    board_ = std::move(board);
}

NoticeBoard Notices::get() const {
    const std::lock_guard lock(mutex_);
    return board_;
}

/// Up to a twentieth more, and at least up to five seconds (sheet, 14).
std::int64_t Notices::spread(std::int64_t seconds) {
    constexpr std::int64_t least_surplus = 5, share = 20;
    const auto range = static_cast<std::uint64_t>(std::max(seconds / share, least_surplus)) + 1;
    // Good enough to keep clients apart: the golden ratio's steps never meet early.
    const auto turn = turn_.fetch_add(0x9e3779b97f4a7c15, std::memory_order_relaxed);
    return seconds + static_cast<std::int64_t>((turn >> 32) % range);
}

void Notices::add_to(net::http::Response& response, double fullness) {
    const auto by_load = backoff_for(fullness);
    if (by_load == 0 && quiet_.load(std::memory_order_relaxed)) return;
    const auto board = get();
    if (const auto seconds = std::max(by_load, board.backoff_s); seconds > 0) {
        const auto text = std::to_string(spread(seconds));
        response.headers.set("X-Weave-Backoff", text);
        response.headers.set("X-Backoff", text);
    }
    if (!board.alert.empty()) response.headers.set("X-Weave-Alert", board.alert);
    if (response.status != 503) return;
    const auto said = response.headers.find("Retry-After");
    const auto before = said ? base::parse_integer<std::int64_t>(*said).value_or(0) : 0;
    const auto least = std::max(by_load, board.retry_after_s);
    if (least > before) response.headers.set("Retry-After", std::to_string(spread(least)));
}

}  // namespace homespun::sync::storage
