#include "base/hawk.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "base/encoding.hpp"

namespace homespun::base::hawk {
namespace {

/// The example of the Hawk specification: resource.example.com, key and nonce as printed there.
constexpr std::string_view example_key = "werxhqb98rpaxn39848xrunpaw3489ruxnpa98w4rxn";

Header example_header() {
    Header header;
    header.id = "dh37fgj492je";
    header.ts = "1353832234";
    header.nonce = "j4h3g2";
    header.ext = "some-app-ext-data";
    return header;
}

constexpr Request example_request{"GET", "/resource/1?b=1&a=2", "example.com", 8000};

/// Text that may stand between the quotes of an attribute.
std::string attribute(std::size_t least) {
    auto text = *rc::gen::container<std::string>(
        rc::gen::suchThat(rc::gen::inRange<char>(' ', '\x7f'), [](char c) { return c != '"' && c != '\\'; }));
    if (text.size() > 100) text.resize(100);
    while (text.size() < least)
        text += 'x';
    return text;
}

std::optional<std::string> maybe_attribute() {
    return *rc::gen::arbitrary<bool>() ? std::optional(attribute(0)) : std::nullopt;
}

TEST(HawkMacTest, KnowsTheSpecificationsExample) {
    EXPECT_EQ(mac(example_key, example_header(), example_request),
              "6R4rV5iE+NPoym+WwjeHzjAGXUtLNIxmo1vpMofpLAE=");
}

TEST(HawkMacTest, KnowsTheSpecificationsExampleWithABody) {
    auto header = example_header();
    header.hash = payload_hash("text/plain", "Thank you for flying Hawk");
    EXPECT_EQ(*header.hash, "Yi9LfIIFRtBEPt74PVmbTF/xVAwPn7ub15ePICfgnuY=");
    EXPECT_EQ(mac(example_key, header, {"POST", "/resource/1?b=1&a=2", "example.com", 8000}),
              "aSe1DERmZuRl3pI36/9BdZmnErTw3sNzOOAUlfeKjVw=");
}

TEST(HawkMacTest, KnowsTheStorageTokensVector) {
    Header header;
    header.ts = "1700000000";
    header.nonce = "abc123";
    EXPECT_EQ(mac("ps7ePdEV24J5W45Sq22xGMpcyuRGclLmRItVD6QLBdI=", header,
                  {"GET", "/1.5/42/storage/bookmarks?full=1&ids=a%2Cb", "127.0.0.1", 8000}),
              "zvylBXvpLp4rZ90y9evzEhRQPS2DKU+hRGXJ0Yqygao=");
    EXPECT_EQ(payload_hash("application/json", R"([{"id":"a","payload":"x"}])"),
              "GiNvSH/+UHArHV6/jj4KSpkCFmH4lRxRlm4UmCNLIcM=");
}

TEST(HawkMacTest, CoversEverythingButTheHostsCase) {
    const auto header = example_header();
    const auto expected = mac(example_key, header, example_request);
    EXPECT_EQ(mac(example_key, header, {"GET", "/resource/1?b=1&a=2", "Example.COM", 8000}), expected);
    EXPECT_NE(mac(example_key, header, {"get", "/resource/1?b=1&a=2", "example.com", 8000}), expected);
    EXPECT_NE(mac(example_key, header, {"GET", "/resource/1?b=1&a=3", "example.com", 8000}), expected);
    EXPECT_NE(mac(example_key, header, {"GET", "/resource/1?b=1&a=2", "example.org", 8000}), expected);
    EXPECT_NE(mac(example_key, header, {"GET", "/resource/1?b=1&a=2", "example.com", 8001}), expected);
    EXPECT_NE(mac("other", header, example_request), expected);
    for (const auto change : {&Header::ts, &Header::nonce}) {
        auto other = header;
        other.*change += "1";
        EXPECT_NE(mac(example_key, other, example_request), expected);
    }
    for (const auto change : {&Header::hash, &Header::ext, &Header::app}) {
        auto other = header;
        other.*change = "1";
        EXPECT_NE(mac(example_key, other, example_request), expected);
    }
    auto without_ext = header;
    without_ext.ext.reset();
    auto empty_ext = header;
    empty_ext.ext = "";
    EXPECT_EQ(mac(example_key, without_ext, example_request), mac(example_key, empty_ext, example_request));
}

TEST(HawkPayloadTest, CutsParametersAndCase) {
    const auto bare = payload_hash("application/json", "{}");
    EXPECT_EQ(payload_hash("Application/JSON ; charset=utf-8", "{}"), bare);
    EXPECT_NE(payload_hash("application/json", "{} "), bare);
    EXPECT_NE(payload_hash("text/plain", "{}"), bare);
    Header header;
    EXPECT_TRUE(verify_payload(header, "application/json", "anything")) << "no hash sent";
    header.hash = bare;
    EXPECT_TRUE(verify_payload(header, "application/json", "{}"));
    EXPECT_FALSE(verify_payload(header, "application/json", "{ }"));
    header.hash = "";
    EXPECT_FALSE(verify_payload(header, "application/json", "{}"));
}

TEST(HawkHeaderTest, ReadsAttributesInAnyOrder) {
    const auto header =
        parse_header(R"( hAWK mac="m=",ext="", nonce ="n" ,  ts="1", hash="h", id="i" , app="a", dlg="d")");
    ASSERT_TRUE(header);
    EXPECT_EQ(header->id, "i");
    EXPECT_EQ(header->ts, "1");
    EXPECT_EQ(header->nonce, "n");
    EXPECT_EQ(header->mac, "m=");
    EXPECT_EQ(header->hash, "h");
    EXPECT_EQ(header->ext, "");
    EXPECT_EQ(header->app, "a");
    EXPECT_EQ(header->dlg, "d");
}

TEST(HawkHeaderTest, TellsAnotherScheme) {
    for (const auto other : {"", "Hawk", "Bearer x", "Basic eDp5", "Hawkish id=\"i\"", "Haw k"}) {
        const auto header = parse_header(other);
        ASSERT_FALSE(header) << other;
        EXPECT_EQ(header.error(), HeaderError::wrong_scheme) << other;
    }
}

TEST(HawkHeaderTest, RefusesWhatIsMalformed) {
    const std::string whole = R"(id="i", ts="1", nonce="n", mac="m")";
    ASSERT_TRUE(parse_header("Hawk " + whole));
    for (const auto& bad : {
             whole + R"(, id="j")",                        // a doubled attribute
             whole + R"(, ext="a", ext="b")",              //
             whole + R"(, colour="red")",                  // an unknown one
             whole + R"(, ext=a)",                         // no quotes
             whole + R"(, ext="a)",                        // no closing quote
             whole + R"(, ext="a\"b")",                    // a backslash
             whole + ", ext=\"a\nb\"",                     // a line end
             whole + R"( ext="a")",                        // no comma
             whole + R"(,, ext="a")",                      //
             whole + ", ext",                              // no value
             std::string(R"(id="i", ts="1", nonce="n")"),  // an attribute is missing
             std::string(R"(id="", ts="1", nonce="n", mac="m")"),
             std::string(R"(ID="i", ts="1", nonce="n", mac="m")"),
             std::string("x"),
             whole + ", ext=\"" + std::string(max_header_size, 'x') + "\"",
         }) {
        const auto header = parse_header("Hawk " + bad);
        ASSERT_FALSE(header) << bad;
        EXPECT_EQ(header.error(), HeaderError::malformed) << bad;
    }
}

