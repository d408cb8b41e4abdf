#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "stampede/models/http_mix.hpp"
#include "stampede/models/http_model.hpp"
#include "stampede/models/sync_model.hpp"
#include "stampede/models/sync_session.hpp"

namespace homespun::stampede {
namespace {

using testing::HasSubstr;

TEST(TargetTest, ReadsUrls) {
    const auto target = Target::parse("http://sync.example:8080/1.5/#secret#x");
    ASSERT_TRUE(target);
    EXPECT_EQ(target->host, "sync.example");
    EXPECT_EQ(target->port, 8080);
    EXPECT_EQ(target->path, "/1.5");
    EXPECT_EQ(target->secret, "secret#x");
    EXPECT_EQ(target->text(), "http://sync.example:8080/1.5");
    EXPECT_EQ(Target::parse("http://[::1]:5000")->host, "[::1]");
    EXPECT_EQ(Target::parse("http://a")->authority(), "a");
    for (const auto* bad : {"", "a", "https://a", "ftp://a", "http://", "http://a:0", "http://a:x",
                            "http://u@a", "http://a/b c"}) {
        EXPECT_FALSE(Target::parse(bad)) << bad;
    }
}

TEST(HttpMixTest, ReadsEveryDetail) {
    const auto mix = parse_http_mix(
        "# pages\n"
        "3 GET /static.html?a=1\n"
        "    expect-body contains \"he\\nllo\"\n"
        "0.5 POST /form\n"
        "    name sign-in\n"
        "    header Content-Type: text/plain\n"
        "    body a=1&b=2\n"
        "    expect 303 200\n",
        "file");
    ASSERT_TRUE(mix) << mix.error().message;
    ASSERT_EQ(mix->size(), 2u);
    EXPECT_EQ(mix->at(0).name, "GET /static.html");
    EXPECT_EQ(mix->at(0).check_text, "he\nllo");
    EXPECT_EQ(mix->at(1).name, "sign-in");
    EXPECT_EQ(mix->at(1).weight, 0.5);
    EXPECT_EQ(mix->at(1).expected, (std::vector{303, 200}));
    EXPECT_EQ(mix->at(1).body, "a=1&b=2");
    const auto again = parse_http_mix(http_mix_text(*mix), "again");
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_EQ(http_mix_text(*again), http_mix_text(*mix));
}

TEST(HttpMixTest, SaysWhereAndWhatIsWrong) {
    const auto fault = [](std::string_view text) {
        const auto mix = parse_http_mix(text, "f.mix");
        return mix ? std::string() : mix.error().message;
    };
    EXPECT_THAT(fault(""), HasSubstr("no request"));
    EXPECT_THAT(fault("\n  expect 200\n"), HasSubstr("f.mix:2: an indented line"));
    EXPECT_THAT(fault("GET /\n"), HasSubstr("f.mix:1: a request begins with its weight"));
    EXPECT_THAT(fault("-1 GET /\n"), HasSubstr("weight"));
    EXPECT_THAT(fault("1 get /\n"), HasSubstr("no method"));
    EXPECT_THAT(fault("1 GET x\n"), HasSubstr("begins with /"));
    EXPECT_THAT(fault("1 GET /\n expect 99\n"), HasSubstr("no status"));
    EXPECT_THAT(fault("1 GET /\n expect-body like x\n"), HasSubstr("expect-body wants"));
    EXPECT_THAT(fault("1 GET /\n body \"x\n"), HasSubstr("no JSON string"));
    EXPECT_THAT(fault("1 GET /\n header Host: x\n"), HasSubstr("set by stampede"));
    EXPECT_THAT(fault("1 GET /\n nonsense\n"), HasSubstr("known are"));
}

/// Sessions of one profile, drawn many times.
std::map<SyncType, double> requests_per_session(const SyncProfile& profile, bool users_remember) {
    std::map<SyncType, double> counts;
    constexpr int sessions = 40'000, users = 40;
    std::vector<Memory> memories(users);
    std::vector<SyncStep> steps;
    for (int i = 0; i < sessions; ++i) {
        Dice dice(static_cast<std::uint64_t>(i) * 977 + 5);
        Memory fresh;
        steps.clear();
        profile.plan(dice, users_remember ? memories[static_cast<std::size_t>(i % users)] : fresh, steps);
        for (const auto& step : steps)
            counts[step.type] += 1.0 / sessions;
    }
    return counts;
}

TEST(SyncProfileTest, EveryProfileKeepsToItsTable) {
    for (const auto& profile : sync_profiles()) {
        for (const bool users_remember : {false, true}) {
            const auto counts = requests_per_session(profile, users_remember);
            double total = 0;
            for (const auto& [type, count] : counts)
                total += count;
            EXPECT_NEAR(total, profile.requests_per_session, 0.03 * profile.requests_per_session)
                << profile.name;
            std::map<SyncType, double> wanted(profile.per_session.begin(), profile.per_session.end());
            for (const auto& [type, count] : counts) {
                const double share = count / total;
                const double expected = wanted[type] / profile.requests_per_session;
                EXPECT_NEAR(share, expected, 0.01)
                    << profile.name << " " << sync_type_names()[static_cast<std::size_t>(type)];
            }
        }
    }
}

TEST(SyncProfileTest, The2016NumbersAreTheSheets) {
    const auto* profile = find_sync_profile("firefox-2016");
    EXPECT_NEAR(profile->requests_per_session, 2.96, 0.02);
    EXPECT_NEAR(find_sync_profile("mozilla-2012")->requests_per_session, 4.01, 0.03);
}

TEST(SyncProfileTest, OnlyTheFaithfulScriptLeavesBatchesOpen) {
    const auto open_for_ever = [](std::string_view name) {
        int left = 0;
        std::vector<SyncStep> steps;
        for (std::uint64_t i = 0; i < 20'000; ++i) {
            Dice dice(i);
            Memory memory;
            steps.clear();
            find_sync_profile(name)->plan(dice, memory, steps);
            const bool opens = std::ranges::any_of(
                steps, [](const SyncStep& step) { return step.batch == BatchPart::open; });
            const bool commits = std::ranges::any_of(
                steps, [](const SyncStep& step) { return step.batch == BatchPart::commit; });
            left += opens && !commits ? 1 : 0;
        }
        return left / 20'000.0;
    };
    EXPECT_NEAR(open_for_ever("mozilla-2012-faithful"), 0.09, 0.01);
    EXPECT_EQ(open_for_ever("mozilla-2012"), 0);
}

Target sync_target() {
    return *Target::parse("http://h:1/storage/1.5#s");
}

TEST(SyncModelTest, WantsASecretAndAPath) {
    const auto& profile = sync_profiles().front();
    EXPECT_THAT(SyncModel::make(profile, *Target::parse("http://h/1.5"), {}).error().message,
                HasSubstr("secret"));
    EXPECT_THAT(SyncModel::make(profile, *Target::parse("http://h#s"), {}).error().message,
                HasSubstr("/storage/1.5"));
}

/// The requests a session sends to a server where everything is well.
std::vector<std::string> heads_of(const SyncProfile& profile, std::uint64_t draw,
                                  std::vector<std::size_t>* sizes = nullptr,
                                  const Target& target = sync_target()) {
    const auto model = SyncModel::make(profile, target, {});
    const auto session = (*model)->make_session();
    Memory memory;
    session->begin(41, draw, memory);
    std::vector<std::string> heads;
    Draft draft;
    net::http::Headers none;
    while (session->next(draft).kind == Next::Kind::ask) {
        heads.push_back(draft.bytes.substr(0, draft.bytes.find("\r\n\r\n")));
        if (sizes != nullptr) {
            for (auto at = draft.bytes.find("\"payload\":\""); at != std::string::npos;
                 at = draft.bytes.find("\"payload\":\"", at + 1)) {
                const auto begin = at + 11;
                sizes->push_back(draft.bytes.find('"', begin) - begin);
            }
        }
        // A body that suits whatever was asked: records are counted from the request.
        std::string body = "{}";
        if (draft.bytes.starts_with("POST")) {
            body = R"({"batch":"b1","success":[)";
            std::size_t count = 0;
            for (auto at = draft.bytes.find("\"id\""); at != std::string::npos;
                 at = draft.bytes.find("\"id\"", at + 1))
                body += (count++ == 0 ? "" : ",") + std::string("\"x\"");
            body += R"(],"failed":{}})";
        } else if (draft.bytes.contains("?full=1")) {
            body = "[]";
        } else if (draft.bytes.contains("/meta/global") || draft.bytes.contains("/crypto/keys")) {
            body = draft.bytes.starts_with("PUT") ? "123.45" : R"({"payload":"x"})";
        }
        const bool staged = draft.bytes.contains("?batch=") && !draft.bytes.contains("commit=true");
        EXPECT_EQ(session->judge({staged ? 202 : 200, none, body}), std::nullopt) << heads.back();
    }
    return heads;
}

TEST(SyncModelTest, OneDrawMakesOneSession) {
    const auto& profile = *find_sync_profile("mozilla-2012");
    const auto targets = [&](std::uint64_t draw) {
        std::vector<std::string> lines;
        for (const auto& head : heads_of(profile, draw))
            lines.push_back(head.substr(0, head.find("&newer")));
        for (auto& line : lines)
            line = line.substr(0, line.find("\r\n"));
        return lines;
    };
    EXPECT_EQ(targets(5), targets(5));
    EXPECT_THAT(targets(5).front(), HasSubstr("GET /storage/1.5/42/info/configuration"));
}

TEST(SyncModelTest, EveryProfileCompletesAgainstAServerThatIsWell) {
    for (const auto& profile : sync_profiles()) {
        for (std::uint64_t draw = 0; draw < 50; ++draw)
            EXPECT_FALSE(heads_of(profile, draw).empty()) << profile.name;
    }
}

TEST(SyncModelTest, StorageOf2010IsAskedByNameAndPassword) {
    const auto target = *Target::parse("http://h:1/1.1#pw");
    const auto heads = heads_of(*find_sync_profile("weave-2010"), 3, nullptr, target);
    EXPECT_THAT(heads.front(), HasSubstr("GET /1.1/cuser42/info/collections HTTP/1.1\r\n"));
    // cuser42:pw
    for (const auto& head : heads)
        EXPECT_THAT(head, HasSubstr("\r\nAuthorization: Basic Y3VzZXI0Mjpwdw==\r\n"));
    EXPECT_THAT(SyncModel::make(*find_sync_profile("firefox-2016"), target, {}).error().message,
                HasSubstr("-m weave-2010"));
    EXPECT_THAT(
        SyncModel::make(*find_sync_profile("weave-2010"), *Target::parse("http://h/1.0"), {}).error().message,
        HasSubstr("#PASSWORD"));
}

TEST(SyncModelTest, PayloadsHaveTheSizesOfTheSheet) {
    std::vector<std::size_t> sizes;
    for (std::uint64_t draw = 0; draw < 300; ++draw)
        heads_of(*find_sync_profile("mozilla-2012"), draw, &sizes);
    ASSERT_GT(sizes.size(), 5000u);
    std::ranges::sort(sizes);
    EXPECT_GE(sizes.front(), 300u);
    EXPECT_LE(sizes.back(), 7000u);
    const auto at = [&](double q) {
        return static_cast<double>(sizes[static_cast<std::size_t>(q * static_cast<double>(sizes.size()))]);
    };
    EXPECT_NEAR(at(0.5), 378, 12);
    EXPECT_NEAR(at(0.9), 646, 30);
    EXPECT_NEAR(at(0.99), 1392, 150);
}

std::optional<ErrorClass> judged(int status, const std::string& body,
                                 std::initializer_list<std::pair<const char*, const char*>> fields = {},
                                 std::string_view profile = "mass-reconnect") {
    const auto model = SyncModel::make(*find_sync_profile(profile), sync_target(), {});
    const auto session = (*model)->make_session();
    Memory memory;
    session->begin(0, 1, memory);
    Draft draft;
    net::http::Headers headers;
    for (const auto& [name, value] : fields)
        headers.add(name, value);
    (void)session->next(draft);
    return session->judge({status, headers, body});
}

TEST(SyncModelTest, WrongBodiesAreFound) {
    EXPECT_EQ(judged(200, "{}"), std::nullopt);
    EXPECT_EQ(judged(200, "[]"), ErrorClass::wrong_body);
    EXPECT_EQ(judged(200, ""), ErrorClass::wrong_body);
    EXPECT_EQ(judged(500, "{}"), ErrorClass::server_error);
    EXPECT_EQ(judged(503, "0", {{"Retry-After", "30"}}), ErrorClass::busy);
    const SyncStep post{.type = SyncType::post_tabs, .collection = "tabs", .records = 2};
    const net::http::Headers none;
    EXPECT_TRUE(is_right_body(post, {200, none, R"({"modified":1.00,"success":["a","b"],"failed":{}})"}));
    EXPECT_FALSE(is_right_body(post, {200, none, R"({"success":["a"],"failed":{}})"}));
    EXPECT_FALSE(is_right_body(post, {200, none, R"({"success":["a","b"],"failed":{"c":"x"}})"}));
    EXPECT_FALSE(is_right_body(post, {200, none, R"({"failed":{}})"}));
}

TEST(SyncModelTest, WaitsWhenToldTo) {
    const auto model = SyncModel::make(*find_sync_profile("mass-reconnect"), sync_target(), {});
    const auto session = (*model)->make_session();
    Memory memory;
    session->begin(0, 1, memory);
    Draft draft;
    ASSERT_EQ(session->next(draft).kind, Next::Kind::ask);
    net::http::Headers headers;
    headers.add("Retry-After", "30");
    headers.add("X-Weave-Backoff", "7200");
    EXPECT_EQ(session->judge({503, headers, "0"}), ErrorClass::busy);
    const auto next = session->next(draft);
    EXPECT_EQ(next.kind, Next::Kind::pause);
    EXPECT_GE(next.pause, std::chrono::seconds(30));
    EXPECT_LE(next.pause, std::chrono::seconds(45));
    EXPECT_EQ(session->next(draft).kind, Next::Kind::ask);
    EXPECT_GE(session->rest(), std::chrono::seconds(3600));
}

}  // namespace
}  // namespace homespun::stampede
