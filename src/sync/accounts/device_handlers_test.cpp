#include "sync/accounts/accounts_fixture.hpp"

namespace homespun::sync::accounts {
namespace {

class DeviceTest : public AccountsTest {
  protected:
    void SetUp() override {
        AccountsTest::SetUp();
        session_ = sign_up();
    }

    Answer put(const std::string& body, const ClientSession& session) {
        return post("/auth/v1/account/device", body, bearer(session));
    }
    /// A session with a device of that name.
    std::pair<ClientSession, std::string> with_device(const std::string& name) {
        auto session = sign_in();
        auto id = put(R"({"name":")" + name + R"(","type":"desktop","availableCommands":{}})", session)
                      .string("id");
        return {std::move(session), std::move(id)};
    }
    Answer invoke(const ClientSession& from, const std::string& target, const std::string& payload,
                  const std::string& more = {}) {
        return post("/auth/v1/account/devices/invoke_command",
                    R"({"target":")" + target + R"(","command":"open","payload":)" + payload + more + "}",
                    bearer(from));
    }
    Answer poll(const ClientSession& session, const std::string& query = "?index=0") {
        return get("/auth/v1/account/device/commands" + query, bearer(session));
    }

    ClientSession session_;
};

TEST_F(DeviceTest, RegisterAndUpdate) {
    const auto made = put(R"({"name":"Laptop","type":"desktop","availableCommands":{}})", session_);
    ASSERT_EQ(made.status, 200) << made.text;
    EXPECT_EQ(made.string("id").size(), 32U);
    EXPECT_EQ(made.integer("createdAt"), clock_.now_ms());
    EXPECT_TRUE(made.boolean("isCurrentDevice"));
    EXPECT_TRUE(made.body.member("pushCallback")->is_null());
    EXPECT_FALSE(made.boolean("pushEndpointExpired"));
    EXPECT_TRUE(made.body.member("location")->object());

    const auto changed =
        put(R"({"id":")" + made.string("id") +
                R"(","name":"Other","availableCommands":{"https://identity.mozilla.com/cmd/open-uri":"{}"},)"
                R"("pushCallback":"https://push.example/x","pushPublicKey":"k","pushAuthKey":"a"})",
            session_);
    EXPECT_EQ(changed.string("name"), "Other");
    EXPECT_EQ(changed.string("type"), "desktop");
    EXPECT_EQ(changed.string("pushCallback"), "https://push.example/x");
    EXPECT_EQ(*changed.body.member("availableCommands")->string("https://identity.mozilla.com/cmd/open-uri"),
              "{}");
    const auto cleared = put(R"({"id":")" + made.string("id") + R"(","pushCallback":null})", session_);
    EXPECT_TRUE(cleared.body.member("pushCallback")->is_null());
    EXPECT_EQ(cleared.string("pushPublicKey"), "k");
}

TEST_F(DeviceTest, OneDevicePerSession) {
    const auto id = put(R"({"name":"A","type":"desktop"})", session_).string("id");
    const auto second = put(R"({"name":"B","type":"desktop"})", session_);
    EXPECT_EQ(second.refusal(), "400/124");
    EXPECT_EQ(second.string("deviceId"), id);
    EXPECT_EQ(put(R"({"id":")" + std::string(32, 'a') + R"("})", session_).refusal(), "400/123");
}

TEST_F(DeviceTest, WrongParameters) {
    EXPECT_EQ(put(R"({"name":5})", session_).refusal(), "400/107");
    EXPECT_EQ(put(R"({"name":")" + std::string(300, 'x') + "\"}", session_).refusal(), "400/107");
    EXPECT_EQ(put(R"({"availableCommands":[]})", session_).refusal(), "400/107");
    EXPECT_EQ(put(R"({"availableCommands":{"a":1}})", session_).refusal(), "400/107");
    EXPECT_EQ(put(R"({"availableCommands":{"a":")" + std::string(17'000, 'x') + "\"}}", session_).refusal(),
              "400/107");
    EXPECT_EQ(post("/auth/v1/account/device", "{}").refusal(), "401/110");
}

TEST_F(DeviceTest, ListAndIdleFilter) {
    const auto [old_one, old_id] = with_device("Old");
    clock_.advance_ms(30 * day_ms);
    const auto [new_one, new_id] = with_device("New");
    const auto all = get("/auth/v1/account/devices", bearer(new_one));
    ASSERT_EQ(all.body.array()->size(), 2U);
    EXPECT_FALSE(*all.body.array()->at(0).boolean("isCurrentDevice"));
    EXPECT_TRUE(*all.body.array()->at(1).boolean("isCurrentDevice"));
    const auto since = std::to_string(clock_.now_ms() - 21 * day_ms);
    const auto recent = get("/auth/v1/account/devices?filterIdleDevicesTimestamp=" + since, bearer(new_one));
    ASSERT_EQ(recent.body.array()->size(), 1U);
    EXPECT_EQ(*recent.body.array()->at(0).string("id"), new_id);
    EXPECT_EQ(get("/auth/v1/account/devices?filterIdleDevicesTimestamp=x", bearer(new_one)).refusal(),
              "400/107");
    EXPECT_EQ(get("/auth/v1/account/devices", bearer(sign_up("bob@example.org"))).text, "[]");
}

