#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <ctime>
#include <thread>

#include "stampede/engine/engine.hpp"
#include "stampede/engine/server_fixture.hpp"
#include "stampede/models/replay_model.hpp"

namespace homespun::stampede {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::HasSubstr;

AccessLine line_of(std::int64_t time_ms, std::string_view method, std::string_view target, int status = 200,
                   std::string_view user = "u") {
    AccessLine line;
    line.time_ms = time_ms;
    line.method = method;
    line.target = target;
    line.status = status;
    line.user = user;
    return line;
}

std::shared_ptr<ReplayLog> log_of(bool sync, const std::vector<AccessLine>& lines) {
    auto log = std::make_shared<ReplayLog>(sync);
    for (const auto& line : lines)
        log->add(line);
    log->finish();
    return log;
}

Target sync_target() {
    return *Target::parse("http://h:1/storage/1.5#s");
}

std::string body_of(const Draft& draft) {
    return draft.bytes.substr(draft.bytes.find("\r\n\r\n") + 4);
}

TEST(ReplayLogTest, SortsByUserAndTimeAndCountsTheRest) {
    auto lines = std::vector{
        line_of(5000, "GET", "/b", 200, "y"),  line_of(4000, "GET", "/c", 200, "x"),
        line_of(3000, "POST", "/a", 302, "y"), line_of(3000, "GET", "/a2", 404, "y"),
        line_of(3000, "GET", "/", 500),        line_of(3000, "GET", "/", 401),
        line_of(3000, "PROPFIND", "/"),        line_of(3000, "GET", "/1.5/1/info/collections"),
    };
    const auto log = log_of(false, lines);
    EXPECT_EQ(log->users(), 2u);
    EXPECT_EQ(log->requests(), 4u);
    EXPECT_EQ(log->span_ms(), 2000);
    ASSERT_EQ(log->of_user(0).size(), 3u);
    EXPECT_EQ(log->target(log->of_user(0)[0]), "/a");
    EXPECT_EQ(log->target(log->of_user(0)[1]), "/a2");
    EXPECT_EQ(log->of_user(0)[2].offset_ms, 2000);
    EXPECT_EQ(log->of_user(1)[0].offset_ms, 1000);
    EXPECT_TRUE(log->of_user(2).empty());
    EXPECT_EQ(log->skipped().failed, 2u);
    EXPECT_EQ(log->skipped().methods, 1u);
    EXPECT_EQ(log->skipped().sync, 1u);
    EXPECT_THAT(log->skipped().text(), HasSubstr("4 lines are not replayed: 2 had failed then"));
}

TEST(ReplayLogTest, ASyncLogHasTheUsersOfItsPaths) {
    const auto log = log_of(true, {line_of(0, "GET", "/x/1.5/77/storage/tabs?full=1"),
                                   line_of(1, "GET", "/x/1.5/5/info/collections"),
                                   line_of(2, "POST", "/x/1.5/77/storage/tabs"), line_of(3, "GET", "/page")});
    EXPECT_EQ(log->users(), 2u);
    EXPECT_EQ(log->target(log->of_user(0)[0]), "/storage/tabs?full=1");
    EXPECT_THAT(log->types(), ElementsAre("GET tabs", "GET info/collections", "POST tabs"));
    EXPECT_THAT(log->type_counts(), ElementsAre(1, 1, 1));
    EXPECT_EQ(log->skipped().foreign, 1u);
}

TEST(ReplayModelTest, SaysWhatDoesNotFit) {
    const auto fault = [](std::shared_ptr<const ReplayLog> log, const char* url, double scale) {
        const auto model = ReplayModel::make(std::move(log), *Target::parse(url), {.scale = scale});
        return model ? std::string() : model.error().message;
    };
    EXPECT_THAT(fault(log_of(false, {line_of(0, "GET", "/", 500)}), "http://h", 1),
                HasSubstr("1 had failed"));
    EXPECT_THAT(fault(log_of(true, {line_of(0, "GET", "/1.5/1/info/x")}), "http://h#s", 1),
                HasSubstr("/storage/1.5"));
    EXPECT_THAT(fault(log_of(false, {line_of(0, "GET", "/")}), "http://h", 0), HasSubstr("scale"));
}

TEST(ReplayQueryTest, ShiftsTimesAndRenamesWhatTheServerNames) {
    EXPECT_EQ(replayed_query("full=1&newer=100.50&limit=5", 10, "", ""), "full=1&newer=110.50&limit=5");
    EXPECT_EQ(replayed_query("older=7&newer=0&newer=x", 1, "", ""), "older=8.00&newer=0&newer=x");
    EXPECT_EQ(replayed_query("batch=true", 0, "new", ""), "batch=true");
    EXPECT_EQ(replayed_query("batch=old&commit=true", 0, "a b", ""), "batch=a%20b&commit=true");
    EXPECT_EQ(replayed_query("batch=old&commit=true", 0, "", ""), "batch=true&commit=true");
    EXPECT_EQ(replayed_query("offset=1:2&sort=newest", 0, "", ""), "sort=newest");
    EXPECT_EQ(replayed_query("offset=1:2&sort=newest", 0, "", "9"), "offset=9&sort=newest");
}

/// A session that stands at its first request, which is written into `draft`.
struct Begun {
    std::unique_ptr<ReplayModel> model;
    std::unique_ptr<Session> session;
    Memory memory;
    Draft draft;

