// Our Receiver and Sender against a peer whose cryptography is all NSS's, message by message as Firefox wrote
// and read them: hex in upper case, base64 from NSS, the receiver's confirmation compared as text.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/encoding.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "nss_process.hpp"
#include "sync/easysetup/receiver.hpp"
#include "sync/easysetup/sender.hpp"

namespace homespun::tests {
namespace {

using namespace sync::easysetup;
namespace json = base::json;

constexpr std::string_view iv_hex = "000102030405060708090A0B0C0D0E0F";
constexpr std::string_view iv = "AAECAwQFBgcICQoLDA0ODw==";
constexpr std::string_view known_value = "30313233343536373839414243444546";

net::http::ClientResponse response(std::string body, std::string_view tag) {
    net::http::ClientResponse made{200, {}, std::move(body)};
    made.headers.set("ETag", tag);
    return made;
}

/// A Firefox: one side of a pairing, whatever it is told.
class Firefox {
  public:
    Firefox(std::string role, std::string secret)
        : role_(std::move(role)),
          peer_(role_ == "sender" ? "receiver" : "sender"),
          secret_(std::move(secret)) {}

    std::string message1() {
        const auto w = process_.ask("round1 " + role_);
        return envelope(1, fmt::format(R"("gx1":"{}","gx2":"{}","zkp_x1":{},"zkp_x2":{})", w.at(0), w.at(3),
                                       proof(w, 1), proof(w, 4)));
    }
    /// What it answers to our first message.
    std::string message2(const std::string& text) {
        const auto payload = payload_of(text, 1);
        const auto w = process_.ask("round2 " + peer_ + ' ' + secret_ + words(payload, "gx1", "zkp_x1") +
                                    words(payload, "gx2", "zkp_x2"));
        return envelope(2, fmt::format(R"("A":"{}","zkp_A":{})", w.at(0), proof(w, 1)));
    }
    /// Takes our second message; the keys are there now.
    void take2(const std::string& text) { process_.ask("final" + words(payload_of(text, 2), "A", "zkp_A")); }
    /// The receiver's confirmation, without a signature.
    std::string confirmation() {
        const auto w = process_.ask(fmt::format("encrypt {} {}", iv_hex, known_value));
        return envelope(3, fmt::format(R"("ciphertext":"{}","IV":"{}")", w.at(0), iv));
    }
    bool confirms(const std::string& text) {
        const auto payload = payload_of(text, 3);
        const auto w = process_.ask("encrypt " + iv_of(payload) + ' ' + std::string(known_value));
        return w.at(0) == *payload.string("ciphertext");
    }
    std::string sealed(std::string_view credentials) {
        const auto w = process_.ask(fmt::format("encrypt {} {}", iv_hex, base::hex_encode(credentials)));
        return envelope(3, fmt::format(R"("ciphertext":"{}","IV":"{}","hmac":"{}")", w.at(0), iv,
                                       base::to_lower(w.at(1))));
    }
    /// The text of our credentials, when signature and cipher hold.
    std::string opened(const std::string& text) {
        const auto payload = payload_of(text, 3);
        const auto w = process_.ask("decrypt " + iv_of(payload) + ' ' + *payload.string("ciphertext"));
        const auto clear = base::hex_decode(w.at(0)).value_or("");
        const auto again = process_.ask("encrypt " + iv_of(payload) + ' ' + base::hex_encode(clear));
        return base::to_lower(again.at(1)) == *payload.string("hmac") ? clear : "wrong hmac";
    }

  private:
    [[nodiscard]] std::string envelope(int number, const std::string& payload) const {
        return fmt::format(R"({{"type":"{}{}","version":3,"payload":{{{}}}}})", role_, number, payload);
    }
    [[nodiscard]] std::string proof(const std::vector<std::string>& w, std::size_t first) const {
        return fmt::format(R"({{"gr":"{}","b":"{}","id":"{}"}})", w.at(first), w.at(first + 1), role_);
    }
    [[nodiscard]] json::Value payload_of(const std::string& text, int number) const {
        const auto message = json::parse(text).value();
        EXPECT_EQ(*message.string("type"), peer_ + std::to_string(number));
        EXPECT_GE(*message.integer("version"), 3);
        return *message.member("payload");
    }
    [[nodiscard]] std::string words(const json::Value& payload, std::string_view value,
                                    std::string_view zkp) const {
        const auto* it = payload.member(zkp);
        EXPECT_EQ(*it->string("id"), peer_);
        return ' ' + *payload.string(value) + ' ' + *it->string("gr") + ' ' + *it->string("b");
    }
    static std::string iv_of(const json::Value& payload) {
        return base::hex_encode(base::base64_decode(*payload.string("IV"), base::Base64::standard).value());
    }

    NssProcess process_;
    std::string role_, peer_, secret_;
};

const Credentials& credentials() {
    static const Credentials it{"jane.doe@example.org", "horse \"battery\" st\xc3\xa4ple",
                                "q7ynpwq7vsc9m34hankbyi3s3i", "https://sync.example.org/"};
    return it;
}

TEST(NssPairingTest, WeReceiveFromFirefox) {
    base::SystemRandom random;
    Receiver receiver(random);
    receiver.answered(response("\"eg2m\"", "none"));
    Firefox firefox("sender", receiver.pin()->secret);
    const auto receiver1 = receiver.request()->body;
    receiver.answered(response({}, "\"1\""));
    receiver.answered(response(firefox.message1(), "\"2\""));
    const auto sender2 = firefox.message2(receiver1);
    firefox.take2(receiver.request()->body);
    receiver.answered(response({}, "\"3\""));
    receiver.answered(response(sender2, "\"4\""));
    ASSERT_FALSE(receiver.failure()) << receiver.failure()->detail;
    EXPECT_TRUE(firefox.confirms(receiver.request()->body));
    receiver.answered(response({}, "\"5\""));
    receiver.answered(response(firefox.sealed(write_credentials(credentials())), "\"6\""));
    ASSERT_TRUE(receiver.credentials()) << receiver.failure()->detail;
    EXPECT_EQ(*receiver.credentials(), credentials());
}

TEST(NssPairingTest, WeSendToFirefox) {
    base::SystemRandom random;
    for (const bool right : {true, false}) {
        Firefox firefox("receiver", right ? "k9gj5qzu" : "k9gj5qzv");
        Sender sender(Pin{"k9gj5qzu", "eg2m"}, random, true);
        sender.answered(response(firefox.message1(), "\"1\""));
        ASSERT_FALSE(sender.failure()) << sender.failure()->detail;
        const auto receiver2 = firefox.message2(sender.request()->body);
        sender.answered(response({}, "\"2\""));
        sender.answered(response(receiver2, "\"3\""));
        ASSERT_FALSE(sender.failure()) << sender.failure()->detail;
        firefox.take2(sender.request()->body);
        sender.answered(response({}, "\"4\""));
        sender.answered(response(firefox.confirmation(), "\"5\""));
        EXPECT_EQ(sender.paired(), right);
        if (!right) {
            EXPECT_EQ(sender.failure()->code, ErrorCode::keymismatch);
            continue;
        }
        ASSERT_TRUE(sender.send(credentials()));
        EXPECT_EQ(firefox.opened(sender.request()->body), write_credentials(credentials()));
    }
}

}  // namespace
}  // namespace homespun::tests
