#include "sync/protocol/bso.hpp"

#include <gtest/gtest.h>

#include "base/json.hpp"

namespace homespun::sync::protocol {
namespace {

using Failed = std::vector<std::pair<std::string, std::string>>;
using Ids = std::vector<std::string>;

const Limits defaults;

std::expected<PostBody, BodyRefusal> post(std::string_view body, std::string_view collection = "col",
                                          const Limits& limits = defaults) {
    return parse_post_body(body, BodyFormat::json, collection, limits);
}
std::expected<PostBody, BodyRefusal> lines(std::string_view body) {
    return parse_post_body(body, BodyFormat::newlines, "col", defaults);
}
std::expected<store::RecordUpdate, BodyRefusal> put(std::string_view body,
                                                    std::string_view collection = "col",
                                                    const Limits& limits = defaults) {
    return parse_put_body(body, collection, "path", limits);
}
template <class T>
int fault(const std::expected<T, BodyRefusal>& parsed) {
    return parsed ? 0 : static_cast<int>(parsed.error().fault);
}
Ids ids_of(const PostBody& body) {
    Ids ids;
    for (const auto& update : body.updates)
        ids.push_back(update.id);
    return ids;
}
Ids failed_ids(const PostBody& body) {
    Ids ids;
    for (const auto& [id, reason] : body.failed)
        ids.push_back(id);
    return ids;
}
std::string item(std::string_view id, std::string_view fields) {
    return "{\"id\":\"" + std::string(id) + "\"" + std::string(fields) + "}";
}
std::string with_payload(std::string_view id, std::size_t size) {
    return item(id, ",\"payload\":\"" + std::string(size, 'x') + "\"");
}

TEST(RecordId, OneTo64PrintableCharacters) {
    for (const auto* good :
         {"a", " ", "~", "{d6c2ee5c-3b1a-4bd4-8f3d-2f6b5e0e5f0a}", "a,b", "a/b", "Zm9v=="}) {
        EXPECT_TRUE(valid_record_id(good)) << good;
    }
    EXPECT_TRUE(valid_record_id(std::string(64, 'x')));
    EXPECT_FALSE(valid_record_id(std::string(65, 'x')));
    for (const auto* bad : {"", "A\nB", "A\n", "\nN", "\t", "\x7f", "\x1f", "\xc3\xa4"})
        EXPECT_FALSE(valid_record_id(bad));
    EXPECT_FALSE(valid_record_id(std::string_view("a\0", 2)));
}

TEST(CollectionName, OneTo32Characters) {
    for (const auto* good : {"a", "xxx-yyy_Z.9", "12345678901234567890123456789012"}) {
        EXPECT_TRUE(valid_collection_name(good)) << good;
    }
    for (const auto* bad : {"", "a b", "a/b", "a\n", "x%", "\xc3\xa4", "123456789012345678901234567890123"}) {
        EXPECT_FALSE(valid_collection_name(bad)) << bad;
    }
}

TEST(PutBody, TakesAllFields) {
    const auto update =
        put(R"({"id":"other","payload":"p\n\u00e4","sortindex":-5,"ttl":7,"modified":1,"collection":"x"})");
    ASSERT_TRUE(update);
    EXPECT_EQ(update->id, "path");
    EXPECT_EQ(update->payload, "p\n\xc3\xa4");
    EXPECT_EQ(update->sortindex, -5);
    EXPECT_EQ(update->ttl, 7);
    ASSERT_TRUE(put("{}"));
    EXPECT_EQ(put("{}")->payload, std::nullopt);
}

TEST(PutBody, NullMeansAbsent) {
    const auto update = put(R"({"id":null,"payload":null,"sortindex":null,"ttl":null,"modified":null})");
    ASSERT_TRUE(update);
    EXPECT_EQ(update->payload, std::nullopt);
    EXPECT_EQ(update->sortindex, std::nullopt);
    EXPECT_EQ(update->ttl, std::nullopt);
}

TEST(PutBody, MalformedJsonIsSixWrongShapeIsEight) {
    for (const auto* body : {"", "{", "nope", "{}{}", "{\"a\"}", "\xff", "{\"payload\":\"\xff\"}", "[1,]"}) {
        EXPECT_EQ(fault(put(body)), 6) << body;
    }
    for (const auto* body :
         {"\"notabso\"", "42", "[]", "null", R"({"id":["a"]})", R"({"id":{"a":1}})", R"({"id":1})",
          R"({"payload":42})", R"({"payload":["x"]})", R"({"payload":{"x":1}})", R"({"payload":true})",
          R"({"id":""})", R"({"id":"a\n"})", R"({"unknown":1})", R"({"payload_size":3})"}) {
        EXPECT_EQ(fault(put(body)), 8) << body;
    }
}

TEST(PutBody, NumbersAreWholeAndBounded) {
    for (const auto* good : {"0", "-1", "999999999", "-999999999"}) {
        EXPECT_TRUE(put("{\"sortindex\":" + std::string(good) + "}")) << good;
    }
    for (const auto* bad : {"1000000000", "-1000000000", "\"2\"", "\"2.6\"", "\"xxx\"", "2.6", "1.0", "1e3",
                            "true", "[]", "9999999999999999999"}) {
        EXPECT_EQ(fault(put("{\"sortindex\":" + std::string(bad) + "}")), 8) << bad;
    }
    for (const auto* good : {"0", "94608000", "999999999"})
        EXPECT_TRUE(put("{\"ttl\":" + std::string(good) + "}")) << good;
    for (const auto* bad : {"-1", "1000000000", "\"3\"", "1.5", "false"}) {
        EXPECT_EQ(fault(put("{\"ttl\":" + std::string(bad) + "}")), 8) << bad;
    }
}

TEST(PutBody, PayloadLimitIsInclusive) {
    const Limits limits{.max_record_payload_bytes = 4};
    EXPECT_TRUE(put(R"({"payload":"1234"})", "col", limits));
    EXPECT_EQ(fault(put(R"({"payload":"12345"})", "col", limits)), 17);
    // Bytes, not characters.
    EXPECT_TRUE(put(R"({"payload":"ää"})", "col", limits));
    EXPECT_EQ(fault(put(R"({"payload":"äää"})", "col", limits)), 17);
}

TEST(CryptoRule, AZeroIvIsRefusedInCryptoOnly) {
    for (const std::string gap : {"", " ", "  \\t\\n"}) {
        const std::string payload = R"({"payload":"{\"IV\":)" + gap + R"(\"AAAAAAAAAAAAAAAAAAAAAA==\"}")";
        EXPECT_EQ(fault(put(payload + "}", "crypto")), 8) << gap;
        EXPECT_TRUE(put(payload + "}", "col"));
        EXPECT_EQ(fault(post("[{\"id\":\"ok\"}," + payload + ",\"id\":\"keys\"}]", "crypto")), 8);
        EXPECT_TRUE(post("[" + payload + ",\"id\":\"keys\"}]", "tabs"));
    }
    EXPECT_TRUE(put(R"({"payload":"{\"IV\":\"AAAAAAAAAAAAAAAAAAAAAB==\"}"})", "crypto"));
    EXPECT_TRUE(put(R"({"payload":"IV\":  "})", "crypto"));
    EXPECT_EQ(fault(put(R"({"payload":"IV\":x IV\":\"AAAAAAAAAAAAAAAAAAAAAA=="})", "crypto")), 8);
}

TEST(PostBody, TakesRecordsInOrder) {
    const auto body =
        post(R"([{"id":"b","payload":"1","sortindex":3,"ttl":5},{"id":"a"},{"id":"c","modified":"x"}])");
    ASSERT_TRUE(body);
    EXPECT_EQ(ids_of(*body), (Ids{"b", "a", "c"}));
    EXPECT_EQ(body->updates[0].payload, "1");
    EXPECT_EQ(body->updates[0].sortindex, 3);
    EXPECT_EQ(body->updates[0].ttl, 5);
    EXPECT_EQ(body->updates[1].payload, std::nullopt);
    EXPECT_TRUE(body->failed.empty());
    EXPECT_TRUE(post("[]"));
    EXPECT_TRUE(post(" [ ] "));
}

TEST(PostBody, WholeRequestRefusals) {
    for (const auto* body : {"", "[", "[{]", "\xff", "[{\"id\":\"a\"}]x"})
        EXPECT_EQ(fault(post(body)), 6) << body;
    for (const auto* body : {"{}", "\"text\"", "42", "null", R"([{"id":"a"},"b"])", R"([{"id":"a"},[]])",
                             "[null]", R"([{"payload":"x"}])", R"([{"id":null}])", R"([{"id":3}])",
                             R"([{"id":"a"},{"id":"b"},{"id":"a"}])", R"([{"id":"\n"},{"id":"\n"}])"}) {
        EXPECT_EQ(fault(post(body)), 8) << body;
    }
}

TEST(PostBody, FaultsOfSingleRecordsDoNotSpoilTheRest) {
    const auto body = post("[" + item("good", "") + "," + item("unknown", R"(,"odd":1)") + "," +
                           item("sort", R"(,"sortindex":"2.6")") + "," + item("ttl", R"(,"ttl":"3")") + "," +
                           item("neg", R"(,"ttl":-1)") + "," + item("pay", R"(,"payload":42)") + "," +
                           item("a\\nb", "") + "," + item("", "") + "," + item("\\t", "") + "," +
                           item(std::string(65, 'x'), "") + "," + item("last", R"(,"ttl":null)") + "]");
    ASSERT_TRUE(body);
    EXPECT_EQ(ids_of(*body), (Ids{"good", "last"}));
    EXPECT_EQ(failed_ids(*body),
              (Ids{"unknown", "sort", "ttl", "neg", "pay", "a\nb", "", "\t", std::string(65, 'x')}));
    for (const auto& [id, reason] : body->failed)
        EXPECT_FALSE(reason.empty());
}

TEST(PostBody, RecordsBeyondTheLimitAreToBeRetried) {
    const Limits limits{.max_post_records = 2};
    const auto body =
        post(R"([{"id":"a"},{"id":"bad","ttl":-1},{"id":"b"},{"id":"c"},{"id":"d"}])", "col", limits);
    ASSERT_TRUE(body);
    // An invalid record takes no place.
    EXPECT_EQ(ids_of(*body), (Ids{"a", "b"}));
    EXPECT_EQ(body->failed[1], (Failed::value_type{"c", "retry bso"}));
    EXPECT_EQ(body->failed[2], (Failed::value_type{"d", "retry bso"}));
}

TEST(PostBody, TheByteSumIsInclusiveAndCountsRefusedPayloads) {
    const Limits limits{.max_post_bytes = 10, .max_record_payload_bytes = 8};
    const auto exact = post("[" + with_payload("a", 5) + "," + with_payload("b", 5) + "]", "col", limits);
    EXPECT_TRUE(exact->failed.empty());
    const auto over = post("[" + with_payload("a", 5) + "," + with_payload("b", 6) + "," +
                               with_payload("c", 1) + "," + with_payload("d", 0) + "]",
                           "col", limits);
    EXPECT_EQ(ids_of(*over), (Ids{"a"}));
    EXPECT_EQ(over->failed, (Failed{{"b", "retry bytes"}, {"c", "retry bytes"}, {"d", "retry bytes"}}));
    // One too big for itself counts as well; one that is invalid does not.
    const auto big =
        post("[" + with_payload("big", 9) + "," + with_payload("a", 1) + "," + with_payload("b", 1) + "]",
             "col", limits);
    EXPECT_EQ(ids_of(*big), (Ids{"a"}));
    EXPECT_EQ(big->failed, (Failed{{"big", "retry bytes"}, {"b", "retry bytes"}}));
    const auto invalid =
        post("[" + item("bad", R"(,"payload":"12345678","ttl":-1)") + "," + with_payload("a", 8) + "]", "col",
             limits);
    EXPECT_EQ(ids_of(*invalid), (Ids{"a"}));
}

TEST(NewlinesBody, OneObjectALine) {
    const auto body = lines("{\"id\":\"a\",\"payload\":\"x\\ny\"}\n{\"id\":\"b\"}");
    ASSERT_TRUE(body);
    EXPECT_EQ(ids_of(*body), (Ids{"a", "b"}));
    EXPECT_EQ(body->updates[0].payload, "x\ny");
    EXPECT_EQ(ids_of(*lines("{\"id\":\"a\"}\n{\"id\":\"b\"}\n")), (Ids{"a", "b"}));
    EXPECT_EQ(ids_of(*lines("{\"id\":\"a\"}\r\n")), (Ids{"a"}));
    EXPECT_TRUE(lines("")->updates.empty());
}

TEST(NewlinesBody, Refusals) {
    EXPECT_EQ(fault(lines("\n")), 6);
    EXPECT_EQ(fault(lines("{\"id\":\"a\"}\n\n{\"id\":\"b\"}")), 6);
    EXPECT_EQ(fault(lines("{\"id\":\"a\"} {\"id\":\"b\"}")), 6);
    EXPECT_EQ(fault(lines("{}")), 8);
    EXPECT_EQ(fault(lines("[]")), 8);
    EXPECT_EQ(fault(lines("[{\"id\":\"a\"}]")), 8);
    EXPECT_EQ(fault(lines("{\"id\":\"a\"}\n{\"id\":\"a\"}")), 8);
}

TEST(RecordJson, HasExactlyTheFieldsOfTheProtocol) {
    std::string text;
    append_record_json(text, {"a\"b", "p\n\\", std::nullopt, {170000000010}});
    EXPECT_EQ(text, R"({"id":"a\"b","modified":1700000000.10,"payload":"p\n\\"})");
    text.clear();
    append_record_json(text, {"a", "", -3, {5}});
    EXPECT_EQ(text, R"({"id":"a","modified":0.05,"payload":"","sortindex":-3})");
}

TEST(RecordJson, WhatIsWrittenReadsBack) {
    const std::string payload = "\x01 \x7f \"\\/\b\f\n\r\t \xc3\xa4 \xf0\x9f\x98\x80";
    std::string text = "[";
    append_record_json(text, {"id", payload, 7, {170000000010}});
    const auto body = post(text + "]");
    ASSERT_TRUE(body);
    EXPECT_EQ(body->updates[0].payload, payload);
    EXPECT_EQ(body->updates[0].sortindex, 7);
}

}  // namespace
}  // namespace homespun::sync::protocol
