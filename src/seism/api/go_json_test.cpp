#include "seism/api/go_json.hpp"

#include <gtest/gtest.h>

#include <array>

namespace homespun::seism::go_json {
namespace {

std::string error_of(std::string_view text) {
    const auto value = decode(text);
    return value ? "none" : value.error().message;
}

std::string written(float number) {
    std::string text;
    append_number(text, number);
    return text;
}

TEST(GoJson, ReadsTheFirstValueOnly) {
    const auto value = decode(" {\"a\": [1, \"x\", true, null, {}]} trailing {");
    ASSERT_TRUE(value);
    ASSERT_EQ(value->names.size(), 1U);
    const auto& items = value->items[0].items;
    ASSERT_EQ(items.size(), 5U);
    EXPECT_EQ(items[0].text, "1");
    EXPECT_EQ(items[1].text, "x");
    EXPECT_TRUE(items[2].boolean);
    EXPECT_EQ(items[3].kind, Value::Kind::null);
    EXPECT_EQ(items[4].kind, Value::Kind::object);
    EXPECT_EQ(decode("12x")->text, "12");
    EXPECT_EQ(decode("nullx")->kind, Value::Kind::null);
}

TEST(GoJson, ErrorsHaveGosWords) {
    EXPECT_EQ(error_of(""), "EOF");
    EXPECT_EQ(error_of(" \n"), "EOF");
    EXPECT_EQ(error_of("{"), "unexpected EOF");
    EXPECT_EQ(error_of("[1,"), "unexpected EOF");
    EXPECT_EQ(error_of("\"a"), "unexpected EOF");
    EXPECT_EQ(error_of("tr"), "unexpected EOF");
    EXPECT_EQ(error_of("-"), "unexpected EOF");
    EXPECT_EQ(error_of("not json"), "invalid character 'o' in literal null (expecting 'u')");
    EXPECT_EQ(error_of("x"), "invalid character 'x' looking for beginning of value");
    EXPECT_EQ(error_of("'"), "invalid character '\\'' looking for beginning of value");
    EXPECT_EQ(error_of("\x01"), "invalid character '\\x01' looking for beginning of value");
    EXPECT_EQ(error_of("\xc3\xbc"), "invalid character 'Ã' looking for beginning of value");
    EXPECT_EQ(error_of("{a"), "invalid character 'a' looking for beginning of object key string");
    EXPECT_EQ(error_of("{\"a\" 1"), "invalid character '1' after object key");
    EXPECT_EQ(error_of("{\"a\":1 \"b\""), "invalid character '\"' after object key:value pair");
    EXPECT_EQ(error_of("{\"a\":1,}"), "invalid character '}' looking for beginning of object key string");
    EXPECT_EQ(error_of("[1 2]"), "invalid character '2' after array element");
    EXPECT_EQ(error_of("[1,]"), "invalid character ']' looking for beginning of value");
    EXPECT_EQ(error_of("\"a\nb\""), "invalid character '\\n' in string literal");
    EXPECT_EQ(error_of("\"\\x\""), "invalid character 'x' in string escape code");
    EXPECT_EQ(error_of("\"\\u00g0\""), "invalid character 'g' in \\u hexadecimal character escape");
    EXPECT_EQ(error_of("-a"), "invalid character 'a' in numeric literal");
    EXPECT_EQ(error_of("1.a"), "invalid character 'a' after decimal point in numeric literal");
    EXPECT_EQ(error_of("1ex"), "invalid character 'x' in exponent of numeric literal");
    EXPECT_EQ(error_of("[01]"), "invalid character '1' after array element");
    EXPECT_EQ(error_of(std::string(100'000, '[')), "invalid character '[' exceeded max depth");
}

TEST(GoJson, TextsBecomeUtf8) {
    EXPECT_EQ(decode(R"("\u00fc\n\/\ud83d\ude00")")->text, "ü\n/😀");
    EXPECT_EQ(decode(R"("\ud83dx\udc00")")->text, "\xef\xbf\xbdx\xef\xbf\xbd");
    EXPECT_EQ(decode(R"("\ud83d\u0041")")->text,
              "\xef\xbf\xbd"
              "A");
    EXPECT_EQ(decode("\"a\xff\xc3\"")->text, "a\xef\xbf\xbd\xef\xbf\xbd");
}

struct Filled {
    std::string name = "standard";
    bool flag = true;
    std::optional<bool> maybe;
    std::int64_t integer = 7;
    float share = 1;
    const Value* attributes = nullptr;
    std::string error;
};

Filled filled(std::string_view text) {
    Filled result;
    static Value value;
    value = *decode(text);
    const std::array<Field, 6> fields = {
        {{"name", &result.name},
         {"flag", &result.flag},
         {"maybe", &result.maybe},
         {"integer", &result.integer},
         {"share", &result.share},
         {"attributes", Nested{&result.attributes, Value::Kind::object, "toxics.NoopToxic"}}}};
    if (const auto fits = fill(value, {"Go value of type t.T", "T."}, fields); !fits)
        result.error = fits.error().message;
    return result;
}

TEST(GoJson, FillsFieldsWhateverTheirCase) {
    const auto all = filled(
        R"({"NAME":"a","Flag":false,"maybe":true,"integer":-9223372036854775808,"share":0.1,"x":[],"Name":"b",
            "attributes":{}})");
    EXPECT_EQ(all.error, "");
    EXPECT_EQ(all.name, "b");
    EXPECT_FALSE(all.flag);
    EXPECT_EQ(all.maybe, true);
    EXPECT_EQ(all.integer, std::numeric_limits<std::int64_t>::min());
    EXPECT_EQ(all.share, 0.1F);
    ASSERT_NE(all.attributes, nullptr);
    const auto nothing = filled(R"({"name":null,"integer":null,"attributes":null})");
    EXPECT_EQ(nothing.error, "");
    EXPECT_EQ(nothing.name, "standard");
    EXPECT_EQ(nothing.integer, 7);
    EXPECT_EQ(nothing.attributes, nullptr);
    EXPECT_EQ(filled("null").error, "");
}

TEST(GoJson, SaysTheFirstMemberThatDoesNotFit) {
    const auto misfit = [](std::string_view value, std::string_view field) {
        return "json: cannot unmarshal " + std::string(value) + " into Go struct field T." +
               std::string(field);
    };
    EXPECT_EQ(filled("[]").error, "json: cannot unmarshal array into Go value of type t.T");
    EXPECT_EQ(filled(R"({"name":5,"flag":""})").error, misfit("number", "name of type string"));
    EXPECT_EQ(filled(R"({"flag":1})").error, misfit("number", "flag of type bool"));
    EXPECT_EQ(filled(R"({"maybe":{}})").error, misfit("object", "maybe of type bool"));
    EXPECT_EQ(filled(R"({"integer":1.5})").error, misfit("number 1.5", "integer of type int64"));
    EXPECT_EQ(filled(R"({"integer":1e3})").error, misfit("number 1e3", "integer of type int64"));
    EXPECT_EQ(filled(R"({"integer":9223372036854775808})").error,
              misfit("number 9223372036854775808", "integer of type int64"));
    EXPECT_EQ(filled(R"({"integer":"1"})").error, misfit("string", "integer of type int64"));
    EXPECT_EQ(filled(R"({"share":1e99})").error, misfit("number 1e99", "share of type float32"));
    EXPECT_EQ(filled(R"({"share":true})").error, misfit("bool", "share of type float32"));
    EXPECT_EQ(filled(R"({"attributes":5})").error, misfit("number", "attributes of type toxics.NoopToxic"));
    EXPECT_EQ(filled(R"({"share":1e-99})").share, 0);
}

TEST(GoJson, WritesAsGo) {
    std::string text;
    append_string(text, "a b/ü<>&\"\\\n\x01\xe2\x80\xa8");
    EXPECT_EQ(text, R"("a b/ü\u003c\u003e\u0026\"\\\n\u0001\u2028")");
    EXPECT_EQ(written(1), "1");
    EXPECT_EQ(written(-1), "-1");
    EXPECT_EQ(written(0.2F), "0.2");
    EXPECT_EQ(written(0.123456789F), "0.12345679");
    EXPECT_EQ(written(0), "0");
    EXPECT_EQ(written(-12.5F), "-12.5");
    EXPECT_EQ(written(0.001F), "0.001");
    EXPECT_EQ(written(1e-7F), "1e-7");
    EXPECT_EQ(written(-1.5e-10F), "-1.5e-10");
    EXPECT_EQ(written(1e21F), "1e+21");
    EXPECT_EQ(written(3e20F), "300000000000000000000");
    std::string real;
    append_number(real, 0.1);
    EXPECT_EQ(real, "0.1");
}

}  // namespace
}  // namespace homespun::seism::go_json