TEST(HawkHeaderTest, HasALimit) {
    const std::string whole = R"(Hawk id="i", ts="1", nonce="n", mac="m", ext="")";
    const auto filled = [&](std::size_t size) {
        auto text = whole;
        text.insert(text.size() - 1, size - whole.size(), 'x');
        return text;
    };
    EXPECT_TRUE(parse_header(filled(max_header_size)));
    EXPECT_FALSE(parse_header(filled(max_header_size + 1)));
}

TEST(HawkTest, VerifiesWhatItSigned) {
    EXPECT_TRUE(rc::check([](const std::string& key) {
        Header header;
        header.id = attribute(1);
        header.ts = attribute(1);
        header.nonce = attribute(1);
        header.hash = maybe_attribute();
        header.ext = maybe_attribute();
        header.app = maybe_attribute();
        header.dlg = maybe_attribute();
        const auto read = parse_header(sign(key, header, example_request));
        RC_ASSERT(read.has_value());
        RC_ASSERT(read->id == header.id && read->ts == header.ts && read->nonce == header.nonce);
        RC_ASSERT(read->hash == header.hash && read->ext == header.ext);
        RC_ASSERT(read->app == header.app && read->dlg == header.dlg);
        RC_ASSERT(verify(key, *read, example_request));
        RC_ASSERT(!verify(key + "x", *read, example_request));
        auto forged = *read;
        forged.mac.pop_back();
        RC_ASSERT(!verify(key, forged, example_request));
    }));
}

}  // namespace
}  // namespace homespun::base::hawk
