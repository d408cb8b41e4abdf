// Any sequence of requests against the rules of sheet sync-legacy, 5.1 and 6.3, written down once more as
// plainly as they can be: nothing is bounded, indexed or forgotten in time.

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <map>

#include "base/crypto.hpp"
#include "base/encoding.hpp"
#include "sync/easysetup/channels.hpp"
#include "sync/easysetup/channels_fixture.hpp"

namespace homespun::sync::easysetup {
namespace {

std::string tag_of(const std::string& content) {
    return base::hex_encode(base::md5(content));
}

/// What a status would be: 200, 304, 400, 404, 412.
struct Reply {
    int status;
    std::string content, tag;
    bool operator==(const Reply&) const = default;
};

int status_of(ChannelRefusal why) {
    switch (why) {
        case ChannelRefusal::bad_id:
        case ChannelRefusal::third_id:
        case ChannelRefusal::foreign_id:
            return 400;
        case ChannelRefusal::not_found:
            return 404;
        case ChannelRefusal::changed:
            return 412;
        default:
            return 503;
    }
}

class Model {
  public:
    explicit Model(const ChannelRules& rules) : rules_(rules) {}

    /// Whether the address may open another.
    bool may_open(const std::string& address, std::int64_t now) const {
        const auto its = std::ranges::count_if(channels_, [&](const auto& each) {
            return each.second.address == address && each.second.until > now;
        });
        return address.empty() || static_cast<std::size_t>(its) < rules_.most_per_address;
    }

    void open(const std::string& channel, const std::string& id, const std::string& address,
              std::int64_t now) {
        channels_[channel] = {.until = now + rules_.ttl_ms, .address = address, .ids = {id}};
    }

    Reply get(const std::string& channel, const std::string& id, const std::string& none_match,
              std::int64_t now) {
        if (const int refused = enter(channel, id, now)) return {refused, {}, {}};
        auto& its = channels_.at(channel);
        if (!its.tag.empty() && (none_match == "*" || none_match == its.tag)) return {304, {}, its.tag};
        const Reply reply{200, its.tag.empty() ? "{}" : its.content, its.tag};
        if (!rules_.strict) {
            auto& left = its.left[{id, its.tag}];
            if (left > 0) {
                --left;
                return reply;
            }
            if (its.gets == rules_.max_gets) return {404, {}, {}};
            left = rules_.redeliveries;
        }
        if (++its.gets == rules_.max_gets)
            its.until = rules_.strict ? now : std::min(its.until, now + rules_.grace_ms);
        return reply;
    }

    Reply put(const std::string& channel, const std::string& id, const std::string& match,
              const std::string& none_match, const std::string& content, std::int64_t now) {
        const auto tag = tag_of(content);
        if (const int refused = enter(channel, id, now)) return {refused, {}, tag};
        auto& its = channels_.at(channel);
        if (!match.empty() && match != "*" && match != its.tag) return {412, {}, tag};
        if (match.empty() && none_match == "*" && !its.tag.empty()) return {412, {}, tag};
        if (its.gets == rules_.max_gets) return {404, {}, tag};
        its.content = content;
        its.tag = tag;
        return {200, {}, tag};
    }

    int remove(const std::string& channel, const std::string& id, std::int64_t now) {
        const auto place = channels_.find(channel);
        const bool stranger = id.size() == 256 && place != channels_.end() && place->second.until > now &&
                              place->second.ids.size() == 1 && place->second.ids[0] != id;
        if (stranger) return 400;
        if (const int refused = enter(channel, id, now)) return refused;
        channels_.erase(channel);
        return 200;
    }

    bool abandon(const std::string& channel, const std::string& id, std::int64_t now) {
        const auto place = channels_.find(channel);
        if (place == channels_.end() || place->second.until <= now) return false;
        if (std::ranges::find(place->second.ids, id) == place->second.ids.end()) return false;
        channels_.erase(place);
        return true;
    }

    std::size_t size(std::int64_t now) const {
        return static_cast<std::size_t>(
            std::ranges::count_if(channels_, [now](const auto& each) { return each.second.until > now; }));
    }

  private:
    struct Its {
        std::int64_t until;
        std::string address;
        std::vector<std::string> ids;
        std::string content = {}, tag = {};
        int gets = 0;
        std::map<std::pair<std::string, std::string>, int> left = {};
    };

