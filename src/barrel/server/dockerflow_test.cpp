#include "barrel/server/dockerflow.hpp"

#include "barrel/server/server_fixture.hpp"

namespace homespun::barrel {
namespace {

using test::World;

World operators(Dockerflow options) {
    World world(R"(root /;
        path heartbeat ( method GET, url /__heartbeat__, use native:dockerflow.heartbeat );
        path lbheartbeat ( method GET, url /__lbheartbeat__, use native:dockerflow.lbheartbeat );
        path error ( method GET, url /__error__, use native:dockerflow.error );
        path version ( method GET, url /__version__, use native:dockerflow.version );)");
    register_dockerflow(world.natives, std::move(options));
    return world;
}

Dockerflow sick() {
    Dockerflow options;
    options.heartbeat = [](Context&) -> base::Task<Dockerflow::Health> {
        co_return Dockerflow::Health{false, R"({"status":"error"})"};
    };
    options.in_service = [] { return false; };
    options.version = {{"source", "s"}, {"version", "1.0"}};
    return options;
}

TEST(Dockerflow, HeartbeatIsWellWithoutChecks) {
    EXPECT_EQ(operators({}).send("GET", "/__heartbeat__").status, 200);
}
TEST(Dockerflow, HeartbeatTellsWhatFails) {
    const auto answer = operators(sick()).send("GET", "/__heartbeat__");
    EXPECT_EQ(answer.status, 503);
    EXPECT_EQ(answer.body, R"({"status":"error"})");
    EXPECT_EQ(answer.header("Cache-Control"), "no-store");
}
TEST(Dockerflow, BalancersAreSentAway) {
    EXPECT_EQ(operators(sick()).send("GET", "/__lbheartbeat__").status, 503);
}
TEST(Dockerflow, BalancersAreWelcomeByDefault) {
    EXPECT_EQ(operators({}).send("GET", "/__lbheartbeat__").status, 200);
}
TEST(Dockerflow, VersionKeepsItsOrder) {
    EXPECT_EQ(operators(sick()).send("GET", "/__version__").body, R"({"source":"s","version":"1.0"})");
}
TEST(Dockerflow, MetricsArePrometheusText) {
    World world("root /; path metrics ( method GET, url /metrics, use native:metrics );");
    register_metrics(world.natives, [] { return std::string("a 1\n"); });
    const auto answer = world.send("GET", "/metrics");
    EXPECT_EQ(answer.body, "a 1\n");
    EXPECT_EQ(answer.type, "text/plain; version=0.0.4; charset=utf-8");
}

}  // namespace
}  // namespace homespun::barrel