    Begun(std::shared_ptr<const ReplayLog> log, const Target& target, std::uint64_t user = 0)
        : model(std::move(*ReplayModel::make(std::move(log), target, {.first_uid = 900, .scale = 1e9}))),
          session(model->make_session()) {
        session->begin(user, 7, memory);
        step();
    }
    Next step() {
        auto next = session->next(draft);
        return next.kind == Next::Kind::pause ? session->next(draft) : next;
    }
    std::optional<ErrorClass> answer(int status, std::string_view body,
                                     const net::http::Headers& headers = {}) {
        return session->judge({status, headers, body});
    }
};

TEST(ReplaySessionTest, AsksForNewUidsAtTheRightTimes) {
    const auto now_ms = std::int64_t{std::time(nullptr)} * 1000;
    Begun begun(
        log_of(true, {line_of(0, "GET", "/1.1/other/info/collections"),
                      line_of(now_ms - 1'000'000, "GET",
                              "/1.5/4/storage/history?newer=" + std::to_string(now_ms / 1000 - 1060))}),
        sync_target(), 1);
    ASSERT_THAT(begun.draft.bytes, testing::StartsWith("GET /storage/1.5/901/storage/history?newer="));
    // Sixty seconds before it was asked: sixty seconds before now.
    const double newer = std::stod(begun.draft.bytes.substr(begun.draft.bytes.find("newer=") + 6));
    EXPECT_NEAR(newer, static_cast<double>(std::time(nullptr) - 60), 3);
    EXPECT_THAT(begun.draft.bytes, HasSubstr("Authorization: Hawk "));
    EXPECT_EQ(begun.answer(200, "[]"), std::nullopt);
    EXPECT_EQ(begun.step().kind, Next::Kind::end);
    EXPECT_EQ(begun.session->rest(), std::chrono::hours(24));
}

TEST(ReplaySessionTest, BodiesHaveTheLoggedSizes) {
    for (const std::uint64_t size : {60, 500, 5000, 200'000}) {
        for (const auto* target :
             {"/1.5/1/storage/history", "/1.5/1/storage/tabs", "/1.5/1/storage/clients"}) {
            auto line = line_of(0, "POST", target);
            line.body_bytes = size;
            Begun begun(log_of(true, {line}), sync_target());
            EXPECT_NEAR(static_cast<double>(body_of(begun.draft).size()), static_cast<double>(size), 5)
                << target;
        }
        auto put = line_of(0, "PUT", "/1.5/1/storage/forms/x");
        put.body_bytes = size;
        EXPECT_EQ(body_of(Begun(log_of(true, {put}), sync_target()).draft).size(), size);
    }
    const Begun unknown(log_of(true, {line_of(0, "POST", "/1.5/1/storage/tabs")}), sync_target());
    EXPECT_GE(body_of(unknown.draft).size(), 300u);
    EXPECT_LE(body_of(unknown.draft).size(), 7100u);
}

TEST(ReplaySessionTest, ExpectsWhatWasAnsweredThen) {
    const auto judged = [](int then, int now, std::string_view body = "{}") {
        Begun begun(log_of(true, {line_of(0, "GET", "/1.5/1/info/collections", then)}), sync_target());
        return begun.answer(now, body);
    };
    EXPECT_EQ(judged(200, 200), std::nullopt);
    EXPECT_EQ(judged(200, 200, "[]"), ErrorClass::wrong_body);
    EXPECT_EQ(judged(200, 404), ErrorClass::client_error);
    EXPECT_EQ(judged(404, 404, ""), std::nullopt);
    EXPECT_EQ(judged(404, 200), ErrorClass::wrong_status);
    EXPECT_EQ(judged(302, 301, ""), std::nullopt);
    EXPECT_EQ(judged(302, 200), ErrorClass::wrong_status);
    EXPECT_EQ(judged(304, 304, ""), std::nullopt);
    EXPECT_EQ(judged(304, 200), std::nullopt);
    EXPECT_EQ(judged(200, 500), ErrorClass::server_error);
}

TEST(ReplaySessionTest, CommitsTheBatchThatThisServerOpened) {
    Begun begun(log_of(true, {line_of(0, "POST", "/1.5/1/storage/tabs?batch=true", 202),
                              line_of(1, "POST", "/1.5/1/storage/tabs?batch=theirs&commit=true")}),
                sync_target());
    EXPECT_EQ(begun.answer(202, R"({"batch":"ours","success":["x"],"failed":{}})"), std::nullopt);
    ASSERT_EQ(begun.step().kind, Next::Kind::ask);
    EXPECT_THAT(begun.draft.bytes, HasSubstr("/storage/tabs?batch=ours&commit=true"));
    EXPECT_EQ(begun.answer(200, R"({"success":["x"],"failed":{"y":"no"}})"), ErrorClass::wrong_body);
}

TEST(ReplayTest, RequestsComeAtTheirTimes) {
    using Clock = std::chrono::steady_clock;
    std::mutex mutex;
    std::map<std::string, Clock::time_point> came;
    TestServer server([&](const std::string& head) {
        const std::lock_guard lock(mutex);
        came[head.substr(4, head.find(' ', 4) - 4)] = Clock::now();
        return TestServer::ok();
    });
    auto log = log_of(
        false, {line_of(10'000, "GET", "/first", 200, "a"), line_of(12'000, "GET", "/second", 200, "b"),
                line_of(16'000, "GET", "/third", 200, "a"), line_of(62'000, "GET", "/late", 200, "c")});
    const auto target = Target::parse("http://127.0.0.1:" + std::to_string(server.port()) + "/root");
    const auto model = ReplayModel::make(log, *target, {.scale = 10});
    ASSERT_TRUE(model);
    EXPECT_EQ(ReplayModel::duration(log->span_ms(), 10), milliseconds(5700));
    EngineSettings settings;
    settings.host = "127.0.0.1";
    settings.port = server.port();
    settings.arrivals = Arrivals::closed;
    settings.users = log->users();
    auto engine = Engine::start(**model, settings);
    ASSERT_TRUE(engine);
    (*engine)->set_load(3);
    std::this_thread::sleep_for(milliseconds(6500));
    const auto harvest = (*engine)->collect();
    EXPECT_EQ(harvest.counts.all().good, 4u);
    EXPECT_EQ(harvest.counts.all().failed(), 0u);
    const auto between = [&](const char* one, const char* other) {
        return std::chrono::duration<double, std::milli>(came[other] - came[one]).count();
    };
    // The machine may be busy: late is possible, early is not.
    EXPECT_GT(between("/root/first", "/root/second"), 150);
    EXPECT_LT(between("/root/first", "/root/second"), 500);
    EXPECT_GT(between("/root/first", "/root/third"), 550);
    EXPECT_LT(between("/root/first", "/root/third"), 900);
    EXPECT_GT(between("/root/first", "/root/late"), 5150);
}

}  // namespace
}  // namespace homespun::stampede