    int enter(const std::string& channel, const std::string& id, std::int64_t now) {
        if (id.size() != 256) {
            channels_.erase(channel);
            return 400;
        }
        const auto place = channels_.find(channel);
        if (place == channels_.end() || place->second.until <= now) return 404;
        auto& ids = place->second.ids;
        if (std::ranges::find(ids, id) != ids.end()) return 0;
        if (ids.size() == 2) {
            channels_.erase(place);
            return 400;
        }
        ids.push_back(id);
        return 0;
    }

    ChannelRules rules_;
    std::map<std::string, Its> channels_;
};

std::optional<TagList> list_of(const std::string& header) {
    return header.empty() ? std::nullopt : std::optional(TagList::parse(header));
}

Reply got(const Channels::Result<Channels::Message>& message) {
    if (!message) return {status_of(message.error()), {}, {}};
    return {message->not_modified ? 304 : 200, message->content, message->tag};
}

void compare(bool strict) {
    ChannelRules rules;
    rules.strict = strict;
    rules.ttl_ms = 1000;
    rules.grace_ms = 100;
    rules.max_gets = *rc::gen::inRange(1, 5);
    rules.most_per_address = *rc::gen::inRange<std::size_t>(1, 4);
    rules.redeliveries = *rc::gen::inRange(0, 3);
    ScriptedRandom random;
    Channels exchange(rules, random);
    Model model(rules);
    std::vector<std::string> channels{"zzzz"};
    std::int64_t now = 1'795'225'889'000;

    const std::vector<std::string> ids{device_id('a'), device_id('b'), device_id('c'), "short"};
    const std::vector<std::string> addresses{"", "192.0.2.1", "192.0.2.2"};
    const std::vector<std::string> contents{"one", "two", "{}", ""};
    std::vector<std::string> tags{"", "*", "other"};
    for (const auto& content : contents)
        tags.push_back(tag_of(content));

    const int steps = *rc::gen::inRange(1, 80);
    for (int step = 0; step < steps; ++step) {
        now += *rc::gen::weightedElement<std::int64_t>({{8, 0}, {4, 40}, {1, 700}});
        const auto channel = *rc::gen::elementOf(channels);
        // The channel's own two ask mostly, or no channel would get old.
        const auto id = ids[*rc::gen::weightedElement<std::size_t>({{8, 0}, {8, 1}, {1, 2}, {1, 3}})];
        const auto tag = *rc::gen::elementOf(tags), other = *rc::gen::elementOf(tags);
        const auto content = *rc::gen::elementOf(contents);
        switch (*rc::gen::weightedElement<int>({{2, 0}, {6, 1}, {6, 2}, {1, 3}, {1, 4}})) {
            case 0: {
                const auto address = *rc::gen::elementOf(addresses);
                const auto opened = exchange.open(id, now, address);
                RC_ASSERT(opened.has_value() == (id.size() == 256 && model.may_open(address, now)));
                if (opened) {
                    model.open(*opened, id, address, now);
                    channels.push_back(*opened);
                }
                break;
            }
            case 1:
                RC_ASSERT(got(exchange.get(channel, id, list_of(tag), now)) ==
                          model.get(channel, id, tag, now));
                break;
            case 2: {
                const auto written = exchange.put(channel, id, {list_of(tag), list_of(other)}, content, now);
                const Reply reply{written.result ? 200 : status_of(written.result.error()), {}, written.tag};
                RC_ASSERT(reply == model.put(channel, id, tag, other, content, now));
                break;
            }
            case 3: {
                const auto removed = exchange.remove(channel, id, now);
                RC_ASSERT((removed ? 200 : status_of(removed.error())) == model.remove(channel, id, now));
                break;
            }
            default:
                RC_ASSERT(exchange.abandon(channel, id, now) == model.abandon(channel, id, now));
        }
        exchange.sweep(now);
        RC_ASSERT(exchange.size() == model.size(now));
        RC_ASSERT((exchange.bytes() == 0) == (exchange.size() == 0));
    }
}

TEST(ChannelsModelTest, AsTheRulesSay) {
    EXPECT_TRUE(rc::check("deliveries that are counted once", [] { compare(false); }));
}

TEST(ChannelsModelTest, AsTheRulesSayStrictly) {
    EXPECT_TRUE(rc::check("every delivery counted", [] { compare(true); }));
}

}  // namespace
}  // namespace homespun::sync::easysetup
