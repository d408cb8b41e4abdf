// One side against single answers of a server.

#include "sync/easysetup/party.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/jpake_fixture.hpp"
#include "sync/easysetup/key_exchange_fixture.hpp"

namespace homespun::sync::easysetup {
namespace {

using namespace std::chrono_literals;
using base::jpake::SeededRandom;
using testing::HasSubstr;

net::http::ClientResponse response(int status, std::string body = {}, std::string_view tag = {}) {
    net::http::ClientResponse made{status, {}, std::move(body)};
    if (!tag.empty()) made.headers.set("ETag", tag);
    return made;
}

std::string header(const Request* request, std::string_view name) {
    return std::string(request->headers.find(name).value_or("none"));
}

class PartyTest : public testing::Test {
  protected:
    /// A receiver whose first message is at the server.
    void upload_first() {
        receiver_.answered(response(200, "\"eg2m\""));
        receiver_.answered(response(200, "\"\"", "\"mine\""));
    }
    void expect_over(const Party& party, ErrorCode code) {
        ASSERT_TRUE(party.failure());
        EXPECT_EQ(party.failure()->code, code) << party.failure()->detail;
        EXPECT_TRUE(party.over());
        EXPECT_EQ(party.request(), nullptr);
    }
    /// The report is due; the answer to it does not matter.
    void expect_report(Party& party, ErrorCode code) {
        ASSERT_TRUE(party.failure());
        EXPECT_EQ(party.failure()->code, code) << party.failure()->detail;
        const auto* request = party.request();
        ASSERT_NE(request, nullptr);
        EXPECT_FALSE(party.over());
        EXPECT_EQ(request->method + ' ' + request->path, "POST /report");
        EXPECT_EQ(request->body, "");
        EXPECT_EQ(header(request, "X-KeyExchange-Id").size(), 256U);
        EXPECT_EQ(header(request, "X-KeyExchange-Cid"), "eg2m");
        EXPECT_EQ(header(request, "X-KeyExchange-Log"), name_of(code));
        party.abort();
        EXPECT_EQ(party.failure()->code, code) << "the first failure counts";
        party.answered(response(500));
        expect_over(party, code);
    }

