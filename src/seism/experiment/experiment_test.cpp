#include "seism/experiment/experiment.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "seism/experiment/behaviour.hpp"

namespace homespun::seism {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr std::string_view whole =
    R"({"seism":1,"title":"shop survives its stores","description":"…","seed":20261121,
 "app":{"command":["./shop","--port","8081"],"ready":"http://127.0.0.1:8081/ready","stop":"TERM","limits":{"memory_mb":512}},
 "front":{"listen":"127.0.0.1:8080","upstream":"127.0.0.1:8081","protocol":"http"},
 "backs":[{"name":"db","listen":"127.0.0.1:13306","upstream":"127.0.0.1:3306","protocol":"mysql","tls":"strip"},
          {"name":"cache","listen":"127.0.0.1:16379","upstream":"127.0.0.1:6379","protocol":"redis"}],
 "traffic":{"mode":"driver","rate":50,"requests":[{"weight":4,"GET":"/item/1"},{"weight":1,"POST":"/cart","body":"{\"id\":1}"}],"golden":{"ignore":["/now","header:date"]}},
 "steady-state":{"for":"3s","probes":[{"type":"status","in":[200]},{"type":"p99_ms","max":50},{"type":"error_rate","max":0}]},
 "perturbations":[
  {"name":"db-slow","proxy":"db","behaviour":"latency","attributes":{"latency":1213},"toxicity":0.3,"for":"5s"},
  {"name":"cache-gone","proxy":"cache","behaviour":"refuse","for":"5s","observe":{"next":20,"within":"10s"},"cycles":3}],
 "schedule":{"pause":"2s","overlap":"none","matrix":{"backs":["*"],"behaviours":["latency:500","refuse","hang","reset_peer"]}},
 "verdict":{"allow":[200,404,503],"retry_after":"required","hang":"10s","memory_growth":"20%","off":["memory"]},
 "logged":{"output":true,"match":"{back} failed"},"client_state":{"command":["./check"]},
 "rollbacks":["reset"],"limits":{"max_duration":"10m"}})";

std::string replaced(std::string_view what, std::string_view by) {
    std::string text(whole);
    const auto at = text.find(what);
    EXPECT_NE(at, std::string::npos) << what;
    return text.replace(at, what.size(), by);
}

Problems problems_of(const std::string& text) {
    const auto parsed = parse_experiment(text);
    return parsed ? Problems{} : parsed.error();
}

TEST(ExperimentTest, ReadsEveryPart) {
    const auto parsed = parse_experiment(whole);
    ASSERT_TRUE(parsed) << parsed.error().front();
    EXPECT_EQ(parsed->seed, 20261121U);
    EXPECT_THAT(parsed->app.command, ElementsAre("./shop", "--port", "8081"));
    EXPECT_EQ(parsed->front.upstream.text(), "127.0.0.1:8081");
    EXPECT_EQ(parsed->backs[0].protocol, wire::Protocol::mysql);
    EXPECT_TRUE(parsed->backs[0].strip_tls);
    EXPECT_EQ(parsed->traffic.requests[1].method, "POST");
    EXPECT_EQ(parsed->traffic.requests[0].weight, 4);
    EXPECT_EQ(parsed->steady.probes.size(), 3U);
    EXPECT_EQ(parsed->thresholds.memory_most, 512ULL << 20);
    EXPECT_EQ(parsed->thresholds.memory_growth, 0.2);
    EXPECT_THAT(parsed->thresholds.off, ElementsAre("memory"));
    EXPECT_EQ(parsed->log->match_for("db"), "db failed");
    ASSERT_EQ(parsed->perturbations.size(), 10U);
    EXPECT_EQ(parsed->perturbations[0].settings(), "latency=1213 toxicity=0.3");
    EXPECT_EQ(parsed->perturbations[1].cycles, 3);
    EXPECT_EQ(parsed->perturbations[1].within, std::chrono::seconds(10));
    EXPECT_EQ(parsed->perturbations[2].name, "db/latency:500");
    EXPECT_EQ(parsed->perturbations[3].name, "cache/latency:500");
    EXPECT_EQ(parsed->perturbations[3].toxic.integer("latency"), 500);
}

TEST(ExperimentTest, ShuffleFollowsTheSeed) {
    const auto order = [](std::uint64_t seed) {
        const auto parsed = parse_experiment(replaced(R"("pause")", R"("order":"shuffle","pause")"), seed);
        std::vector<std::string> names;
        for (const auto& each : parsed->perturbations)
            names.push_back(each.name);
        return names;
    };
    EXPECT_EQ(order(1), order(1));
    std::set<std::vector<std::string>> different;
    for (std::uint64_t seed = 0; seed < 10; ++seed)
        different.insert(order(seed));
    EXPECT_GT(different.size(), 5U);
}

