#include "seism/experiment/chaos_toolkit.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "seism/experiment/experiment.hpp"

namespace homespun::seism {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr std::string_view shop = R"({
 "version": "1.0.0", "title": "shop & its store", "description": "…",
 "configuration": {"toxiproxy_host": "localhost"},
 "steady-state-hypothesis": {"title": "it answers", "probes": [
   {"type": "probe", "name": "page", "tolerance": 200, "provider": {"type": "http", "url": "http://127.0.0.1:8081/item/1?x=1"}},
   {"type": "probe", "name": "cart", "tolerance": [200, 201], "provider": {"type": "http", "method": "POST", "url": "http://127.0.0.1:8081/cart"}},
   {"type": "probe", "name": "process", "tolerance": true, "provider": {"type": "process", "path": "true"}}]},
 "method": [
   {"type": "action", "name": "make", "provider": {"type": "python", "module": "chaostoxi.proxy.actions", "func": "create_proxy",
     "arguments": {"proxy_name": "store", "listen_port": 16379, "upstream_host": "10.0.0.7", "upstream_port": 6379}}},
   {"type": "action", "name": "slow", "provider": {"type": "python", "module": "chaostoxi.toxic.actions", "func": "create_latency_toxic",
     "arguments": {"for_proxy": "store", "toxic_name": "slow", "latency": 5000, "jitter": 200}}, "pauses": {"after": 2}},
   {"type": "probe", "ref": "page", "pauses": {"before": 1.5}},
   {"type": "action", "name": "fast", "provider": {"type": "python", "module": "chaostoxi.toxic.actions", "func": "delete_toxic",
     "arguments": {"for_proxy": "store", "toxic_name": "slow"}}},
   {"type": "action", "name": "gone", "provider": {"type": "python", "module": "chaostoxi.proxy.actions", "func": "disable_proxy",
     "arguments": {"proxy_name": "store"}}, "pauses": {"after": 4}},
   {"type": "action", "name": "cut", "provider": {"type": "python", "module": "chaostoxi.toxic.actions", "func": "create_toxic",
     "arguments": {"for_proxy": "db", "toxic_name": "cut", "toxic_type": "limit_data", "stream": "upstream", "toxicity": 0.5,
                   "attributes": {"bytes": 100}}}}],
 "rollbacks": []})";

TEST(ChaosToolkitTest, CarriesProxiesToxicsAndProbesOver) {
    const auto imported = import_chaos_toolkit(shop);
    ASSERT_TRUE(imported) << imported.error().message;
    auto text = imported->text;
    EXPECT_THAT(imported->notes, Contains(StartsWith("steady-state-hypothesis.probes[2]: only http")));
    EXPECT_THAT(imported->notes, Contains(StartsWith("method[2]")));
    EXPECT_THAT(imported->notes, Contains(HasSubstr("give the addresses of db")));

    // What a person must fill in, the check names.
    const auto unfilled = parse_experiment(text);
    ASSERT_FALSE(unfilled);
    EXPECT_THAT(unfilled.error(),
                ::testing::ElementsAre("backs[1].listen: is missing", "backs[1].upstream: is missing"));
    const std::string_view open = R"("listen": "", "upstream": "")";
    text.replace(text.find(open), open.size(),
                 R"("listen": "127.0.0.1:13306", "upstream": "127.0.0.1:3306")");

    const auto experiment = parse_experiment(text);
    ASSERT_TRUE(experiment) << experiment.error().front() << text;
    EXPECT_EQ(experiment->title, "shop & its store");
    EXPECT_EQ(experiment->front.upstream.text(), "127.0.0.1:8081");
    EXPECT_EQ(experiment->backs[0].upstream.text(), "10.0.0.7:6379");
    EXPECT_EQ(experiment->traffic.requests[0].target, "/item/1?x=1");
    EXPECT_EQ(experiment->traffic.requests[1].method, "POST");
    EXPECT_EQ(experiment->steady.probes[0].statuses, (std::vector<int>{200, 200, 201}));
    ASSERT_EQ(experiment->perturbations.size(), 3U);
    const auto& slow = experiment->perturbations[0];
    EXPECT_EQ(slow.name, "1/store/slow");
    EXPECT_EQ(slow.settings(), "latency=5000 jitter=200");
    EXPECT_EQ(slow.time, std::chrono::milliseconds(3500));
    EXPECT_EQ(experiment->perturbations[1].toxic.type, "refuse");
    EXPECT_EQ(experiment->perturbations[1].time, std::chrono::seconds(4));
    EXPECT_EQ(experiment->perturbations[2].settings(), "bytes=100 upstream toxicity=0.5");
    EXPECT_EQ(experiment->perturbations[2].time, std::chrono::seconds(5));  // no pause: the standard
}

TEST(ChaosToolkitTest, OtherFilesAreRefused) {
    EXPECT_FALSE(import_chaos_toolkit("{"));
    EXPECT_FALSE(import_chaos_toolkit("[]"));
    EXPECT_FALSE(import_chaos_toolkit(R"({"seism":1})"));
    EXPECT_TRUE(import_chaos_toolkit(R"({"method":7})"));
}

}  // namespace
}  // namespace homespun::seism