    SeededRandom random_{"party"};
    Receiver receiver_{random_};
    Sender sender_{Pin{"k9gj5qzu", "eg2m"}, random_, false};
};

TEST_F(PartyTest, AReceiverBeginsWithAChannel) {
    const auto* request = receiver_.request();
    ASSERT_NE(request, nullptr);
    EXPECT_EQ(request->method + ' ' + request->path, "GET /new_channel");
    EXPECT_EQ(header(request, "X-KeyExchange-Id").size(), 256U);
    EXPECT_EQ(header(request, "X-KeyExchange-Id").find_first_not_of("0123456789abcdef"), std::string::npos);
    EXPECT_NE(header(request, "X-KeyExchange-Id"), header(sender_.request(), "X-KeyExchange-Id"));
    EXPECT_EQ(request->wait, 0ms);
    EXPECT_FALSE(receiver_.pin());
    receiver_.answered(response(200, "\"eg2m\""));
    ASSERT_TRUE(receiver_.pin());
    EXPECT_EQ(receiver_.pin()->channel, "eg2m");
    request = receiver_.request();
    EXPECT_EQ(request->method + ' ' + request->path, "PUT /eg2m");
    EXPECT_EQ(header(request, "If-None-Match"), "*");
    EXPECT_EQ(header(request, "If-Match"), "none");
    EXPECT_EQ(header(request, "Content-Type"), "application/json");
    EXPECT_EQ(request->wait, 0ms);
    EXPECT_FALSE(receiver_.ready()) << "whoever typed the PIN now would find nothing";
    receiver_.answered(response(200, "\"\"", "\"mine\""));
    EXPECT_TRUE(receiver_.ready());
}

TEST_F(PartyTest, ARefusedChannelIsExplained) {
    for (const auto& [status, word] : {std::pair(403, "too many channels"), {503, "try again later"}}) {
        Receiver receiver(random_);
        receiver.answered(response(status));
        ASSERT_TRUE(receiver.failure());
        EXPECT_NE(receiver.failure()->detail.find(word), std::string::npos) << receiver.failure()->detail;
    }
}

TEST_F(PartyTest, NoChannelIsTheEnd) {
    for (const auto& answer :
         {response(503), response(400), response(200, "eg2m"), response(200, "\"eg1m\""),
          response(200, "\"../x\""), response(200, "[\"eg2m\"]"), response(200, ""), response(304)}) {
        Receiver receiver(random_);
        receiver.answered(answer);
        expect_over(receiver, ErrorCode::channel);
        EXPECT_FALSE(receiver.pin());
    }
}

TEST_F(PartyTest, AReceiverPollsForItsSender) {
    upload_first();
    const auto* request = receiver_.request();
    EXPECT_EQ(request->method + ' ' + request->path, "GET /eg2m");
    EXPECT_EQ(header(request, "If-None-Match"), "\"mine\"");
    EXPECT_EQ(request->wait, 2s);
    for (int i = 0; i < 300; ++i) {
        receiver_.answered(response(304));
        ASSERT_FALSE(receiver_.failure()) << i;
        EXPECT_EQ(receiver_.request()->wait, 1s);
    }
    receiver_.answered(response(304));
    expect_report(receiver_, ErrorCode::timeout);
}

TEST_F(PartyTest, WhoAsksMoreOftenDoesNotGiveUpSooner) {
    for (const auto [interval, times] : {std::pair(100ms, 3000), {5000ms, 60}}) {
        Receiver receiver(random_, newest_version, interval);
        receiver.answered(response(200, "\"eg2m\""));
        receiver.answered(response(200, "\"\"", "\"mine\""));
        EXPECT_EQ(receiver.request()->wait, 2 * interval);
        for (int i = 0; i < times; ++i) {
            receiver.answered(response(304));
            ASSERT_FALSE(receiver.failure()) << i;
            EXPECT_EQ(receiver.request()->wait, interval);
        }
        receiver.answered(response(304));
        expect_report(receiver, ErrorCode::timeout);
    }
}

TEST_F(PartyTest, OnlyPeopleAreWaitedForLong) {
    for (const auto& [version, last_tries] : {std::pair(2, 10), std::pair(3, 300)}) {
        KeyExchange server;
        Receiver receiver(random_, version);
        step(receiver, server);
        step(receiver, server);
        Sender sender(*receiver.pin(), random_, false);
        // The sender is silent after sender1: the receiver uploads receiver2, then asks 11 times in vain.
        while (server.uploads().size() < 2)
            step(sender, server);
        step(receiver, server);  // gets sender1
        step(receiver, server);  // puts receiver2
        int polls = 0;
        for (; !receiver.failure(); ++polls)
            step(receiver, server);
        EXPECT_EQ(receiver.failure()->code, ErrorCode::timeout);
        EXPECT_EQ(polls, 11);

        KeyExchange other;
        Receiver paired(random_, version);
        step(paired, other);
        step(paired, other);
        Sender silent(*paired.pin(), random_, false);
        while (!silent.paired()) {
            step(silent, other);
            if (!silent.paired()) step(paired, other);
        }
        polls = 0;
        for (; !paired.failure(); ++polls)
            step(paired, other);
        EXPECT_GE(polls, last_tries + 1);
        EXPECT_LE(polls, last_tries + 2);
    }
}

TEST_F(PartyTest, ASenderLooksAtOnceAndPollsBriefly) {
    const auto* request = sender_.request();
    EXPECT_EQ(request->method + ' ' + request->path, "GET /eg2m");
    EXPECT_EQ(header(request, "If-None-Match"), "none");
    EXPECT_EQ(request->wait, 0ms);
}

TEST_F(PartyTest, AnUnknownOrEmptyChannelIsToldApart) {
    Sender other(Pin{"k9gj5qzu", "eg2m"}, random_, false);
    other.answered(response(404));
    expect_over(other, ErrorCode::nodata);
    sender_.answered(response(200, "{}"));
    EXPECT_THAT(sender_.failure()->detail, HasSubstr("empty"));
    expect_report(sender_, ErrorCode::server);
}

TEST_F(PartyTest, OtherStatusesAreTheEnd) {
    for (const int status : {400, 403, 500, 503, 301, 204, 412}) {
        Receiver receiver(random_);
        receiver.answered(response(200, "\"eg2m\""));
        receiver.answered(response(status, "", "\"tag\""));
        EXPECT_THAT(receiver.failure()->detail, HasSubstr(std::to_string(status)));
        expect_report(receiver, ErrorCode::server);
        Sender sender(Pin{"k9gj5qzu", "eg2m"}, random_, false);
        sender.answered(response(status, "", "\"tag\""));
        expect_report(sender, ErrorCode::server);
    }
    receiver_.answered(response(200, "\"eg2m\""));
    receiver_.answered(response(404));
    expect_over(receiver_, ErrorCode::nodata);
}

TEST_F(PartyTest, AnUploadWithoutTagIsTheEnd) {
    receiver_.answered(response(200, "\"eg2m\""));
    receiver_.answered(response(200, "\"\""));
    expect_report(receiver_, ErrorCode::server);
}

TEST_F(PartyTest, ARepeatedUploadThatHadArrivedGoesOn) {
    receiver_.answered(response(200, "\"eg2m\""));
    const auto before = *receiver_.request();
    receiver_.unanswered();
    const auto* again = receiver_.request();
    EXPECT_EQ(again->method + again->path + again->body, before.method + before.path + before.body);
    EXPECT_EQ(header(again, "If-None-Match"), "*");
    EXPECT_EQ(again->wait, 2s);
    receiver_.answered(response(412, "", "\"mine\""));
    EXPECT_FALSE(receiver_.failure());
    EXPECT_EQ(receiver_.request()->method, "GET");
    EXPECT_EQ(header(receiver_.request(), "If-None-Match"), "\"mine\"");
}

TEST_F(PartyTest, ARepetitionBeforeDoesNotExcuseALaterUpload) {
    receiver_.unanswered();
    receiver_.answered(response(200, "\"eg2m\""));
    receiver_.answered(response(412, "", "\"mine\""));
    expect_report(receiver_, ErrorCode::server);
}

TEST_F(PartyTest, NoAnswerSixTimesIsTheEnd) {
    for (int i = 0; i < 5; ++i) {
        sender_.unanswered();
        ASSERT_FALSE(sender_.failure()) << i;
    }
    sender_.unanswered();
    expect_over(sender_, ErrorCode::network);
    upload_first();
    for (int i = 0; i < 20; ++i) {
        receiver_.unanswered();
        receiver_.answered(response(304));
    }
    EXPECT_FALSE(receiver_.failure()) << "an answer in between counts";
}

TEST_F(PartyTest, TheFirstVersionDoesNotRepeat) {
    Receiver receiver(random_, 1);
    receiver.unanswered();
    expect_over(receiver, ErrorCode::network);
}

TEST_F(PartyTest, APersonMayGiveUpAtAnyTime) {
    Receiver early(random_);
    early.abort();
    expect_over(early, ErrorCode::userabort);
    upload_first();
    receiver_.abort();
    expect_report(receiver_, ErrorCode::userabort);
    sender_.abort();
    EXPECT_EQ(sender_.failure()->code, ErrorCode::userabort);
    sender_.unanswered();
    expect_over(sender_, ErrorCode::userabort);
}

TEST_F(PartyTest, WhatComesUnaskedIsIgnored) {
    sender_.answered(response(404));
    sender_.answered(response(200, "{}", "\"tag\""));
    sender_.unanswered();
    sender_.abort();
    expect_over(sender_, ErrorCode::nodata);
}

}  // namespace
}  // namespace homespun::sync::easysetup
