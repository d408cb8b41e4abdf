#include "base/jpake.hpp"

#include <gtest/gtest.h>
#include <openssl/bn.h>

#include <memory>
#include <type_traits>

#include "base/crypto.hpp"
#include "base/encoding.hpp"
#include "base/jpake_fixture.hpp"

namespace homespun::base::jpake {
namespace {

constexpr std::string_view pin = "k9gj5qzu";

std::string unhex(std::string_view text) {
    return hex_decode(text).value();
}

FirstRound begin(std::string signer, std::string peer, std::string_view seed) {
    SeededRandom random(seed);
    return FirstRound::begin(std::move(signer), std::move(peer), random).value();
}

/// Two sides after their first messages, made once: exponentiations cost.
const FirstRound& receiver() {
    static const auto it = begin("receiver", "sender", "one");
    return it;
}
const FirstRound& sender() {
    static const auto it = begin("sender", "receiver", "two");
    return it;
}

SecondRound second(const FirstRound& own, const Round1& peers, std::string_view secret = pin) {
    SeededRandom random("three");
    return own.next(peers, secret, random).value();
}

/// What `receiver` says to this first message.
void expect_refusal(const Round1& message, Fault fault, std::string_view field) {
    SeededRandom random("four");
    const auto refused = receiver().next(message, pin, random);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().fault, fault) << refused.error().message();
    EXPECT_EQ(refused.error().field, field);
    EXPECT_TRUE(refused.error().message().starts_with(field));
}

struct Free {
    void operator()(BIGNUM* it) const { BN_free(it); }
    void operator()(BN_CTX* it) const { BN_CTX_free(it); }
};
using Big = std::unique_ptr<BIGNUM, Free>;

Big big(std::string_view hex) {
    BIGNUM* made = nullptr;
    BN_hex2bn(&made, std::string(hex).c_str());
    return Big(made);
}
Big big_of_bytes(std::string_view bytes) {
    return Big(BN_bin2bn(reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()),
                         nullptr));
}
std::string bytes_of(const Big& number) {
    std::string text(static_cast<std::size_t>(BN_num_bytes(number.get())), '\0');
    BN_bn2bin(number.get(), reinterpret_cast<unsigned char*>(text.data()));
    return text;
}
std::string plus(std::string_view bytes, const Big& more) {
    const auto sum = big_of_bytes(bytes);
    BN_add(sum.get(), sum.get(), more.get());
    return bytes_of(sum);
}

constexpr std::string_view p_hex =
    "90066455B5CFC38F9CAA4A48B4281F292C260FEEF01FD61037E56258A7795A1C7AD46076982CE6BB956936C6AB4DCFE0"
    "5E6784586940CA544B9B2140E1EB523F009D20A7E7880E4E5BFA690F1B9004A27811CD9904AF70420EEFD6EA11EF7DA1"
    "29F58835FF56B89FAA637BC9AC2EFAAB903402229F491D8D3485261CD068699B6BA58A1DDBBEF6DB51E8FE34E8A78E54"
    "2D7BA351C21EA8D8F1D29F5D5D15939487E27F4416B0CA632C59EFD1B1EB66511A5A0FBF615B766C5862D0BD8A3FE7A0"
    "E0DA0FB2FE1FCB19E8F9996A8EA0FCCDE538175238FC8B0EE6F29AF7F642773EBE8CD5402415A01451A840476B2FCEB0"
    "E388D30D4B376C37FE401C2A2C2F941DAD179C540C1C8CE030D460C4D983BE9AB0B20F69144C1AE13F9383EA1C08504F"
    "B0BF321503EFE43488310DD8DC77EC5B8349B8BFE97C2C560EA878DE87C11E3D597F1FEA742D73EEC7F37BE43949EF1A"
    "0D15C3F3E3FC0A8335617055AC91328EC22B50FC15B941D3D1624CD88BC25F3E941FDDC6200689581BFEC416B4B2CB73";
