#include "base/json.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <cmath>
#include <limits>
#include <set>

#include "base/text.hpp"

namespace homespun::base::json {
namespace {

using namespace std::string_view_literals;

Value integer(std::int64_t number) {
    return Value(Value::Data(number));
}
Value real(double number) {
    return Value(Value::Data(number));
}
Value text(std::string content) {
    return Value(Value::Data(std::move(content)));
}

/// A well-formed UTF-8 text of random characters, escapes and rare planes among them.
std::string random_text() {
    static constexpr std::string_view characters[] = {
        "a",    "b",    "\"",   "\\",       "/",    "\n", "\t",           "\r",
        "\x01", "\x1f", "\x7f", "\xC3\xA9", "\0"sv, " ",  "\xE2\x82\xAC", "\xF0\x9F\x98\x80"};
    std::string result;
    for (const auto index :
         *rc::gen::container<std::vector<std::size_t>>(rc::gen::inRange<std::size_t>(0, 16)))
        result += characters[index];
    return result;
}

double random_double() {
    const auto bits = *rc::gen::arbitrary<std::uint64_t>();
    const auto number = std::bit_cast<double>(bits);
    return std::isfinite(number) ? number : static_cast<double>(bits);
}

Value random_value(int depth) {
    const auto kind = *rc::gen::inRange(0, depth > 0 ? 7 : 5);
    switch (kind) {
        case 0:
            return Value();
        case 1:
            return Value(Value::Data(*rc::gen::arbitrary<bool>()));
        case 2:
            return integer(*rc::gen::arbitrary<std::int64_t>());
        case 3:
            return real(random_double());
        case 4:
            return text(random_text());
        default:
            break;
    }
    const auto size = *rc::gen::inRange(0, 20);
    if (kind == 5) {
        Array array;
        for (int i = 0; i < size; ++i)
            array.push_back(random_value(depth - 1));
        return Value(std::move(array));
    }
    Object object;
    std::set<std::string> names;
    for (int i = 0; i < size; ++i) {
        auto name = random_text();
        if (names.insert(name).second) object.emplace_back(std::move(name), random_value(depth - 1));
    }
    return Value(std::move(object));
}

std::string nested(int levels, std::string_view innermost) {
    const auto count = static_cast<std::size_t>(levels);
    return std::string(count, '[') + std::string(innermost) + std::string(count, ']');
}

TEST(JsonParseTest, ReadsEveryKind) {
    const auto value = parse(R"( {"n":null,"t":true,"i":-7,"r":0.5,"s":"x\u00e9\n","a":[1,[]],"o":{}} )");
    ASSERT_TRUE(value);
    ASSERT_NE(value->object(), nullptr);
    EXPECT_TRUE(value->member("n")->is_null());
    EXPECT_TRUE(*value->boolean("t"));
    EXPECT_EQ(*value->integer("i"), -7);
    EXPECT_EQ(*value->member("r")->real(), 0.5);
    EXPECT_EQ(*value->string("s"), "x\xC3\xA9\n");
    EXPECT_EQ(*value->member("a")->array(), (Array{integer(1), Value(Array{})}));
    EXPECT_EQ(value->object()->back().first, "o");
}

TEST(JsonParseTest, ShorthandsDemandTheKind) {
    const auto value = parse(R"({"i":1,"s":"1"})");
    ASSERT_TRUE(value);
    EXPECT_EQ(value->string("i"), nullptr);
    EXPECT_EQ(value->integer("s"), nullptr);
    EXPECT_EQ(value->boolean("i"), nullptr);
    EXPECT_EQ(value->integer("absent"), nullptr);
    EXPECT_EQ(value->member("i")->member("x"), nullptr) << "no object";
}

TEST(JsonParseTest, KeepsIntegersExactly) {
    EXPECT_EQ(*parse("9223372036854775807")->integer(), INT64_MAX);
    EXPECT_EQ(*parse("-9223372036854775808")->integer(), INT64_MIN);
    EXPECT_EQ(*parse("9223372036854775808")->real(), 9223372036854775808.0);
    EXPECT_EQ(parse("1.0")->integer(), nullptr) << "a text with a point is a real";
    EXPECT_EQ(*parse("1e2")->real(), 100.0);
}

TEST(JsonParseTest, RefusesWhatIsNoJson) {
    for (const auto bad :
         {"",      " ",        "{",           "[1,]",        "{\"a\":1,}", "{a:1}",
          "'a'",   "01",       "+1",          ".5",          "1.",         "nul",
          "NaN",   "Infinity", "[1] 2",       "{} x",        "// c\n1",    "\"a",
          "[1 2]", "\"\n\"",   "\"\\x41\"",   "1e400",       "-1e400",     "123456789012345678901234567890",
          "[",     "]",        "\"\\ud800\"", "\"\\udc00x\""}) {
        EXPECT_FALSE(parse(bad)) << bad;
    }
    EXPECT_FALSE(parse("1\0"sv));
}

TEST(JsonParseTest, RefusesBadUtf8) {
    for (const auto bad :
         {"\"\xFF\""sv, "\"\xC0\x80\""sv, "\"\xED\xA0\x80\""sv, "\"\xE2\x82\""sv, "{\"\x80\":1}"sv}) {
        EXPECT_FALSE(parse(bad)) << testing::PrintToString(bad);
    }
}

TEST(JsonParseTest, RefusesTwoMembersOfOneName) {
    EXPECT_FALSE(parse(R"({"a":1,"a":1})"));
    EXPECT_FALSE(parse(R"({"a":1,"b":{"c":1,"d":2,"c":3}})"));
    EXPECT_FALSE(parse(R"({"a":1,"\u0061":2})")) << "names are compared after their escapes are read";
    EXPECT_TRUE(parse(R"({"a":{"a":1},"A":2})"));
    std::string many = "{";
    for (int i = 0; i < 40; ++i)
        many += "\"m" + std::to_string(i) + "\":0,";
    EXPECT_TRUE(parse(many + "\"last\":0}"));
    EXPECT_FALSE(parse(many + "\"m3\":0}")) << "large objects are checked too";
}

TEST(JsonParseTest, RefusesWhatIsNestedTooDeep) {
    for (const auto innermost : {"", "1", "\"x\""}) {
        EXPECT_TRUE(parse(nested(max_depth, innermost))) << innermost;
        EXPECT_FALSE(parse(nested(max_depth + 1, innermost))) << innermost;
    }
    EXPECT_TRUE(parse(nested(max_depth - 1, "{}")));
    EXPECT_FALSE(parse(nested(max_depth, "{}")));
    EXPECT_FALSE(parse(nested(2000, "")));
    EXPECT_FALSE(parse(std::string(100'000, '[')));
}

TEST(JsonParseTest, ReadsTheNextTextAfterAHugeOne) {
    const auto huge = "\"" + std::string(3 << 20, 'x') + "\"";
    EXPECT_EQ(parse(huge)->string()->size(), std::size_t{3} << 20);
    EXPECT_FALSE(parse(huge + "x"));
    EXPECT_EQ(*parse("1")->integer(), 1);
}

TEST(JsonWriterTest, PutsTheCommas) {
    std::string out;
    Writer writer(out);
    writer.begin_object()
        .member("a", 1)
        .key("b")
        .begin_array()
        .value(true)
        .null()
        .begin_object()
        .end_object();
    writer.end_array()
        .member("c", "x")
        .member("d", std::uint64_t{18446744073709551615U})
        .key("e")
        .raw("[0]")
        .end_object();
    EXPECT_EQ(out, R"({"a":1,"b":[true,null,{}],"c":"x","d":18446744073709551615,"e":[0]})");
}

TEST(JsonWriterTest, EscapesWhatMustBe) {
    std::string out;
    append_string(out, "\"\\/\b\f\n\r\t\x01\x1f\x7f\xC3\xA9\0"sv);
    EXPECT_EQ(out, "\"\\\"\\\\/\\u0008\\u000c\\n\\r\\t\\u0001\\u001f\x7f\xC3\xA9\\u0000\"");
}

TEST(JsonWriterTest, WritesTheShortestDouble) {
    const auto written = [](double number) {
        std::string out;
        append_double(out, number);
        return out;
    };
    EXPECT_EQ(written(0.1), "0.1");
    EXPECT_EQ(written(1), "1.0");
    EXPECT_EQ(written(-0.0), "-0.0");
    EXPECT_EQ(written(1e300), "1e+300");
    EXPECT_EQ(written(1700000000.12), "1700000000.12");
    EXPECT_EQ(written(std::numeric_limits<double>::denorm_min()), "5e-324");
}

TEST(JsonTest, ReadsBackWhatItWrote) {
    EXPECT_TRUE(rc::check([] {
        const auto value = random_value(3);
        const auto written = to_text(value);
        RC_ASSERT(is_utf8(written));
        const auto again = parse(written);
        RC_ASSERT(again.has_value());
        RC_ASSERT(*again == value);
        RC_ASSERT(to_text(*again) == written);
    }));
}

TEST(JsonTest, NeverAcceptsATornText) {
    EXPECT_TRUE(rc::check([] {
        const auto written = to_text(Value(Array{random_value(2)}));
        const auto size = *rc::gen::inRange<std::size_t>(0, written.size());
        RC_ASSERT(!parse(std::string_view(written).substr(0, size)));
    }));
}

}  // namespace
}  // namespace homespun::base::json
