#include "sync/easysetup/address_filter.hpp"

#include <algorithm>

#include "sync/accounts/rate_limit.hpp"

namespace homespun::sync::easysetup {

using Verdict = AddressFilter::Verdict;

namespace {

constexpr std::int64_t sweep_period_ms = 1000;

}  // namespace

int RecentAddresses::count(const std::string& address, std::int64_t now_ms) {
    auto found = entries_.find(address);
    if (found == entries_.end()) {
        if (entries_.size() >= most_) forget(order_.front());
        found = entries_.emplace(address, Entry{0, now_ms, order_.insert(order_.end(), address)}).first;
    }
    auto& entry = found->second;
    if (now_ms - entry.seen_ms >= ttl_ms_) entry.count = 0;
    entry.seen_ms = now_ms;
    order_.splice(order_.end(), order_, entry.place);
    return ++entry.count;
}

void RecentAddresses::forget(const std::string& address) {
    const auto found = entries_.find(address);
    if (found == entries_.end()) return;
    const auto place = found->second.place;
    entries_.erase(found);
    order_.erase(place);  // last: `address` may live in it
}

void RecentAddresses::clear() {
    entries_.clear();
    order_.clear();
}

AddressFilter::AddressFilter(const FilterRules& rules, net::TrustedProxies whitelist, FilterMetrics metrics)
    : rules_(rules),
      whitelist_(std::move(whitelist)),
      metrics_(metrics),
      calls_(rules.queue_size, rules.queue_ttl_ms),
      bad_requests_(rules.br_queue_size, rules.queue_ttl_ms) {}

/// Nothing for those who are not counted.
std::optional<std::string> AddressFilter::counted_key(std::string_view address) const {
    if (rules_.mode == FilterRules::Mode::off || whitelist_.trusts(address)) return std::nullopt;
    return accounts::address_key(address);
}

std::string AddressFilter::bounded_key(std::string_view address) const {
    if (rules_.mode != FilterRules::Mode::on) return {};
    return counted_key(address).value_or(std::string());
}

Verdict AddressFilter::call(std::string_view address, std::int64_t now_ms) {
    const auto key = counted_key(address);
    if (!key) return {};
    const bool refusing = rules_.mode == FilterRules::Mode::on;
    if (address.empty() || address == "unix")
        return {refusing ? Verdict::Kind::no_address : Verdict::Kind::pass, false};
    const std::lock_guard lock(mutex_);
    sweep_locked(now_ms);
    if (is_listed(*key, now_ms)) return {refusing ? Verdict::Kind::blacklisted : Verdict::Kind::pass, false};
    if (calls_.count(*key, now_ms) < rules_.threshold) return {};
    list(*key, Why::calls, now_ms + rules_.blacklist_ttl_ms);
    return {Verdict::Kind::pass, true};
}

bool AddressFilter::bad_request(std::string_view address, std::int64_t now_ms) {
    const auto key = counted_key(address);
    if (!key || address.empty() || address == "unix") return false;
    const std::lock_guard lock(mutex_);
    sweep_locked(now_ms);
    if (is_listed(*key, now_ms)) return false;
    if (bad_requests_.count(*key, now_ms) < rules_.br_threshold) return false;
    list(*key, Why::bad_requests, now_ms + rules_.br_blacklist_ttl_ms);
    return true;
}

bool AddressFilter::is_listed(const std::string& key, std::int64_t now_ms) const {
    const auto place = blacklist_.find(key);
    return place != blacklist_.end() && place->second.until_ms > now_ms;
}

void AddressFilter::list(const std::string& key, Why why, std::int64_t until_ms) {
    calls_.forget(key);
    bad_requests_.forget(key);
    if (blacklist_.size() >= rules_.most_blacklisted) {
        blacklist_.erase(
            std::ranges::min_element(blacklist_, {}, [](const auto& each) { return each.second.until_ms; }));
    }
    blacklist_.insert_or_assign(key, Place{why, until_ms});
    (why == Why::calls ? metrics_.for_calls : metrics_.for_bad_requests).add();
    metrics_.blacklisted.set(static_cast<std::int64_t>(blacklist_.size()));
}

std::vector<AddressFilter::Listed> AddressFilter::listed(std::int64_t now_ms) const {
    const std::lock_guard lock(mutex_);
    std::vector<Listed> all;
    for (const auto& [address, place] : blacklist_) {
        if (place.until_ms > now_ms) all.push_back({address, place.why, place.until_ms});
    }
    return all;
}

bool AddressFilter::clear(std::string_view address, std::int64_t now_ms) {
    const auto key = accounts::address_key(address);
    const std::lock_guard lock(mutex_);
    sweep_locked(now_ms);
    calls_.forget(key);
    bad_requests_.forget(key);
    const bool was_there = is_listed(key, now_ms);
    blacklist_.erase(key);
    metrics_.blacklisted.set(static_cast<std::int64_t>(blacklist_.size()));
    return was_there;
}

std::size_t AddressFilter::clear_all(std::int64_t now_ms) {
    const std::lock_guard lock(mutex_);
    sweep_locked(now_ms);
    calls_.clear();
    bad_requests_.clear();
    const auto count = static_cast<std::size_t>(std::ranges::count_if(
        blacklist_, [now_ms](const auto& each) { return each.second.until_ms > now_ms; }));
    blacklist_.clear();
    metrics_.blacklisted.set(0);
    return count;
}

void AddressFilter::sweep(std::int64_t now_ms) {
    const std::lock_guard lock(mutex_);
    sweep_locked(now_ms);
}

void AddressFilter::sweep_locked(std::int64_t now_ms) {
    if (now_ms < next_sweep_ms_) return;  // a long list is not walked for every request
    next_sweep_ms_ = now_ms + sweep_period_ms;
    if (std::erase_if(blacklist_, [now_ms](const auto& each) { return each.second.until_ms <= now_ms; }) > 0)
        metrics_.blacklisted.set(static_cast<std::int64_t>(blacklist_.size()));
}

}  // namespace homespun::sync::easysetup
