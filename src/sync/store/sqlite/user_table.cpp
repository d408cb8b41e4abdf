#include "sync/store/sqlite/user_table.hpp"

#include <algorithm>

namespace homespun::sync::store::sqlite {

Timestamp UserState::storage() const {
    Timestamp latest = tombstone;
    for (const auto& collection : collections)
        latest = std::max(latest, collection.modified);
    return latest;
}

CollectionState* UserState::find(std::string_view name) {
    const auto found = std::ranges::find(collections, name, &CollectionState::name);
    return found == collections.end() ? nullptr : &*found;
}

const CollectionState* UserState::find(std::string_view name) const {
    const auto found = std::ranges::find(collections, name, &CollectionState::name);
    return found == collections.end() ? nullptr : &*found;
}

UserTable::Entry* UserTable::touch(UserId user) {
    const auto place = places_.find(user);
    if (place == places_.end()) return nullptr;
    entries_.splice(entries_.begin(), entries_, place->second);
    return &entries_.front();
}

UserTable::Entry* UserTable::look_up(UserId user) {
    auto* entry = touch(user);
    (entry != nullptr ? metrics_.table_hits : metrics_.table_misses).add();
    return entry;
}

std::optional<UserState> UserTable::copy(UserId user) {
    const std::lock_guard lock(mutex_);
    const auto* entry = touch(user);
    if (entry == nullptr) return std::nullopt;
    return entry->state;
}

void UserTable::publish(UserId user, UserState state) {
    const std::lock_guard lock(mutex_);
    if (auto* entry = touch(user)) {
        weight_ -= weight(*entry);
        entry->state = std::move(state);
    } else {
        entries_.push_front({user, std::move(state)});
        places_[user] = entries_.begin();
    }
    weight_ += weight(entries_.front());
    while (weight_ > most_entries_ && entries_.size() > 1) {
        weight_ -= weight(entries_.back());
        places_.erase(entries_.back().user);
        entries_.pop_back();
    }
}

bool UserTable::knows(UserId user) {
    const std::lock_guard lock(mutex_);
    return places_.contains(user);
}

void UserTable::clear() {
    const std::lock_guard lock(mutex_);
    places_.clear();
    entries_.clear();
    weight_ = 0;
}

std::optional<UserTable::Known> UserTable::collection(UserId user, std::string_view name) {
    const std::lock_guard lock(mutex_);
    const auto* entry = look_up(user);
    if (entry == nullptr) return std::nullopt;
    const auto* found = entry->state.find(name);
    if (found == nullptr) return Known{};
    return Known{true, found->modified};
}

std::optional<Timestamp> UserTable::storage(UserId user) {
    const std::lock_guard lock(mutex_);
    const auto* entry = look_up(user);
    if (entry == nullptr) return std::nullopt;
    return entry->state.storage();
}

std::optional<ByCollection<Timestamp>> UserTable::info(UserId user) {
    const std::lock_guard lock(mutex_);
    const auto* entry = look_up(user);
    if (entry == nullptr) return std::nullopt;
    ByCollection<Timestamp> answer;
    answer.storage = entry->state.storage();
    answer.collections.reserve(entry->state.collections.size());
    for (const auto& collection : entry->state.collections) {
        answer.collections.emplace_back(collection.name, collection.modified);
    }
    return answer;
}

}  // namespace homespun::sync::store::sqlite