constexpr std::string_view q_hex = "CFA0478A54717B08CE64805B76E5B14249A77A4838469DF7F7DC987EFCCFB11D";
constexpr std::string_view g_hex =
    "5E5CBA992E0A680D885EB903AEA78E4A45A469103D448EDE3B7ACCC54D521E37F84A4BDD5B06B0970CC2D2BBB715F7B8"
    "2846F9A0C393914C792E6A923E2117AB805276A975AADB5261D91673EA9AAFFEECBFA6183DFCB5D3B7332AA19275AFA1"
    "F8EC0B60FB6F66CC23AE4870791D5982AAD1AA9485FD8F4A60126FEB2CF05DB8A7F0F09B3397F3937F2E90B9E5B9C9B6"
    "EFEF642BC48351C46FB171B9BFA9EF17A961CE96C7E7A7CC3D3D03DFAD1078BA21DA425198F07D2481622BCE45969D9C"
    "4D6063D72AB7A0F08B2F49A7CC6AF335E08C4720E31476B67299E231F8BD90B39AC3AE3BE0C6B6CACEF8289A2E2873D5"
    "8E51E029CAFBD55E6841489AB66B5B4B9BA6E2F784660896AFF387D92844CCB8B69475496DE19DA2E58259B090489AC8"
    "E62363CDF82CFD8EF2A427ABCD65750B506F56DDE3B988567A88126B914D7828E2B63A6D7ED0747EC59E0E0A23CE7D8A"
    "74C1D2C2A7AFB6A29799620F00E11C33787F7DED3B30E1A22D09F1FBDA1ABBBFBF25CAE05A13F812E34563F99410E73B";

/// A proof of x = 0 that holds for value 1 and for everything congruent to it: gr = g^5, b = 5.
Proof proof_of_zero(std::string signer) {
    const std::unique_ptr<BN_CTX, Free> scratch(BN_CTX_new());
    const Big commitment(BN_new());
    BN_mod_exp(commitment.get(), big(g_hex).get(), big("5").get(), big(p_hex).get(), scratch.get());
    return {bytes_of(commitment), "\x05", std::move(signer)};
}

TEST(JpakeKeysTest, KnowTheSheetsVector) {
    const auto shared = unhex(
        "811565455b22c857a3e303d1f48ff72ae9ef42d9c3fe3740ce7772cb5bfe23491dd5b7ee5af4828ab9b7d5844866f378"
        "b4cf0156810aff0504ef2947402e8e40be1179cf7f37b231bc0db9e4e1bb239c849aa5c12ed2b0b4413017599270aae7"
        "1ee993dd755ee8c045c5fe03d713894692bf72158d9835ad905442edfd8235e1d0c915053debfc49d8248e4dae166087"
        "43aef5dab061f49fd6edd0b93ecdf9feafcbe47eb7e6c3678356d96e9bcd87814b13b9eb1a791fd446d69cb040ec7d71"
        "94031267e26f266ee3decbc1a85c5203427361997adf9823fbffe16af9946f1347c5354956356732e436ef5f8307e965"
        "54cf69a54e4e8a78552e3f506e9310a1c4438d3ddce44a37482270533e47fc40dc84abfe39c1f95328d0d2540074f630"
        "1d4f121c2f0eac49c47a2c430614234ca26dede2a429e2fdb6d282a85174886c3a68c3cf5edc87ccb82af4ae4a9a26ff"
        "fadc7f4d8ded4ff47b3d2d171f374b230e52e6b45963d3a0a6b20cbe6a440fd4a932279d52a6fd7694b4cbc0cb67ff3c");
    ASSERT_EQ(hex_encode(sha256(shared)), "e04818d0273010a9442e34b6f68af49553f08218ac77c4d822d772774197c1df");
    const auto keys = Keys::derive(shared);
    EXPECT_EQ(base64_encode(keys.encryption(), Base64::standard),
              "3TXwVlWf6YbuIPcg8m/2U4UXYV4a8RNu6pE2GOVkJJo=");
    EXPECT_EQ(base64_encode(keys.authentication(), Base64::standard),
              "L49fnEPAD31G5uEKy5e4bGZ6IF3G/62qW6Ua/1NvBeQ=");
    const auto padded = Keys::derive(std::string(3, '\0') + shared);
    EXPECT_EQ(padded.encryption(), keys.encryption()) << "leading zeros do not count";
}

