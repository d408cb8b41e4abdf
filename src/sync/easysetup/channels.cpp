#include "sync/easysetup/channels.hpp"

#include <algorithm>

#include "base/crypto.hpp"
#include "base/encoding.hpp"
#include "sync/easysetup/pin.hpp"

namespace homespun::sync::easysetup {
namespace {

constexpr int most_tries = 100;
constexpr std::size_t most_devices = 2;
constexpr std::string_view nothing_yet = "{}";
/// What a channel takes without its message: hashes, tags, the places in the containers.
constexpr std::size_t bytes_of_a_channel = 1024;

std::size_t cost_of(const Channel& channel) {
    return bytes_of_a_channel + channel.content.size();
}

bool holds(const Channels::Preconditions& preconditions, const Channel& channel) {
    if (preconditions.match) return preconditions.match->any() || preconditions.match->contains(channel.tag);
    const bool only_if_empty = preconditions.none_match && preconditions.none_match->any();
    return !only_if_empty || channel.tag.empty();
}

bool is_sound(const std::string& id, const Channel& channel) {
    return id.find_first_not_of(pin_alphabet) == std::string::npos && !channel.devices.empty() &&
           channel.devices.size() <= most_devices;
}

}  // namespace

Channels::Result<std::string> Channels::open(std::string_view id, std::int64_t now_ms,
                                             std::string_view address) {
    if (id.size() != exchange_id_length) return std::unexpected(ChannelRefusal::bad_id);
    const std::lock_guard lock(mutex_);
    sweep_locked(now_ms);
    auto opened = open_locked(id, now_ms, address);
    if (opened) metrics_.created.add();
    return opened;
}

Channels::Result<std::string> Channels::open_locked(std::string_view id, std::int64_t now_ms,
                                                    std::string_view address) {
    if (const auto its = of_address_.find(address);
        its != of_address_.end() && its->second >= rules_.most_per_address)
        return std::unexpected(ChannelRefusal::too_many);
    Channel made;
    made.opener = address;
    made.ends_ms = now_ms + rules_.ttl_ms;
    made.devices.push_back(base::sha256(id));
    if (channels_.size() >= rules_.most_channels || bytes_ + cost_of(made) > rules_.most_bytes)
        return std::unexpected(ChannelRefusal::full);
    for (int tries = 0; tries < most_tries; ++tries) {
        auto channel = random_letters(random_, rules_.id_length);
        if (channels_.contains(channel)) continue;
        add(channel, std::move(made));
        return channel;
    }
    return std::unexpected(ChannelRefusal::no_free_id);
}

Channels::Result<std::pair<Channels::Table::iterator, int>> Channels::enter(const std::string& channel,
                                                                            std::string_view id,
                                                                            std::int64_t now_ms) {
    sweep_locked(now_ms);
    const auto place = channels_.find(channel);
    if (id.size() != exchange_id_length) {
        if (place != channels_.end()) end(place, Ending::destroyed);
        return std::unexpected(ChannelRefusal::bad_id);
    }
    if (place == channels_.end()) return std::unexpected(ChannelRefusal::not_found);
    auto& devices = place->second.devices;
    const auto hash = base::sha256(id);
    auto device = std::ranges::find(devices, hash);
    if (device == devices.end()) {
        if (devices.size() == most_devices) {
            end(place, Ending::destroyed);
            return std::unexpected(ChannelRefusal::third_id);
        }
        device = devices.insert(devices.end(), hash);
        note_change(channel);
    }
    return std::pair(place, static_cast<int>(device - devices.begin()));
}

Channels::Result<Channels::Message> Channels::get(const std::string& channel, std::string_view id,
                                                  const std::optional<TagList>& none_match,
                                                  std::int64_t now_ms) {
    const std::lock_guard lock(mutex_);
    const auto entered = enter(channel, id, now_ms);
    if (!entered) return std::unexpected(entered.error());
    const auto [place, device] = *entered;
    const auto& found = place->second;
    if (none_match && !found.tag.empty() && (none_match->any() || none_match->contains(found.tag)))
        return Message{{}, found.tag, true};
    Message message{found.tag.empty() ? std::string(nothing_yet) : found.content, found.tag};
    if (!count_delivery(place, device, now_ms)) return std::unexpected(ChannelRefusal::not_found);
    return message;
}

/// Counts a delivery, which may be the channel's last; false when it had its last already.
bool Channels::count_delivery(Table::iterator place, int device, std::int64_t now_ms) {
    auto& channel = place->second;
    note_change(place->first);
    const auto earlier = std::ranges::find_if(channel.deliveries, [&](const Channel::Delivery& delivery) {
        return delivery.device == device && delivery.tag == channel.tag;
    });
    const bool known = !rules_.strict && earlier != channel.deliveries.end();
    if (known && earlier->times <= rules_.redeliveries) {
        ++earlier->times;
        return true;
    }
    if (channel.over) return false;
    if (known) {
        earlier->times = 1;
    } else if (!rules_.strict) {
        channel.deliveries.push_back({device, channel.tag, 1});
    }
    if (++channel.gets < rules_.max_gets) return true;
    channel.over = true;
    metrics_.completed.add();
    if (rules_.strict) {
        end(place, Ending::silent);
    } else {
        end_at(place, std::min(channel.ends_ms, now_ms + rules_.grace_ms));
    }
    return true;
}

Channels::Written Channels::put(const std::string& channel, std::string_view id,
                                const Preconditions& preconditions, std::string content,
                                std::int64_t now_ms) {
    Written written{base::hex_encode(base::md5(content)), {}};
    const auto refuse = [&](ChannelRefusal why) {
        written.result = std::unexpected(why);
        return written;
    };
    const std::lock_guard lock(mutex_);
    const auto entered = enter(channel, id, now_ms);
    if (!entered) return refuse(entered.error());
    auto& found = entered->first->second;
    if (!holds(preconditions, found)) return refuse(ChannelRefusal::changed);
    if (found.over) return refuse(ChannelRefusal::not_found);
    const auto others = bytes_ - found.content.size();
    if (others + content.size() > rules_.most_bytes) return refuse(ChannelRefusal::full);
    bytes_ = others + content.size();
    found.content = std::move(content);
    found.tag = written.tag;
    note_change(channel);
    show_sizes();
    return written;
}

Channels::Result<void> Channels::remove(const std::string& channel, std::string_view id,
                                        std::int64_t now_ms) {
    const std::lock_guard lock(mutex_);
    sweep_locked(now_ms);
    const auto place = channels_.find(channel);
    // With room for a second device a stranger would become one by entering: he only gets no.
    if (id.size() == exchange_id_length && place != channels_.end() &&
        place->second.devices.size() < most_devices && place->second.devices.front() != base::sha256(id)) {
        return std::unexpected(ChannelRefusal::foreign_id);
    }
    const auto entered = enter(channel, id, now_ms);
    if (!entered) return std::unexpected(entered.error());
    end(entered->first, Ending::deleted);
    return {};
}

bool Channels::abandon(const std::string& channel, std::string_view id, std::int64_t now_ms) {
    const std::lock_guard lock(mutex_);
    sweep_locked(now_ms);
    const auto place = channels_.find(channel);
    if (place == channels_.end()) return false;
    const auto& devices = place->second.devices;
    if (std::ranges::find(devices, base::sha256(id)) == devices.end()) return false;
    end(place, Ending::deleted);
    return true;
}

void Channels::sweep(std::int64_t now_ms) {
    const std::lock_guard lock(mutex_);
    sweep_locked(now_ms);
}

bool Channels::works(std::int64_t now_ms) {
    const auto id = base::hex_encode(random_.bytes(exchange_id_length / 2));
    const std::lock_guard lock(mutex_);
    sweep_locked(now_ms);
    const auto opened = open_locked(id, now_ms, {});
    if (!opened) return false;
    const auto entered = enter(*opened, id, now_ms);
    const bool found = entered && entered->second == 0;
    if (found) end(entered->first, Ending::silent);
    return found && !channels_.contains(*opened);
}

void Channels::track_changes() {
    const std::lock_guard lock(mutex_);
    tracking_ = true;
}

bool Channels::has_changed() const {
    const std::lock_guard lock(mutex_);
    return !changed_.empty();
}

std::vector<std::string> Channels::take_changed() {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> taken(changed_.begin(), changed_.end());
    changed_.clear();
    return taken;
}

void Channels::put_back_changed(const std::vector<std::string>& channels) {
    const std::lock_guard lock(mutex_);
    for (const auto& channel : channels)
        note_change(channel);
}

std::optional<Channel> Channels::find(const std::string& channel) const {
    const std::lock_guard lock(mutex_);
    const auto place = channels_.find(channel);
    return place == channels_.end() ? std::nullopt : std::optional(place->second);
}

void Channels::restore(const std::string& channel, Channel kept, std::int64_t now_ms) {
    const std::lock_guard lock(mutex_);
    // A shorter ttl than before, or a clock that was set back, must not give a channel more than it would get
    // today.
    kept.ends_ms = std::min(kept.ends_ms, now_ms + rules_.ttl_ms);
    if (!is_sound(channel, kept) || kept.ends_ms <= now_ms || channels_.contains(channel)) return;
    if (channels_.size() >= rules_.most_channels || bytes_ + cost_of(kept) > rules_.most_bytes) return;
    add(channel, std::move(kept));
}

std::size_t Channels::size() const {
    const std::lock_guard lock(mutex_);
    return channels_.size();
}

std::size_t Channels::bytes() const {
    const std::lock_guard lock(mutex_);
    return bytes_;
}

void Channels::add(const std::string& channel, Channel made) {
    bytes_ += cost_of(made);
    if (!made.opener.empty()) ++of_address_[made.opener];
    ends_.emplace(made.ends_ms, channel);
    channels_.emplace(channel, std::move(made));
    note_change(channel);
    show_sizes();
}

void Channels::end(Table::iterator place, Ending how) {
    if (!place->second.over) {
        if (how == Ending::expired) metrics_.expired.add();
        if (how == Ending::deleted) metrics_.deleted.add();
    }
    if (how == Ending::destroyed) metrics_.destroyed.add();
    bytes_ -= cost_of(place->second);
    if (const auto its = of_address_.find(place->second.opener); its != of_address_.end()) {
        if (--its->second == 0) of_address_.erase(its);
    }
    ends_.erase({place->second.ends_ms, place->first});
    note_change(place->first);
    channels_.erase(place);
    show_sizes();
}

void Channels::end_at(Table::iterator place, std::int64_t ends_ms) {
    ends_.erase({place->second.ends_ms, place->first});
    place->second.ends_ms = ends_ms;
    ends_.emplace(ends_ms, place->first);
}

void Channels::sweep_locked(std::int64_t now_ms) {
    while (!ends_.empty() && ends_.begin()->first <= now_ms)
        end(channels_.find(ends_.begin()->second), Ending::expired);
}

void Channels::note_change(const std::string& channel) {
    // While nothing can be written, ended channels pile up here: then some of them may come back with a
    // restart.
    if (tracking_ && changed_.size() < 2 * rules_.most_channels) changed_.insert(channel);
}

void Channels::show_sizes() {
    metrics_.open.set(static_cast<std::int64_t>(channels_.size()));
    metrics_.bytes.set(static_cast<std::int64_t>(bytes_));
}

}  // namespace homespun::sync::easysetup
