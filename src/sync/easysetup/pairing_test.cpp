// Whole pairings in memory: both sides and the rules of a server.

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/crypto.hpp"
#include "base/encoding.hpp"
#include "base/jpake_fixture.hpp"
#include "base/json.hpp"
#include "sync/easysetup/key_exchange_fixture.hpp"

namespace homespun::sync::easysetup {
namespace {

using base::jpake::SeededRandom;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// A receiver that shows its PIN, and a sender that was told it.
class Pair {
  public:
    explicit Pair(Version receivers = newest_version, Version senders = newest_version,
                  bool expect_delay = false)
        : receiver(receiver_random_, receivers) {
        step(receiver, server);
        step(receiver, server);  // receiver1 is there before anybody can type a PIN
        sender.emplace(*receiver.pin(), sender_random_, expect_delay, senders);
    }

    /// Until both rest: paired, or failed.
    void run() { easysetup::run(receiver, *sender, server); }
    void hand_over() {
        ASSERT_TRUE(sender->send(example_credentials()));
        run();
    }
    void type_wrong_pin() {
        auto pin = *receiver.pin();
        pin.secret.back() = pin.secret.back() == 'a' ? 'b' : 'a';
        sender.emplace(pin, sender_random_, false);
    }

  private:
    SeededRandom receiver_random_{"receiver"};
    SeededRandom sender_random_{"sender"};