TEST(JpakeKeysTest, AreWipedWhenMovedFrom) {
    static_assert(!std::is_copy_constructible_v<Keys> && !std::is_copy_assignable_v<Keys>);
    auto keys = Keys::derive("shared");
    const auto text = std::string(keys.encryption()) + std::string(keys.authentication());
    auto moved = std::move(keys);
    EXPECT_EQ(keys.encryption(), std::string(Keys::key_size, '\0'));
    EXPECT_EQ(keys.authentication(), std::string(Keys::key_size, '\0'));
    auto assigned = Keys::derive("other");
    assigned = std::move(moved);
    EXPECT_EQ(std::string(assigned.encryption()) + std::string(assigned.authentication()), text);
    EXPECT_EQ(moved.authentication(), std::string(Keys::key_size, '\0'));
}

/// The digests were computed with another language's integers, straight from the sheet's formulas.
TEST(JpakeTest, KnowsAnExchangeFromItsRandomNumbers) {
    SeededRandom receivers("r");
    SeededRandom senders("s");
    const auto one = FirstRound::begin("receiver", "sender", receivers).value();
    const auto two = FirstRound::begin("sender", "receiver", senders).value();
    const auto digest = [](const Round1& m) {
        return hex_encode(sha256(m.gx1 + m.gx2 + m.zkp_x1.gr + m.zkp_x1.b + m.zkp_x2.gr + m.zkp_x2.b));
    };
    EXPECT_EQ(digest(one.message()), "e182236e58744b77c693a000b05559e8b1cb18ab3707432c69b6eca0431edf43");
    EXPECT_EQ(digest(two.message()), "10df0d0e50da328433fa7167eebfbbbaf5a2e59522ac138841099a42ecae4a94");
    const auto one_more = one.next(two.message(), pin, receivers).value();
    const auto two_more = two.next(one.message(), pin, senders).value();
    const auto digest2 = [](const Round2& m) { return hex_encode(sha256(m.a + m.zkp_a.gr + m.zkp_a.b)); };
    EXPECT_EQ(digest2(one_more.message()),
              "596d90a8b958df1e07225a37c70817f18556df4ab163424e5c5e6ffcc6fc80b4");
    EXPECT_EQ(digest2(two_more.message()),
              "8eeb0c5c3319bdf24c4bb91899bc01df511ecf2e2e445bd7eefc471e0460bf80");
    for (const auto& keys :
         {one_more.finish(two_more.message()).value(), two_more.finish(one_more.message()).value()}) {
        EXPECT_EQ(hex_encode(keys.encryption()),
                  "a359b1e613cc37d445243e269de7d3abfc23d4b8608a6587999afc2c53eac51a");
        EXPECT_EQ(hex_encode(keys.authentication()),
                  "1219049bbec3c179a7602ac53c8c25ddcb36b18840895cfdf4d51df2cce61927");
    }
}

TEST(JpakeTest, EqualSecretsGiveEqualKeysEachTimeOthers) {
    SystemRandom random;
    std::string before;
    for (int i = 0; i < 3; ++i) {
        const auto one = FirstRound::begin("receiver", "sender", random).value();
        const auto two = FirstRound::begin("sender", "receiver", random).value();
        const auto one_more = one.next(two.message(), pin, random).value();
        const auto two_more = two.next(one.message(), pin, random).value();
        const auto ones = one_more.finish(two_more.message()).value();
        const auto twos = two_more.finish(one_more.message()).value();
        EXPECT_EQ(ones.encryption(), twos.encryption());
        EXPECT_EQ(ones.authentication(), twos.authentication());
        EXPECT_NE(ones.encryption(), ones.authentication());
        EXPECT_NE(ones.encryption(), before);
        before = ones.encryption();
    }
}

TEST(JpakeTest, AWrongSecretGivesOtherKeysAndNoError) {
    const auto one = second(receiver(), sender().message());
    for (const std::string_view wrong : {"k9gj5qzv", "l9gj5qzu", "k9gj5qz"}) {
        const auto two = second(sender(), receiver().message(), wrong);
        const auto ones = one.finish(two.message());
        const auto twos = two.finish(one.message());
        ASSERT_TRUE(ones && twos) << wrong;
        EXPECT_NE(ones->encryption(), twos->encryption()) << wrong;
        EXPECT_NE(ones->authentication(), twos->authentication()) << wrong;
    }
}