struct Wrong {
    std::string_view what, by, problem;
};
class WrongExperimentTest : public ::testing::TestWithParam<Wrong> {};

TEST_P(WrongExperimentTest, IsToldWithItsPlace) {
    const auto problems = problems_of(replaced(GetParam().what, GetParam().by));
    EXPECT_THAT(problems, Contains(HasSubstr(GetParam().problem)));
    EXPECT_EQ(problems.size(), 1U) << ::testing::PrintToString(problems);
}

INSTANTIATE_TEST_SUITE_P(
    Members, WrongExperimentTest,
    ::testing::Values(
        Wrong{R"("seism":1)", R"("seism":2)", "seism: must be 1"},
        Wrong{R"("title":"shop survives its stores",)", "", "title: is missing"},
        Wrong{R"("rate":50)", R"("rate":"fast")", "traffic.rate: must be a number from 0.1 to 100000"},
        Wrong{R"("rate":50)", R"("rat":50)",
              "traffic.rat: there is no such member; known are golden, mode, rate"},
        Wrong{R"("127.0.0.1:3306")", R"("127.0.0.1")", R"(backs[0].upstream: "127.0.0.1" must be HOST:PORT)"},
        Wrong{R"("name":"cache-gone")", R"("name":"db-slow")",
              R"(perturbations[1].name: there is another "db-slow")"},
        Wrong{R"("protocol":"redis")", R"("protocol":"smtp")", R"(backs[1].protocol: "smtp" is not known)"},
        Wrong{R"("proxy":"db")", R"("proxy":"bd")", R"(perturbations[0].proxy: no back is called "bd")"},
        Wrong{R"("behaviour":"latency")", R"("behaviour":"slow")", "perturbations[0].behaviour: there is no"},
        Wrong{R"({"latency":1213})", R"({"latency":-1})",
              "perturbations[0].attributes: invalid attribute: latency: must be from 0"},
        Wrong{R"({"latency":1213})", R"({"latency":1.5})",
              "perturbations[0].attributes: attribute latency must be a whole number"},
        Wrong{R"({"latency":1213})", R"({"ms":5})",
              R"(perturbations[0].attributes: latency has no attribute "ms"; it has latency, jitter)"},
        Wrong{R"("toxicity":0.3)", R"("toxicity":1.1)",
              "perturbations[0].toxicity: must be a number from 0 to 1"},
        Wrong{R"("for":"5s")", R"("for":5)", "perturbations[0].for: must be a time"},
        Wrong{R"("cycles":3)", R"("cycles":0)", "perturbations[1].cycles: must be a whole number"},
        Wrong{R"("refuse","hang")", R"("refuse","hung")",
              R"(schedule.matrix.behaviours: there is no behaviour "hung")"},
        Wrong{R"("off":["memory"])", R"("off":["ram"])", R"(verdict.off: there is no rule "ram")"},
        Wrong{R"("20%")", R"("a lot")", "verdict.memory_growth: must be whole percents"},
        Wrong{R"({"type":"p99_ms","max":50})", R"({"type":"p99_ms"})",
              "steady-state.probes[1].max: is missing"},
        Wrong{R"("{back} failed")", R"("(")", "logged.match: missing"},
        Wrong{R"(["/now","header:date"])", R"(["now"])", R"(traffic.golden.ignore: "now" is no mask)"},
        Wrong{R"("GET":"/item/1")", R"("GET":"/item/1","POST":"/")", "traffic.requests[0]: needs one method"},
        Wrong{R"("max_duration":"10m")", R"("max_duration":"10s")", "limits.max_duration: the run takes"},
        Wrong{R"("ready":"http:)", R"("pid":7,"ready":"http:)", "app: give one of command, pid and pidfile"},
        Wrong{R"("command":["./shop","--port","8081"],"ready")", R"("ready")",
              "logged.output: is only known"},
        Wrong{R"("name":"db","listen":"127.0.0.1:13306",)", R"("name":"db",)", "backs[0].listen: is missing"},
        Wrong{R"("mode":"driver")", R"("mode":["driver"])", "traffic.mode: must be a text"}));

TEST(ExperimentTest, TellsAllProblemsAtOnce) {
    EXPECT_THAT(problems_of("{"), ElementsAre(StartsWith("no JSON: ")));
    EXPECT_THAT(problems_of("[]"), ElementsAre(": must be an object"));
    EXPECT_GE(problems_of("{}").size(), 5U);
}

TEST(ExperimentTest, OwnTrafficNeedsAPlaceToComeIn) {
    const auto text = replaced(R"("listen":"127.0.0.1:8080",)", "");
    EXPECT_TRUE(problems_of(text).empty());
    auto external = text;
    external.replace(external.find("\"driver\""), 8, "\"external\"");
    EXPECT_THAT(problems_of(external), ElementsAre(HasSubstr("front.listen: is missing")));
}

TEST(ExperimentTest, FrontAndBacksOfACommandMayBeFound) {
    auto text =
        replaced(R"("listen":"127.0.0.1:13306","upstream":"127.0.0.1:3306",)", R"("variables":"DB_URL",)");
    const std::string front =
        R"("front":{"listen":"127.0.0.1:8080","upstream":"127.0.0.1:8081","protocol":"http"},)";
    text.erase(text.find(front), front.size());
    const auto parsed = parse_experiment(text);
    ASSERT_TRUE(parsed) << parsed.error().front();
    EXPECT_THAT(parsed->backs[0].variables, ElementsAre("DB_URL"));
    EXPECT_EQ(parsed->backs[0].listen.text(), "127.0.0.1:0");
    EXPECT_EQ(parsed->front.upstream.port, 0);

    const std::string command = R"("command":["./shop","--port","8081"],)";
    text.erase(text.find(command), command.size());
    text.erase(text.find(R"("logged")"),
               std::string(R"("logged":{"output":true,"match":"{back} failed"},)").size());
    EXPECT_THAT(problems_of(text), ElementsAre("front: is missing: where the application listens",
                                               "backs[0].variables: can only be set for an app.command"));
}

TEST(DurationTest, UnitsAndLimits) {
    EXPECT_EQ(parse_duration("250ms"), std::chrono::milliseconds(250));
    EXPECT_EQ(parse_duration("5s"), std::chrono::seconds(5));
    EXPECT_EQ(parse_duration("24h"), std::chrono::hours(24));
    for (const auto* text : {"", "5", "s", "-5s", "5 s", "1.5s", "25h", "99999999999999999999s"})
        EXPECT_EQ(parse_duration(text), std::nullopt) << text;
    EXPECT_EQ(duration_text(std::chrono::milliseconds(1500)), "1500ms");
    EXPECT_EQ(duration_text(std::chrono::seconds(2)), "2s");
}

TEST(BehaviourTest, ShortForms) {
    EXPECT_EQ(attributes_text(*parse_behaviour("latency:latency=500,jitter=20")), "latency=500 jitter=20");
    EXPECT_EQ(attributes_text(*parse_behaviour("loss:2")), "percent=2");
    EXPECT_EQ(attributes_text(*parse_behaviour("hang:backpressure")), "mode=backpressure");
    const auto numeric_text = parse_behaviour("postgres_error:state=40001,bytes=7");
    ASSERT_TRUE(numeric_text) << numeric_text.error().message;
    EXPECT_EQ(attributes_text(*numeric_text), "state=40001 bytes=7");
    EXPECT_FALSE(parse_behaviour("refuse:1"));
    EXPECT_FALSE(parse_behaviour(""));
    EXPECT_FALSE(parse_behaviour("latency:"));
}

Exchange answered(int status, Micros took) {
    Exchange exchange;
    exchange.status = status;
    exchange.outcome = status == 0 ? Outcome::no_response : Outcome::ok;
    exchange.end = took;
    return exchange;
}

TEST(SteadyTest, EachProbeHasItsLimit) {
    SteadyPlan plan;
    EXPECT_EQ(plan.complaint({}), "no request was made");
    EXPECT_EQ(plan.complaint({answered(200, 1), answered(404, 1)}), std::nullopt);
    EXPECT_THAT(*plan.complaint({answered(200, 1), answered(500, 1)}), HasSubstr("1 of 2 requests failed"));
    EXPECT_NE(plan.complaint({answered(0, 1)}), std::nullopt);
    plan.probes = {{.kind = Probe::Kind::error_rate, .most = 0.5}};
    EXPECT_EQ(plan.complaint({answered(200, 1), answered(500, 1)}), std::nullopt);
    plan.probes = {{.kind = Probe::Kind::status, .statuses = {200}}};
    EXPECT_NE(plan.complaint({answered(404, 1)}), std::nullopt);
    plan.probes = {{.kind = Probe::Kind::p99_ms, .most = 50}};
    EXPECT_EQ(plan.complaint({answered(200, 50'000)}), std::nullopt);
    EXPECT_NE(plan.complaint({answered(200, 50'001)}), std::nullopt);
}

}  // namespace
}  // namespace homespun::seism
