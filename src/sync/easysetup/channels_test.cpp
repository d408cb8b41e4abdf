#include "sync/easysetup/channels.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "base/crypto.hpp"
#include "base/encoding.hpp"
#include "sync/easysetup/channels_fixture.hpp"

namespace homespun::sync::easysetup {
namespace {

constexpr std::int64_t start = 1'795'225'889'000;
const std::string phone = device_id('a'), desk = device_id('b'), thief = device_id('c');

std::string md5_of(std::string_view content) {
    return base::hex_encode(base::md5(content));
}

Channels::Preconditions if_match(std::string_view value) {
    return {TagList::parse(value), std::nullopt};
}
Channels::Preconditions if_none_match(std::string_view value) {
    return {std::nullopt, TagList::parse(value)};
}

struct ChannelsTest : testing::Test {
    ScriptedRandom random;
    ChannelRules rules;
    std::int64_t now = start;

    static std::string opened(Channels& exchange, std::int64_t at = start) {
        return exchange.open(phone, at).value();
    }
    bool delivers(Channels& exchange, const std::string& channel, const std::string& id) {
        return exchange.get(channel, id, {}, now).has_value();
    }
    bool writes(Channels& exchange, const std::string& channel, const std::string& id,
                const std::string& content, const Channels::Preconditions& preconditions = {}) {
        return exchange.put(channel, id, preconditions, content, now).result.has_value();
    }
};

TEST_F(ChannelsTest, ChannelIdsAreOfTheAlphabet) {
    Channels exchange(rules, random);
    for (int i = 0; i < 100; ++i) {
        const auto channel = opened(exchange);
        EXPECT_EQ(channel.size(), 4U);
        EXPECT_EQ(channel.find_first_not_of("23456789abcdefghijkmnpqrstuvwxyz"), std::string::npos)
            << channel;
    }
    EXPECT_EQ(exchange.size(), 100U);
    EXPECT_EQ(exchange.open("short", now).error(), ChannelRefusal::bad_id);
    EXPECT_EQ(exchange.open(std::string(257, 'a'), now).error(), ChannelRefusal::bad_id);
}

TEST_F(ChannelsTest, AnAddressHasOnlySoManyAtATime) {
    rules.most_per_address = 2;
    Channels exchange(rules, random);
    const auto first = exchange.open(phone, now, "192.0.2.1").value();
    const auto second = exchange.open(phone, now + 1000, "192.0.2.1").value();
    EXPECT_EQ(exchange.open(phone, now, "192.0.2.1").error(), ChannelRefusal::too_many);
    EXPECT_TRUE(exchange.open(phone, now, "192.0.2.2")) << "others are not concerned";
    EXPECT_TRUE(exchange.open(phone, now)) << "nor who is not counted";
    EXPECT_TRUE(writes(exchange, first, desk, "one")) << "what is open goes on";
    EXPECT_TRUE(exchange.remove(first, phone, now));
    EXPECT_TRUE(exchange.open(phone, now + 1000, "192.0.2.1")) << "there is room again";
    EXPECT_EQ(exchange.open(phone, now, "192.0.2.1").error(), ChannelRefusal::too_many);
    now += rules.ttl_ms + 1000;
    EXPECT_FALSE(delivers(exchange, second, phone));
    EXPECT_TRUE(exchange.open(phone, now, "192.0.2.1")) << "time makes room, too";
    EXPECT_EQ(exchange.open("short", now, "192.0.2.3").error(), ChannelRefusal::bad_id);
}

TEST_F(ChannelsTest, AHundredTriesForAFreeId) {
    const std::string taken(4, '\x01'), other(4, '\x02');
    std::vector<std::string> script(100, taken);
    script.push_back(other);
    ScriptedRandom scripted(script);
    Channels exchange(rules, scripted);
    EXPECT_EQ(opened(exchange), "3333");
    EXPECT_EQ(opened(exchange), "4444") << "99 tries were taken";
    EXPECT_EQ(exchange.open(phone, now).error(), ChannelRefusal::no_free_id);
}

TEST_F(ChannelsTest, BeforeTheFirstMessage) {
    Channels exchange(rules, random);
    const auto channel = opened(exchange);
    const auto message = exchange.get(channel, phone, TagList::parse("*"), now);
    ASSERT_TRUE(message);
    EXPECT_EQ(message->content, "{}");
    EXPECT_EQ(message->tag, "");
    EXPECT_FALSE(message->not_modified);
}

TEST_F(ChannelsTest, AMessageAndItsTag) {
    Channels exchange(rules, random);
    const auto channel = opened(exchange);
    const auto written = exchange.put(channel, phone, {}, "one", now);
    EXPECT_TRUE(written.result);
    EXPECT_EQ(written.tag, "f97c5d29941bfb1b2fdab0874906ab82");
    const auto message = exchange.get(channel, desk, {}, now);
    EXPECT_EQ(message->content, "one");
    EXPECT_EQ(message->tag, written.tag);
    EXPECT_TRUE(exchange.get(channel, phone, TagList::parse(written.tag), now)->not_modified);
    EXPECT_TRUE(exchange.get(channel, phone, TagList::parse("*"), now)->not_modified);
    EXPECT_FALSE(exchange.get(channel, phone, TagList::parse(""), now)->not_modified);
    EXPECT_FALSE(exchange.get(channel, phone, TagList::parse("\"other\""), now)->not_modified);
}

TEST_F(ChannelsTest, PreconditionsOfAPut) {
    Channels exchange(rules, random);
    const auto channel = opened(exchange);
    EXPECT_FALSE(writes(exchange, channel, phone, "x", if_match("\"" + md5_of("{}") + "\"")))
        << "nothing was sent, so nothing has a tag";
    EXPECT_TRUE(writes(exchange, channel, phone, "one", if_none_match("*")));
    EXPECT_FALSE(writes(exchange, channel, phone, "two", if_none_match("*")));
    EXPECT_TRUE(writes(exchange, channel, phone, "two", if_none_match(md5_of("two")))) << "only * counts";
    EXPECT_FALSE(writes(exchange, channel, phone, "three", if_match(md5_of("one"))));
    EXPECT_TRUE(writes(exchange, channel, phone, "three", if_match("\"x\", " + md5_of("two"))));
    EXPECT_TRUE(writes(exchange, channel, phone, "four", if_match("*")));
    EXPECT_TRUE(
        writes(exchange, channel, phone, "five", {TagList::parse(md5_of("four")), TagList::parse("*")}))
        << "If-None-Match counts only without If-Match";
    EXPECT_EQ(exchange.find(channel)->content, "five");
}

TEST_F(ChannelsTest, ARefusedPutTellsTheTagOfItsBody) {
    Channels exchange(rules, random);
    const auto channel = opened(exchange);
    ASSERT_TRUE(writes(exchange, channel, phone, "one", if_none_match("*")));
    const auto again = exchange.put(channel, phone, if_none_match("*"), "one", now);
    EXPECT_EQ(again.result.error(), ChannelRefusal::changed);
    EXPECT_EQ(again.tag, md5_of("one")) << "so that it counts as arrived";
    EXPECT_EQ(exchange.put(channel, phone, if_none_match("*"), "other", now).tag, md5_of("other"));
}

TEST_F(ChannelsTest, AMalformedIdEndsTheChannel) {
    Channels exchange(rules, random);
    for (const auto& id : {std::string(), std::string(255, 'a'), std::string(257, 'a')}) {
        const auto channel = opened(exchange);
        EXPECT_EQ(exchange.get(channel, id, {}, now).error(), ChannelRefusal::bad_id);
        EXPECT_FALSE(exchange.find(channel)) << id.size();
    }
    EXPECT_EQ(exchange.get("zzzz", "short", {}, now).error(), ChannelRefusal::bad_id) << "before existence";
    EXPECT_EQ(exchange.get("zzzz", phone, {}, now).error(), ChannelRefusal::not_found);
    EXPECT_EQ(exchange.put("zzzz", phone, {}, "x", now).result.error(), ChannelRefusal::not_found);
}

TEST_F(ChannelsTest, AThirdDeviceEndsTheChannel) {
    Channels exchange(rules, random);
    const auto channel = opened(exchange);
    EXPECT_TRUE(delivers(exchange, channel, desk));
    EXPECT_TRUE(delivers(exchange, channel, phone));
    EXPECT_EQ(exchange.get(channel, thief, {}, now).error(), ChannelRefusal::third_id);
    EXPECT_EQ(exchange.get(channel, phone, {}, now).error(), ChannelRefusal::not_found);
}

TEST_F(ChannelsTest, OneOpenedAndNotModifiedRegisterToo) {
    Channels exchange(rules, random);
    const auto channel = opened(exchange);
    ASSERT_TRUE(writes(exchange, channel, phone, "one"));
    EXPECT_TRUE(exchange.get(channel, desk, TagList::parse("*"), now)->not_modified);
    EXPECT_EQ(exchange.get(channel, thief, {}, now).error(), ChannelRefusal::third_id);
}

TEST_F(ChannelsTest, EndsAfterItsTime) {
    rules.ttl_ms = 600'000;
    Channels exchange(rules, random);
    const auto channel = opened(exchange);
    now = start + 599'999;
    EXPECT_TRUE(writes(exchange, channel, phone, "late"));
    now = start + 600'000;
    EXPECT_FALSE(delivers(exchange, channel, desk)) << "nothing makes the time longer";
    EXPECT_EQ(exchange.size(), 0U);
    EXPECT_EQ(exchange.bytes(), 0U);
}

TEST_F(ChannelsTest, StrictlySixDeliveriesAreAll) {
    rules.strict = true;
    Channels exchange(rules, random);
    const auto channel = opened(exchange);
    ASSERT_TRUE(writes(exchange, channel, phone, "one"));
    for (int i = 0; i < 6; ++i) {
        EXPECT_TRUE(exchange.get(channel, phone, TagList::parse(md5_of("one")), now)->not_modified);
        EXPECT_TRUE(delivers(exchange, channel, desk)) << i;
    }
    EXPECT_FALSE(delivers(exchange, channel, desk));
    EXPECT_EQ(exchange.put(channel, phone, {}, "x", now).result.error(), ChannelRefusal::not_found);
    EXPECT_EQ(exchange.size(), 0U);
}

TEST_F(ChannelsTest, APairingWithEveryAnswerLostOnce) {
    Channels exchange(rules, random);
    const auto channel = opened(exchange);
    std::string tag;
    for (int step = 0; step < 6; ++step) {
        const auto& writer = step % 2 == 0 ? phone : desk;
        const auto& reader = step % 2 == 0 ? desk : phone;
        const auto content = "message " + std::to_string(step);
        const auto preconditions = step == 0 ? if_none_match("*") : if_match(tag);
        ASSERT_TRUE(writes(exchange, channel, writer, content, preconditions));
        const auto repeated = exchange.put(channel, writer, preconditions, content, now);
        EXPECT_EQ(repeated.result.error(), ChannelRefusal::changed);
        tag = repeated.tag;
        EXPECT_TRUE(exchange.get(channel, writer, TagList::parse(tag), now)->not_modified);
        for (int lost = 0; lost < 2; ++lost)
            EXPECT_EQ(exchange.get(channel, reader, {}, now).value().content, content);
    }
}

TEST_F(ChannelsTest, AfterTheLastDeliveryOnlyRepetitions) {
    rules.max_gets = 2;
    Channels exchange(rules, random);
    const auto channel = opened(exchange);
    ASSERT_TRUE(writes(exchange, channel, phone, "one"));
    ASSERT_TRUE(delivers(exchange, channel, desk));
    ASSERT_TRUE(writes(exchange, channel, desk, "two", if_match(md5_of("one"))));
    ASSERT_TRUE(delivers(exchange, channel, phone));
    EXPECT_TRUE(delivers(exchange, channel, phone)) << "again";
    EXPECT_FALSE(delivers(exchange, channel, desk)) << "a third one";
    const auto repeated = exchange.put(channel, desk, if_match(md5_of("one")), "two", now);
    EXPECT_EQ(repeated.result.error(), ChannelRefusal::changed) << "its answer may have been lost";
    EXPECT_EQ(exchange.put(channel, phone, if_match("*"), "three", now).result.error(),
              ChannelRefusal::not_found);
    now += rules.grace_ms;
    EXPECT_FALSE(delivers(exchange, channel, phone));
    EXPECT_EQ(exchange.size(), 0U);
}

TEST_F(ChannelsTest, RepetitionsAreBounded) {
    Channels exchange(rules, random);
    const auto channel = opened(exchange);
    ASSERT_TRUE(writes(exchange, channel, phone, "one"));
    int delivered = 0;
    while (delivered < 100 && delivers(exchange, channel, desk))
        ++delivered;
    EXPECT_EQ(delivered, rules.max_gets * (1 + rules.redeliveries));
}

TEST_F(ChannelsTest, TheGraceIsNeverBeyondTheTime) {
    rules.max_gets = 1;
    Channels exchange(rules, random);
    const auto channel = opened(exchange);
    now = start + rules.ttl_ms - 1000;
    ASSERT_TRUE(delivers(exchange, channel, phone));
    now += 1000;
    EXPECT_FALSE(delivers(exchange, channel, phone));
}

TEST_F(ChannelsTest, DeleteIsForItsDevices) {
    Channels exchange(rules, random);
    auto channel = opened(exchange);
    EXPECT_EQ(exchange.remove(channel, thief, now).error(), ChannelRefusal::foreign_id);
    ASSERT_TRUE(delivers(exchange, channel, desk)) << "the second place is still free";
    EXPECT_TRUE(exchange.remove(channel, desk, now));
    EXPECT_EQ(exchange.remove(channel, desk, now).error(), ChannelRefusal::not_found);
    channel = opened(exchange);
    ASSERT_TRUE(delivers(exchange, channel, desk));
    EXPECT_EQ(exchange.remove(channel, thief, now).error(), ChannelRefusal::third_id);
    EXPECT_FALSE(exchange.find(channel));
    channel = opened(exchange);
    EXPECT_EQ(exchange.remove(channel, "short", now).error(), ChannelRefusal::bad_id);
    EXPECT_FALSE(exchange.find(channel));
}

TEST_F(ChannelsTest, AReportEndsOnlyTheReportersChannel) {
    Channels exchange(rules, random);
    const auto channel = opened(exchange);
    EXPECT_FALSE(exchange.abandon(channel, thief, now));
    EXPECT_FALSE(exchange.abandon(channel, "short", now));
    EXPECT_FALSE(exchange.abandon("zzzz", phone, now));
    EXPECT_TRUE(exchange.find(channel)) << "the reference deleted anybody's (sheet, 11.10)";
    EXPECT_EQ(exchange.find(channel)->devices.size(), 1U) << "reporting makes nobody a device";
    EXPECT_TRUE(exchange.abandon(channel, phone, now));
    EXPECT_FALSE(exchange.find(channel));
}

TEST_F(ChannelsTest, ANewChannelWithAnOldIdBeginsAnew) {
    rules.strict = true;
    ScriptedRandom same({std::string(4, '\x05')});
    Channels exchange(rules, same);
    const auto channel = opened(exchange);
    for (int i = 0; i < 5; ++i)
        ASSERT_TRUE(delivers(exchange, channel, phone));
    ASSERT_TRUE(exchange.remove(channel, phone, now));
    ASSERT_EQ(opened(exchange), channel);
    for (int i = 0; i < 6; ++i)
        EXPECT_TRUE(delivers(exchange, channel, phone)) << "the reference kept the count (sheet, 11.12)";
    EXPECT_FALSE(delivers(exchange, channel, phone));
}

TEST_F(ChannelsTest, ChannelsAndBytesAreBounded) {
    rules.most_channels = 3;
    rules.most_bytes = 10'000;
    Channels exchange(rules, random);
    const auto channel = opened(exchange);
    opened(exchange, start + 1);
    opened(exchange, start + 2);
    EXPECT_EQ(exchange.open(phone, now).error(), ChannelRefusal::full);
    const auto room = rules.most_bytes - exchange.bytes();
    EXPECT_EQ(exchange.put(channel, phone, {}, std::string(room + 1, 'x'), now).result.error(),
              ChannelRefusal::full);
    EXPECT_TRUE(writes(exchange, channel, phone, std::string(room, 'x')));
    EXPECT_EQ(exchange.bytes(), rules.most_bytes);
    EXPECT_TRUE(writes(exchange, channel, phone, std::string(room, 'y'))) << "it takes the other's place";
    ASSERT_TRUE(exchange.remove(channel, phone, now));
    EXPECT_TRUE(exchange.open(phone, now));
    EXPECT_TRUE(exchange.open(desk, start + rules.ttl_ms + 1)) << "one has ended meanwhile";
}

TEST_F(ChannelsTest, WorksAndLeavesNothing) {
    rules.most_channels = 1;
    Channels exchange(rules, random);
    EXPECT_TRUE(exchange.works(now));
    EXPECT_EQ(exchange.size(), 0U);
    opened(exchange);
    EXPECT_FALSE(exchange.works(now)) << "nobody could pair now";
}

TEST_F(ChannelsTest, WhatIsKeptComesBack) {
    rules.most_channels = 2;
    Channels before(rules, random);
    EXPECT_FALSE(before.has_changed());
    before.track_changes();
    const auto channel = opened(before);
    ASSERT_TRUE(writes(before, channel, phone, "one"));
    ASSERT_TRUE(delivers(before, channel, desk));
    EXPECT_EQ(before.take_changed(), std::vector{channel});
    EXPECT_TRUE(before.get(channel, phone, TagList::parse("*"), now)->not_modified);
    EXPECT_FALSE(before.has_changed()) << "nothing new to keep";
    const auto kept = before.find(channel).value();

    Channels after(rules, random);
    after.restore(channel, kept, now);
    EXPECT_EQ(after.find(channel), kept);
    EXPECT_EQ(after.bytes(), before.bytes());
    EXPECT_TRUE(after.get(channel, phone, TagList::parse(md5_of("one")), now)->not_modified);
    EXPECT_TRUE(writes(after, channel, desk, "two", if_match(md5_of("one"))));

    after.restore("5555", kept, kept.ends_ms);
    EXPECT_FALSE(after.find("5555")) << "ended while nobody ran";
    after.restore("l0ok", kept, now);
    EXPECT_FALSE(after.find("l0ok"));
    auto longer = kept;
    longer.ends_ms = now + 10 * rules.ttl_ms;
    after.restore("3333", longer, now);
    EXPECT_EQ(after.find("3333")->ends_ms, now + rules.ttl_ms);
    after.restore("4444", kept, now);
    EXPECT_EQ(after.size(), 2U) << "no more than there may be";
}

TEST_F(ChannelsTest, CountsHowChannelsEnd) {
    auto page = std::make_unique<base::metrics::Page>();
    base::metrics::Registry registry(*page);
    const ChannelMetrics metrics{registry.gauge("open", "-"),       registry.gauge("bytes", "-"),
                                 registry.counter("created", "-"),  registry.counter("completed", "-"),
                                 registry.counter("expired", "-"),  registry.counter("deleted", "-"),
                                 registry.counter("destroyed", "-")};
    const auto shows = [&](const char* line) {
        return registry.render().contains(std::string("\n") + line + "\n");
    };
    rules.max_gets = 1;
    Channels exchange(rules, random, metrics);
    opened(exchange);
    const auto completed = opened(exchange);
    ASSERT_TRUE(delivers(exchange, completed, desk));
    ASSERT_TRUE(exchange.remove(completed, desk, now)) << "what is complete ends as that, whoever deletes it";
    ASSERT_TRUE(exchange.remove(opened(exchange), phone, now));
    ASSERT_TRUE(exchange.abandon(opened(exchange), phone, now));
    EXPECT_FALSE(delivers(exchange, opened(exchange), "short"));
    EXPECT_TRUE(exchange.works(now));
    EXPECT_TRUE(shows("open 1"));
    EXPECT_TRUE(shows("created 5")) << "not the one of the health check";
    exchange.sweep(now + rules.ttl_ms);
    for (const auto* line : {"open 0", "bytes 0", "completed 1", "expired 1", "deleted 2", "destroyed 1"})
        EXPECT_TRUE(shows(line)) << line << "\n" << registry.render();
}

TEST_F(ChannelsTest, ManyThreadsAtOnce) {
    base::SystemRandom system;
    rules.most_channels = 64;
    Channels exchange(rules, system);
    std::atomic<int> paired = 0;
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&] {
            for (int round = 0; round < 100; ++round) {
                const auto channel = exchange.open(phone, start);
                if (!channel) continue;
                auto tag = exchange.put(*channel, phone, if_none_match("*"), "one", start).tag;
                const bool read = exchange.get(*channel, desk, {}, start).has_value();
                tag = exchange.put(*channel, desk, if_match(tag), "two", start).tag;
                if (read && exchange.get(*channel, phone, {}, start)->tag == tag) ++paired;
                if (!exchange.remove(*channel, desk, start)) --paired;
            }
        });
    }
    for (auto& thread : threads)
        thread.join();
    EXPECT_EQ(paired, 400);
    EXPECT_EQ(exchange.size(), 0U);
    EXPECT_EQ(exchange.bytes(), 0U);
}

}  // namespace
}  // namespace homespun::sync::easysetup