TEST(JpakeTest, ASecretOutOfRangeIsRefused) {
    SeededRandom random("five");
    const auto order = unhex(q_hex);
    auto most = order;
    --most.back();
    for (const auto& bad :
         {std::string(), std::string(8, '\0'), order, std::string(33, 'a'), std::string(999, 'a')}) {
        const auto refused = receiver().next(sender().message(), bad, random);
        ASSERT_FALSE(refused) << hex_encode(bad);
        EXPECT_EQ(refused.error().fault, Fault::secret_range);
        EXPECT_EQ(refused.error().field, "secret");
    }
    EXPECT_TRUE(receiver().next(sender().message(), most, random)) << "q - 1 is the largest";
}

TEST(JpakeTest, SignersMustDiffer) {
    SeededRandom random("six");
    const std::string longest(0xffff, 'n');
    for (const auto& [signer, peer] :
         std::vector<std::pair<std::string, std::string>>{{"sender", "sender"},
                                                          {"", "sender"},
                                                          {"sender", ""},
                                                          {longest + "n", "a"},
                                                          {"a", longest + "n"}}) {
        const auto refused = FirstRound::begin(signer, peer, random);
        ASSERT_FALSE(refused) << peer;
        EXPECT_EQ(refused.error().fault, Fault::same_signer);
    }
    EXPECT_TRUE(FirstRound::begin(longest, "a", random));
}

TEST(JpakeRound1Test, OurOwnMessageSentBackIsRefused) {
    expect_refusal(receiver().message(), Fault::wrong_signer, "zkp_x1");
}

TEST(JpakeRound1Test, AProofMadeUnderAnotherNameIsRefused) {
    auto renamed = begin("somebody", "receiver", "seven").message();
    expect_refusal(renamed, Fault::wrong_signer, "zkp_x1");
    renamed.zkp_x1.id = renamed.zkp_x2.id = "sender";
    expect_refusal(renamed, Fault::proof_fails, "zkp_x1");
    auto ours = receiver().message();
    ours.zkp_x1.id = ours.zkp_x2.id = "sender";
    expect_refusal(ours, Fault::proof_fails, "zkp_x1");
}

TEST(JpakeRound1Test, ValuesOutOfRangeAreRefusedThoughTheirProofsHold) {
    const auto p = big(p_hex);
    auto message = sender().message();
    for (const auto& value : {std::string("\x01"), plus("\x01", p), plus("", p)}) {
        message.gx1 = value;
        message.zkp_x1 = proof_of_zero("sender");
        expect_refusal(message, Fault::value_range, "gx1");
    }
    message = sender().message();
    const auto last = big(p_hex);
    BN_sub_word(last.get(), 1);
    for (const auto& value : {std::string(), std::string(5, '\0'), std::string("\x01"), bytes_of(last)}) {
        message.gx2 = value;
        message.zkp_x2 = proof_of_zero("sender");
        expect_refusal(message, Fault::value_range, "gx2");
    }
}

TEST(JpakeRound1Test, AValueOutsideTheGroupIsRefused) {
    auto message = sender().message();
    message.gx1 = "\x02";
    expect_refusal(message, Fault::not_in_group, "gx1");
}

TEST(JpakeRound1Test, AResponseThatIsNotReducedIsRefused) {
    const auto q = big(q_hex);
    auto message = sender().message();
    message.zkp_x2.b = plus(message.zkp_x2.b, q);
    expect_refusal(message, Fault::response_range, "zkp_x2");
}

TEST(JpakeRound1Test, ACommitmentThatIsNotReducedIsRefused) {
    const auto p = big(p_hex);
    auto message = sender().message();
    while (true) {  // some commitments plus p do not fit into the bytes of p
        message.zkp_x1.gr = plus(message.zkp_x1.gr, p);
        if (message.zkp_x1.gr.size() <= 384) break;
        message = begin("sender", "receiver", message.gx1).message();
    }
    expect_refusal(message, Fault::proof_fails, "zkp_x1");
}