  public:
    KeyExchange server;
    Receiver receiver;
    std::optional<Sender> sender;
};

std::string type_of(const KeyExchange::Upload& upload) {
    return *base::json::parse(upload.body)->string("type");
}

TEST(PairingTest, HandsOverTheCredentials) {
    Pair pair;
    EXPECT_FALSE(pair.receiver.started());
    pair.run();
    EXPECT_TRUE(pair.receiver.started());
    ASSERT_TRUE(pair.sender->paired());
    EXPECT_FALSE(pair.sender->sent());
    EXPECT_FALSE(pair.receiver.credentials());
    pair.hand_over();
    EXPECT_TRUE(pair.sender->sent());
    EXPECT_TRUE(pair.receiver.over());
    EXPECT_FALSE(pair.receiver.failure());
    ASSERT_TRUE(pair.receiver.credentials());
    EXPECT_EQ(*pair.receiver.credentials(), example_credentials());
    EXPECT_EQ(pair.server.deliveries(), 6) << "no more than the first server gave out";
    EXPECT_THAT(pair.server.reports(), IsEmpty());
}

TEST(PairingTest, MessagesComeInTheSheetsOrderWithPreconditions) {
    Pair pair;
    pair.run();
    pair.hand_over();
    std::vector<std::string> types;
    std::string before;
    for (const auto& upload : pair.server.uploads()) {
        types.push_back(type_of(upload));
        EXPECT_EQ(upload.if_none_match, types.size() == 1 ? "*" : "") << types.back();
        EXPECT_EQ(upload.if_match, before) << types.back();
        before = '"' + base::hex_encode(base::md5(upload.body)) + '"';
        const auto message = base::json::parse(upload.body);
        EXPECT_EQ(*message->integer("version"), 3);
    }
    EXPECT_THAT(types, ElementsAre("receiver1", "sender1", "receiver2", "sender2", "receiver3", "sender3"));
    const auto& last = pair.server.uploads().back().body;
    EXPECT_EQ(last.find(example_credentials().account), std::string::npos) << "nothing is readable";
}

TEST(PairingTest, AWrongPinIsToldAndKillsTheChannel) {
    Pair pair;
    pair.type_wrong_pin();
    pair.run();
    EXPECT_FALSE(pair.sender->paired());
    ASSERT_TRUE(pair.sender->failure());
    EXPECT_EQ(pair.sender->failure()->code, ErrorCode::keymismatch);
    EXPECT_THAT(pair.sender->failure()->detail, HasSubstr("PIN"));
    EXPECT_THAT(pair.server.reports(),
                ElementsAre(pair.receiver.pin()->channel + " jpake.error.keymismatch"));
    EXPECT_FALSE(pair.server.has(pair.receiver.pin()->channel));
    ASSERT_TRUE(pair.receiver.failure());
    EXPECT_EQ(pair.receiver.failure()->code, ErrorCode::nodata);
    EXPECT_FALSE(pair.receiver.credentials());
    EXPECT_FALSE(pair.sender->send(example_credentials()));
    EXPECT_TRUE(pair.sender->over() && pair.receiver.over());
}

TEST(PairingTest, CredentialsGoOnceAndOnlyWhenPaired) {
    Pair pair;
    EXPECT_FALSE(pair.sender->send(example_credentials()));
    step(*pair.sender, pair.server);
    EXPECT_FALSE(pair.sender->send(example_credentials())) << "half way";
    pair.run();
    auto broken = example_credentials();
    broken.password = "\xff";
    EXPECT_FALSE(pair.sender->send(broken));
    ASSERT_TRUE(pair.sender->paired());
    ASSERT_TRUE(pair.sender->send(example_credentials()));
    EXPECT_FALSE(pair.sender->send(example_credentials())) << "under way";
    pair.run();
    EXPECT_TRUE(pair.sender->sent());
    EXPECT_FALSE(pair.sender->send(example_credentials())) << "sent";
}

/// Each side in each version; the old ones know no preconditions and do not say who they are.
class VersionsTest : public testing::TestWithParam<std::tuple<Version, Version>> {};

TEST_P(VersionsTest, Pair) {
    const auto [receivers, senders] = GetParam();
    easysetup::Pair pair(receivers, senders);
    pair.run();
    pair.hand_over();
    ASSERT_TRUE(pair.receiver.credentials());
    EXPECT_EQ(*pair.receiver.credentials(), example_credentials());
    EXPECT_TRUE(pair.sender->sent());
    for (const auto& upload : pair.server.uploads()) {
        const auto version = type_of(upload).starts_with("receiver") ? receivers : senders;
        const auto message = base::json::parse(upload.body);
        const auto* said = message->integer("version");
        EXPECT_EQ(said == nullptr ? 1 : *said, version);
        EXPECT_EQ(upload.if_match.empty() && upload.if_none_match.empty(), version < hardened_version);
    }
}

TEST_P(VersionsTest, OnlyTheThirdWaitsForAnAccount) {
    const auto [receivers, senders] = GetParam();
    easysetup::Pair pair(receivers, senders, true);
    pair.run();
    EXPECT_EQ(pair.sender->paired(), receivers >= delay_version);
    if (receivers >= delay_version) return;
    EXPECT_EQ(pair.sender->failure()->code, ErrorCode::delayunsupported);
    EXPECT_THAT(pair.server.reports(),
                ElementsAre(pair.receiver.pin()->channel + " jpake.error.delayunsupported"));
    EXPECT_EQ(pair.receiver.failure()->code, ErrorCode::nodata);
}

INSTANTIATE_TEST_SUITE_P(All, VersionsTest,
                         testing::Combine(testing::Values(1, 2, 3), testing::Values(1, 2, 3)));

/// A server that cannot be heard now and then: the nth exchange with it goes wrong.
enum class Loss { request, answer };

struct Trial {
    bool done = false;  ///< the loss happened
    bool paired = false;
    bool all_well = false;
    std::optional<Failure> failure;
};

/// A pairing in which the nth request of `losing` (after receiver1) gets no answer.
Trial pair_with_loss(Version receivers, Version senders, Role losing, int nth, Loss loss) {
    Pair pair(receivers, senders);
    int count = 0;
    Trial trial;
    const auto lossy_step = [&](Party& party, Role role) {
        const auto* request = party.request();
        if (request == nullptr) return false;
        if (role == losing && ++count == nth) {
            trial.done = true;
            if (loss == Loss::answer) static_cast<void>(pair.server.answer(*request));
            party.unanswered();
            return true;
        }
        return step(party, pair.server);
    };
    bool handed_over = false;
    while (true) {
        const bool one = lossy_step(pair.receiver, Role::receiver);
        const bool two = lossy_step(*pair.sender, Role::sender);
        if (one || two) {
            if (pair.sender->paired() && !handed_over && pair.sender->request() == nullptr &&
                !pair.sender->over())
                handed_over = pair.sender->send(example_credentials()).has_value();
            continue;
        }
        break;
    }
    trial.paired = pair.sender->paired();
    trial.all_well = pair.receiver.credentials() && pair.sender->sent();
    trial.failure = losing == Role::receiver ? pair.receiver.failure() : pair.sender->failure();
    return trial;
}

TEST(FlakyNetworkTest, AnyLostRequestOrAnswerIsRepeated) {
    for (const Version other_version : {1, 3}) {
        for (const auto losing : {Role::receiver, Role::sender}) {
            for (const auto loss : {Loss::request, Loss::answer}) {
                int nth = 1;
                while (true) {
                    const auto trial = losing == Role::receiver
                                           ? pair_with_loss(3, other_version, losing, nth, loss)
                                           : pair_with_loss(other_version, 3, losing, nth, loss);
                    EXPECT_TRUE(trial.all_well)
                        << name_of(losing) << ", request " << nth << ", against version " << other_version
                        << ": " << (trial.failure ? trial.failure->detail : "");
                    if (!trial.done) break;
                    ++nth;
                }
                EXPECT_GT(nth, 6) << "both sides send six requests at least";
            }
        }
    }
}

/// The receiver is quicker than the sender's repetition, which must still find that it had arrived.
TEST(FlakyNetworkTest, TheSendersLastAnswerIsLostAndTheReceiverIsDone) {
    Pair pair;
    pair.run();
    ASSERT_TRUE(pair.sender->send(example_credentials()));
    static_cast<void>(pair.server.answer(*pair.sender->request()));
    pair.sender->unanswered();
    while (step(pair.receiver, pair.server)) {
    }
    EXPECT_TRUE(pair.receiver.credentials());
    step(*pair.sender, pair.server);
    EXPECT_TRUE(pair.sender->sent()) << pair.sender->failure().value_or(Failure{}).detail;
}

TEST(FlakyNetworkTest, TheFirstVersionGivesUp) {
    for (const auto loss : {Loss::request, Loss::answer}) {
        const auto trial = pair_with_loss(1, 3, Role::receiver, 3, loss);
        ASSERT_TRUE(trial.done);
        EXPECT_FALSE(trial.all_well);
        EXPECT_EQ(trial.failure->code, ErrorCode::network);
    }
}

/// What the other side must have said, to whom, when its message was changed on the way.
struct Changed {
    ErrorCode code;
    std::string detail;
};

/// A pairing in which the message of this type reaches its reader as `alter` leaves it.
Changed pair_with(std::string_view type, const std::function<std::string(std::string)>& alter) {
    Pair pair;
    pair.server.alter = [&](std::string body) {
        return body.contains('"' + std::string(type) + '"') ? alter(std::move(body)) : body;
    };
    pair.run();
    if (pair.sender->paired()) pair.hand_over();
    const bool to_sender = type.starts_with("receiver");
    Party& reader = to_sender ? static_cast<Party&>(*pair.sender) : pair.receiver;
    Party& writer = to_sender ? static_cast<Party&>(pair.receiver) : *pair.sender;
    EXPECT_TRUE(reader.over() && writer.over()) << type;
    EXPECT_FALSE(pair.receiver.credentials()) << type;
    if (!reader.failure()) return {ErrorCode::internal, "no failure"};
    EXPECT_THAT(pair.server.reports(), ElementsAre(pair.receiver.pin()->channel + ' ' +
                                                   std::string(name_of(reader.failure()->code))));
    // The last writer of all has gone; the others find the channel gone.
    if (type != "sender3") {
        EXPECT_EQ(writer.failure().value_or(Failure{}).code, ErrorCode::nodata) << type;
    }
    return {reader.failure()->code, reader.failure()->detail};
}

constexpr std::array all_types = {"receiver1", "sender1", "receiver2", "sender2", "receiver3", "sender3"};

TEST(GarbledTest, TruncatedMessagesAreRefused) {
    for (const auto* type : all_types) {
        for (const std::size_t part : {0, 1, 10, 50, 90, 99}) {
            const auto changed =
                pair_with(type, [&](std::string body) { return body.substr(0, body.size() * part / 100); });
            EXPECT_EQ(changed.code, ErrorCode::invalid) << type << ' ' << part;
            EXPECT_THAT(changed.detail, HasSubstr(type)) << part;
        }
    }
}

TEST(GarbledTest, OtherMessagesAreRefused) {
    for (const auto* type : all_types) {
        for (const auto* other_type : all_types) {
            if (std::string_view(type) == other_type) continue;
            const auto changed = pair_with(type, [&](std::string body) {
                return body.replace(body.find(type), std::string_view(type).size(), other_type);
            });
            EXPECT_EQ(changed.code, ErrorCode::wrongmessage) << type;
            EXPECT_EQ(changed.detail, fmt::format("{} is due, but {} came", type, other_type));
        }
        EXPECT_EQ(pair_with(type, [](const std::string&) { return "{}"; }).code, ErrorCode::wrongmessage);
        EXPECT_EQ(pair_with(type, [](const std::string&) { return "\xff\x00\x01"; }).code,
                  ErrorCode::invalid);
    }
}

/// Changes the last digit of the text that begins behind `key":"`.
std::string with_digit_changed(std::string body, std::string_view key) {
    const auto begin = body.find('"' + std::string(key) + "\":\"") + key.size() + 4;
    auto& digit = body[body.find('"', begin) - 1];
    digit = digit == '1' ? '2' : '1';
    return body;
}

TEST(GarbledTest, EveryNumberCounts) {
    const auto expect = [](std::string_view type, std::string_view key, std::string_view detail) {
        const auto changed =
            pair_with(type, [&](std::string body) { return with_digit_changed(std::move(body), key); });
        EXPECT_EQ(changed.code, ErrorCode::invalid) << type << ' ' << key;
        EXPECT_THAT(changed.detail, HasSubstr(detail));
    };
    for (const auto* type : {"receiver1", "sender1"}) {
        expect(type, "gx1", std::string(type) + ": gx1 is not in the group");
        expect(type, "gx2", std::string(type) + ": gx2 is not in the group");
        expect(type, "gr", std::string(type) + ": zkp_x1 does not prove its value");
        expect(type, "b", std::string(type) + ": zkp_x1 does not prove its value");
    }
    for (const auto* type : {"receiver2", "sender2"}) {
        expect(type, "A", std::string(type) + ": A is not in the group");
        expect(type, "gr", std::string(type) + ": zkp_A does not prove its value");
        expect(type, "b", std::string(type) + ": zkp_A does not prove its value");
    }
}

TEST(GarbledTest, ChangedCiphertextsAreRefused) {
    const auto change = [](std::string_view type, std::string_view from, std::string_view to) {
        return pair_with(type,
                         [&](std::string body) { return body.replace(body.find(from), from.size(), to); });
    };
    const auto digit = [](std::string_view type, std::string_view key) {
        return pair_with(type, [&](std::string body) {
            const auto at = body.find('"' + std::string(key) + "\":\"") + key.size() + 4;
            body[at] = body[at] == 'A' ? 'B' : 'A';
            return body;
        });
    };
    EXPECT_EQ(digit("receiver3", "ciphertext").code, ErrorCode::keymismatch);
    EXPECT_EQ(digit("receiver3", "IV").code, ErrorCode::keymismatch);
    EXPECT_EQ(change("receiver3", "\"IV\":\"", "\"IV\":\"A").detail,
              "receiver3: IV is not base64 of 16 bytes");
    EXPECT_EQ(digit("sender3", "ciphertext").detail, "sender3: not signed with our key");
    EXPECT_EQ(digit("sender3", "hmac").code, ErrorCode::keymismatch);
    EXPECT_EQ(change("sender3", "\"IV\":\"", "\"IV\":\"A").code, ErrorCode::invalid);
    // The first block hangs on the IV, which nothing signs: what comes out is no longer JSON.
    EXPECT_EQ(digit("sender3", "IV").detail.substr(0, 15), "the credentials");
}

net::http::ClientResponse response(std::string body, std::string_view tag = {}) {
    net::http::ClientResponse made{200, {}, std::move(body)};
    if (!tag.empty()) made.headers.set("ETag", tag);
    return made;
}

/// Who sits on the server and guesses the PIN goes on although the receiver's confirmation does not fit: what
/// comes then is not taken for credentials.
TEST(IntruderTest, CredentialsUnderOtherKeysAreRefused) {
    SeededRandom random("intruder");
    for (const bool guessed : {false, true}) {
        Receiver receiver(random);
        receiver.answered(response("\"eg2m\""));
        const auto guess = guessed ? receiver.pin()->secret : "aaaaaaaa";
        const auto first = base::jpake::FirstRound::begin("sender", "receiver", random).value();
        const auto second =
            first.next(parse_round1(receiver.request()->body, Role::receiver)->payload, guess, random)
                .value();
        receiver.answered(response({}, "\"1\""));
        receiver.answered(response(write_message(Role::sender, 3, first.message()), "\"2\""));
        const auto keys =
            second.finish(parse_round2(receiver.request()->body, Role::receiver)->payload).value();
        receiver.answered(response({}, "\"3\""));
        receiver.answered(response(write_message(Role::sender, 3, second.message()), "\"4\""));
        const auto confirmed = parse_sealed(receiver.request()->body, Role::receiver)->payload;
        EXPECT_EQ(confirms(keys, confirmed).value(), guessed);
        receiver.answered(response({}, "\"5\""));
        const auto sealed = seal(keys, write_credentials(example_credentials()), random);
        receiver.answered(response(write_message(Role::sender, 3, sealed), "\"6\""));
        EXPECT_EQ(receiver.credentials().has_value(), guessed);
        EXPECT_EQ(receiver.failure().value_or(Failure{ErrorCode::nodata, ""}).code,
                  guessed ? ErrorCode::nodata : ErrorCode::keymismatch);
    }
}

}  // namespace
}  // namespace homespun::sync::easysetup
