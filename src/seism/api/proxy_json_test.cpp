#include "seism/api/proxy_json.hpp"

#include <gtest/gtest.h>

#include "seism/toxics/catalogue.hpp"

namespace homespun::seism {
namespace {

/// The JSON of the toxic that `text` describes, or the error.
std::string made(std::string_view text) {
    auto body = read_toxic(text);
    if (!body) return body.error().message;
    auto toxic = std::move(body->toxic);
    const auto* type = find_toxic_type(toxic.type);
    if (type == nullptr) return "invalid toxic type";
    toxic.attributes = standard_attributes(*type);
    if (const auto edited = body->edit(toxic); !edited) return edited.error().message;
    std::string json;
    append_json(json, toxic);
    return json;
}

TEST(ProxyJson, ToxicsHaveAllTheirAttributes) {
    EXPECT_EQ(
        made(R"({"type":"latency","stream":"UPSTREAM","toxicity":0.2,"attributes":{"latency":100,"foo":1}})"),
        R"({"attributes":{"latency":100,"jitter":0},"name":"latency_UPSTREAM","type":"latency","stream":"UPSTREAM","toxicity":0.2})");
    EXPECT_EQ(made(R"({"type":"noop","name":"n","attributes":null})"),
              R"({"attributes":{},"name":"n","type":"noop","stream":"downstream","toxicity":1})");
    EXPECT_EQ(
        made(R"({"type":"hang","attributes":{"MODE":"backpressure"}})"),
        R"({"attributes":{"mode":"backpressure"},"name":"hang_downstream","type":"hang","stream":"downstream","toxicity":1})");
    EXPECT_EQ(
        made(R"({"type":"loss","attributes":{"percent":12.5}})"),
        R"({"attributes":{"percent":12.5,"correlation":0,"rto":200},"name":"loss_downstream","type":"loss","stream":"downstream","toxicity":1})");
}

TEST(ProxyJson, SaysWhatIsWrongWithAToxic) {
    EXPECT_EQ(made("{}"), "invalid toxic type");
    EXPECT_EQ(made("{"), "bad request body: unexpected EOF");
    EXPECT_EQ(made(R"({"type":"latency","stream":""})"),
              "stream was invalid, can be either upstream or downstream");
    EXPECT_EQ(made(R"({"type":"reset_peer","attributes":{"timeout":true}})"),
              "bad request body: json: cannot unmarshal bool into Go struct field "
              "ResetToxic.attributes.timeout of type int64");
    EXPECT_EQ(made(R"({"type":"slow_close","attributes":[]})"),
              "bad request body: json: cannot unmarshal array into Go struct field "
              "ToxicWrapper.attributes of type toxics.NoopToxic");
    EXPECT_EQ(made(R"({"type":"bandwidth","attributes":{"rate":-1}})").find("invalid attribute: rate"), 0U);
    EXPECT_EQ(made(R"({"type":"hang","attributes":{"mode":"x"}})").find("invalid attribute: mode"), 0U);
}

TEST(ProxyJson, AChangeTouchesOnlyWhatItNames) {
    Toxic toxic{.name = "t", .type = "latency", .attributes = {std::int64_t{10}, std::int64_t{1}}};
    ASSERT_TRUE(read_toxic_change(R"({"attributes":{"jitter":5},"toxicity":0.5,"name":"other"})")(toxic));
    EXPECT_EQ(toxic.name, "t");
    EXPECT_EQ(toxic.integer("latency"), 10);
    EXPECT_EQ(toxic.integer("jitter"), 5);
    EXPECT_EQ(toxic.toxicity, 0.5F);
    const auto wrong = read_toxic_change(R"({"toxicity":""})")(toxic);
    ASSERT_FALSE(wrong);
    EXPECT_EQ(
        wrong.error().message,
        "bad request body: json: cannot unmarshal string into Go struct field .toxicity of type float32");
}

TEST(ProxyJson, ReadsListsOfProxies) {
    const auto bodies = read_proxies(
        R"([{"name":"a","upstream":"u:1","toxics":[{"type":"noop"}]},{"name":"b","enabled":false,"toxics":null}])");
    ASSERT_TRUE(bodies);
    ASSERT_EQ(bodies->size(), 2U);
    ASSERT_TRUE((*bodies)[0].toxics);
    EXPECT_EQ((*bodies)[0].toxics->at(0).name, "noop_downstream");
    EXPECT_FALSE((*bodies)[0].enabled);
    EXPECT_EQ((*bodies)[1].enabled, false);
    EXPECT_FALSE((*bodies)[1].toxics);
    EXPECT_TRUE(read_proxies("null")->empty());
    EXPECT_EQ(read_proxies(R"({"name":"q3"})").error().message,
              "bad request body: json: cannot unmarshal object into Go value of type []struct { "
              "toxiproxy.Proxy; Enabled *bool \"json:\\\"enabled\\\"\" }");
    EXPECT_EQ(read_proxies(R"([{"toxics":[{"type":"noop"},{"type":"noop"}]}])").error().status, 409);
    EXPECT_EQ(read_proxies(R"([{"toxics":[{"type":"nope"}]}])").error().message, "invalid toxic type");
}

}  // namespace
}  // namespace homespun::seism