TEST(JpakeRound1Test, NumbersTooLongAreRefused) {
    const std::string filler(385, '\0');
    for (const auto& [change, field] : std::vector<std::pair<std::string Round1::*, std::string_view>>{
             {&Round1::gx1, "gx1"}, {&Round1::gx2, "gx2"}}) {
        auto message = sender().message();
        message.*change = filler;
        expect_refusal(message, Fault::number_too_long, field);
    }
    for (const auto change : {&Proof::gr, &Proof::b}) {
        auto message = sender().message();
        message.zkp_x2.*change = filler + message.zkp_x2.*change;
        expect_refusal(message, Fault::number_too_long, "zkp_x2");
    }
}

TEST(JpakeRound1Test, LeadingZerosAreTaken) {
    auto message = sender().message();
    message.zkp_x1.b.insert(0, 10, '\0');
    SeededRandom random("eight");
    EXPECT_TRUE(receiver().next(message, pin, random));
}

TEST(JpakeRound1Test, EveryNumberOfAProofCounts) {
    for (const auto& [proof, field] : std::vector<std::pair<Proof Round1::*, std::string_view>>{
             {&Round1::zkp_x1, "zkp_x1"}, {&Round1::zkp_x2, "zkp_x2"}}) {
        for (const auto number : {&Proof::gr, &Proof::b}) {
            auto message = sender().message();
            (message.*proof.*number).back() ^= 1;
            expect_refusal(message, Fault::proof_fails, field);
        }
    }
    auto swapped = sender().message();
    std::swap(swapped.gx1, swapped.gx2);
    expect_refusal(swapped, Fault::proof_fails, "zkp_x1");
}

TEST(JpakeRound1Test, EqualValuesAreRefused) {
    auto message = sender().message();
    message.gx2 = message.gx1;
    message.zkp_x2 = message.zkp_x1;
    expect_refusal(message, Fault::equal_values, "gx2");
}

TEST(JpakeRound2Test, AProofOfAnotherExchangeIsRefused) {
    const auto one = second(receiver(), sender().message());
    const auto other = begin("receiver", "sender", "nine");
    const auto elsewhere = second(sender(), other.message());
    const auto refused = one.finish(elsewhere.message());
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().fault, Fault::proof_fails);
    EXPECT_EQ(refused.error().field, "zkp_A");
}

TEST(JpakeRound2Test, WrongMessagesAreRefused) {
    const auto one = second(receiver(), sender().message());
    const auto two = second(sender(), receiver().message());
    ASSERT_TRUE(one.finish(two.message()));
    const auto expect = [&](const Round2& message, Fault fault, std::string_view field) {
        const auto refused = one.finish(message);
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().fault, fault) << refused.error().message();
        EXPECT_EQ(refused.error().field, field);
    };
    expect(one.message(), Fault::wrong_signer, "zkp_A");
    auto message = two.message();
    message.a = "\x01";
    message.zkp_a = proof_of_zero("sender");
    expect(message, Fault::value_range, "A");
    message = two.message();
    message.a = "\x02";
    expect(message, Fault::not_in_group, "A");
    message = two.message();
    message.zkp_a.b = plus(message.zkp_a.b, big(q_hex));
    expect(message, Fault::response_range, "zkp_A");
    message = two.message();
    message.zkp_a.gr.back() ^= 1;
    expect(message, Fault::proof_fails, "zkp_A");
}

/// A generator that has lost its wits gives equal values: that is refused by the peer, and nothing spins.
TEST(JpakeTest, AStuckGeneratorEndsInARefusal) {
    class Stuck final : public Random {
      public:
        explicit Stuck(char byte) : byte_(byte) {}
        std::string bytes(std::size_t count) override { return std::string(count, byte_); }

      private:
        char byte_;
    };
    for (const char byte : {'\0', '\xff'}) {
        Stuck random(byte);
        const auto stuck = FirstRound::begin("sender", "receiver", random);
        ASSERT_TRUE(stuck);
        expect_refusal(stuck->message(), Fault::equal_values, "gx2");
    }
}

}  // namespace
}  // namespace homespun::base::jpake
