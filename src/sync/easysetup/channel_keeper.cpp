#include "sync/easysetup/channel_keeper.hpp"

namespace homespun::sync::easysetup {
namespace {

constexpr std::int64_t retry_period_ms = 1000;

}  // namespace

base::Result<void> ChannelKeeper::load() {
    auto kept = file_.load();
    if (!kept) return std::unexpected(kept.error());
    const auto now = clock_.now_ms();
    std::vector<ChannelFile::Entry> ended;
    for (auto& [id, channel] : *kept) {
        if (channel) exchange_.restore(id, std::move(*channel), now);
        if (!exchange_.find(id)) ended.push_back({id, std::nullopt});
    }
    exchange_.track_changes();
    return file_.save(ended);
}

base::Result<void> ChannelKeeper::save() {
    // What is written is how a channel is now, not how it was when it changed: jobs may overtake each other.
    const auto changed = exchange_.take_changed();
    std::vector<ChannelFile::Entry> entries;
    entries.reserve(changed.size());
    for (const auto& id : changed)
        entries.push_back({id, exchange_.find(id)});
    auto saved = file_.save(entries);
    if (!saved) exchange_.put_back_changed(changed);
    return saved;
}

base::Task<bool> ChannelKeeper::keep(base::Executor& home) {
    // A job under way may have taken our change and not have written it yet: then wait behind it.
    if (!exchange_.has_changed() && saving_ == 0) co_return true;
    // What piles up while nothing can be written is not gone through for every request.
    if (failing_ && clock_.now_ms() < try_again_ms_) co_return false;
    ++saving_;
    auto work = [this] { return save(); };
    auto ran = co_await pool_.run(home, std::move(work));
    --saving_;
    const auto saved = ran ? std::move(*ran) : base::fail("too much waits to be written");
    if (!saved) try_again_ms_ = clock_.now_ms() + retry_period_ms;
    const bool was_failing = failing_.exchange(!saved);
    if (!saved && !was_failing) {
        logger_.error("key_exchange_not_kept", {{"error", std::string_view(saved.error().message)}});
    } else if (saved && was_failing) {
        logger_.info("key_exchange_kept_again");
    }
    co_return saved.has_value();
}

}  // namespace homespun::sync::easysetup