TEST_F(DeviceTest, DestroyEndsItsSession) {
    const auto [other, id] = with_device("Other");
    const auto destroy = [&](const std::string& body, const ClientSession& by) {
        return post("/auth/v1/account/device/destroy", body, bearer(by));
    };
    EXPECT_EQ(destroy("{}", session_).refusal(), "400/108");
    EXPECT_EQ(destroy(R"({"id":")" + id + "\"}", sign_up("bob@example.org")).refusal(), "400/123");
    EXPECT_EQ(destroy(R"({"id":")" + id + "\"}", session_).text, "{}");
    EXPECT_EQ(get("/auth/v1/session/status", bearer(other)).refusal(), "401/110");
    EXPECT_EQ(destroy(R"({"id":")" + id + "\"}", session_).refusal(), "400/123");
}

TEST_F(DeviceTest, CommandsTravel) {
    const auto [sender, sender_id] = with_device("Sender");
    const auto [target, target_id] = with_device("Target");
    EXPECT_EQ(poll(target).text, R"({"index":0,"last":true,"messages":[]})");
    const auto sent = invoke(sender, target_id, R"({"encrypted":"abc"})");
    EXPECT_TRUE(sent.boolean("enqueued")) << sent.text;
    EXPECT_TRUE(sent.has("notified"));
    EXPECT_FALSE(sent.boolean("notified"));
    ASSERT_TRUE(invoke(session_, target_id, "\"two\"").boolean("enqueued"));

    const auto answer = poll(target);
    const auto& messages = *answer.body.member("messages")->array();
    ASSERT_EQ(messages.size(), 2U);
    const auto* data = messages[0].member("data");
    EXPECT_EQ(*data->string("command"), "open");
    EXPECT_EQ(*data->string("sender"), sender_id);
    EXPECT_EQ(*data->member("payload")->string("encrypted"), "abc");
    EXPECT_FALSE(messages[1].member("data")->member("sender")) << "that session has no device";
    EXPECT_TRUE(answer.boolean("last"));
    EXPECT_EQ(answer.integer("index"), *messages[1].integer("index"));

    const auto next = std::to_string(answer.integer("index") + 1);
    EXPECT_TRUE(poll(target, "?index=" + next).body.member("messages")->array()->empty());
    const auto first = poll(target, "?index=0&limit=1");
    EXPECT_FALSE(first.boolean("last"));
    EXPECT_EQ(first.integer("index"), *messages[0].integer("index"));
    EXPECT_TRUE(poll(sender).body.member("messages")->array()->empty());
}

TEST_F(DeviceTest, CommandsThatAreRefused) {
    const auto [target, target_id] = with_device("Target");
    EXPECT_EQ(invoke(session_, std::string(32, 'a'), "{}").refusal(), "400/123");
    EXPECT_EQ(invoke(sign_up("bob@example.org"), target_id, "{}").refusal(), "400/123");
    EXPECT_EQ(invoke(session_, target_id, "\"" + std::string(17'000, 'x') + "\"").refusal(), "413/113");
    EXPECT_EQ(invoke(session_, target_id, "\"" + std::string(70'000, 'x') + "\"").refusal(), "413/113");
    EXPECT_EQ(invoke(session_, target_id, "{}", R"(,"ttl":-1)").refusal(), "400/107");
    EXPECT_EQ(
        post("/auth/v1/account/devices/invoke_command", R"({"target":"a","command":"b"})", bearer(session_))
            .refusal(),
        "400/108");
    EXPECT_EQ(poll(session_).refusal(), "400/123") << "no device, no commands";
    EXPECT_EQ(poll(target, "?index=x").refusal(), "400/107");
    EXPECT_EQ(poll(target, "?index=-1").refusal(), "400/107");
}

TEST_F(DeviceTest, CommandsExpire) {
    const auto [target, target_id] = with_device("Target");
    const auto count = [&, &device = target] {
        return poll(device).body.member("messages")->array()->size();
    };
    invoke(session_, target_id, "{}");
    invoke(session_, target_id, "{}", R"(,"ttl":60)");
    invoke(session_, target_id, "{}", R"(,"ttl":9999999999)");
    EXPECT_EQ(count(), 3U);
    clock_.advance_ms(minute_ms);
    EXPECT_EQ(count(), 2U);
    clock_.advance_ms(command_lifetime_ms);
    EXPECT_EQ(count(), 0U) << "a longer lifetime is cut";
}

TEST_F(DeviceTest, NotifyIsAccepted) {
    EXPECT_EQ(post("/auth/v1/account/devices/notify", R"({"to":"all","excluded":[],"payload":{},"TTL":0})",
                   bearer(session_))
                  .text,
              "{}");
    EXPECT_EQ(post("/auth/v1/account/devices/notify", "{", bearer(session_)).refusal(), "400/106");
    EXPECT_EQ(post("/auth/v1/account/devices/notify", "{}").refusal(), "401/110");
}

}  // namespace
}  // namespace homespun::sync::accounts
