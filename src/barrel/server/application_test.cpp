#include "barrel/server/application.hpp"

#include <array>
#include <stdexcept>

#include "barrel/server/server_fixture.hpp"

namespace homespun::barrel {
namespace {

using net::http::Response;
using test::Answer;
using test::says;
using test::World;

/// A hook that says which one it was and why it was called.
Hook tells(std::string name) {
    return [name = std::move(name)](Context&, const Problem& problem) {
        return Response(problem.status, "text/plain", name + " " + problem.code + " " + problem.detail);
    };
}

Handler throws() {
    return [](Context&) -> base::Task<Response> {
        throw std::runtime_error("secret detail");
        co_return Response(200);
    };
}

std::expected<void, Problem> no(std::string detail) {
    return std::unexpected(Problem{418, "no", "test.no", std::move(detail), {}});
}

// --- matching
// -------------------------------------------------------------------------------------------------------------------------

constexpr std::string_view items = "root /s; path get ( method GET, url /items/{id}, use native:get );";

World simple(std::string_view source = items) {
    World world(source);
    world.natives.handler("get", [](Context& context) -> base::Task<Response> {
        co_return Response(
            200, "text/plain",
            std::string(context.parameter("id")) + " " + std::string(context.raw_parameter("id")));
    });
    return world;
}

TEST(BarrelApplication, CallsTheHandlerWithItsParameters) {
    EXPECT_EQ(simple().send("GET", "/s/items/a%20b?q").body, "a b a%20b");
}

TEST(BarrelApplication, UnmatchedIsAProblem) {
    const Answer answer = simple().send("GET", "/s/nothing");
    EXPECT_EQ(answer.status, 404);
    EXPECT_EQ(answer.type, "application/problem+json");
    EXPECT_EQ(
        answer.body,
        R"({"type":"about:blank","title":"Not Found","status":404,"code":"not-found","detail":"there is nothing at this address"})");
}
TEST(BarrelApplication, NothingMountedIsAProblem) {
    EXPECT_EQ(simple().send("GET", "/elsewhere").status, 404);
}
TEST(BarrelApplication, BadEncodingIsUnmatched) {
    EXPECT_EQ(simple().send("GET", "/s/items/%zz").status, 404);
}
TEST(BarrelApplication, WrongMethodNamesTheRightOnes) {
    const Answer answer = simple().send("DELETE", "/s/items/1");
    EXPECT_EQ(answer.status, 405);
    EXPECT_EQ(answer.header("Allow"), "GET, HEAD, OPTIONS");
}
TEST(BarrelApplication, OptionsIsAnswered) {
    const Answer answer = simple().send("OPTIONS", "/s/items/1");
    EXPECT_EQ(answer.status, 204);
    EXPECT_EQ(answer.header("Allow"), "GET, HEAD, OPTIONS");
}
TEST(BarrelApplication, OptionsOfTheServerIsAnswered) {
    EXPECT_EQ(simple().send("OPTIONS", "*").status, 204);
}
TEST(BarrelApplication, OptionsOfNothingIsUnmatched) {
    EXPECT_EQ(simple().send("OPTIONS", "/s/nothing").status, 404);
}
TEST(BarrelApplication, AMountReplacesTheRoot) {
    World world = simple();
    world.mounts = {"/a", "/b"};
    EXPECT_EQ(world.send("GET", "/a/items/1").status, 200);
    EXPECT_EQ(world.send("GET", "/b/items/1").status, 200);
    EXPECT_EQ(world.send("GET", "/s/items/1").status, 404);
}
TEST(BarrelApplication, ShowsTheContract) {
    const Answer answer = simple().send("GET", "/s/__api__");
    EXPECT_EQ(answer.body, items);
    EXPECT_EQ(answer.type, "text/plain; charset=utf-8");
}
TEST(BarrelApplication, TheContractCanBeHidden) {
    World world = simple();
    world.options.contract_page = false;
    EXPECT_EQ(world.send("GET", "/s/__api__").status, 404);
}

// --- hooks
// ----------------------------------------------------------------------------------------------------------------------------

World hooked() {
    World world(
        R"(root /s; on unmatched use native:u; on method use native:m; on check use native:c; on error use native:e; options use native:o;
                   path ok ( method GET, url /ok, request-headers unless A type is int return 400, use native:ok );
                   path bad ( method GET, url /bad, use native:bad );)");
    world.natives.hook("u", tells("unmatched"))
        .hook("m", tells("method"))
        .hook("c", tells("check"))
        .hook("e", tells("error"));
    world.natives.options("o", [](Context& context) {
        return Response(200, "text/plain", "options " + context.allowed().to_string());
    });
    world.natives.handler("ok", says("ok")).handler("bad", throws());
    return world;
}

TEST(BarrelHooks, UnmatchedTells) {
    EXPECT_EQ(hooked().send("GET", "/s/x").body, "unmatched not-found there is nothing at this address");
}
TEST(BarrelHooks, MethodTellsAndAllowIsAdded) {
    const Answer answer = hooked().send("PUT", "/s/ok");
    EXPECT_EQ(answer.body.substr(0, 6), "method");
    EXPECT_EQ(answer.header("Allow"), "GET, HEAD, OPTIONS");
}
TEST(BarrelHooks, CheckTells) {
    EXPECT_EQ(hooked().send("GET", "/s/ok", "", "A", "x").body,
              "check invalid-header the header A is not of type int");
}
TEST(BarrelHooks, ErrorTellsWithoutDetails) {
    EXPECT_EQ(hooked().send("GET", "/s/bad").body, "error internal ");
}
TEST(BarrelHooks, OptionsTells) {
    EXPECT_EQ(hooked().send("OPTIONS", "/s/ok").body, "options GET, HEAD");
}
TEST(BarrelHooks, ExceptionsAreLogged) {
    World world = hooked();
    world.send("GET", "/s/bad");
    ASSERT_EQ(world.logger.lines.size(), 1U);
    EXPECT_NE(world.logger.lines[0].find("secret detail"), std::string::npos);
}

// --- checks of the request
// --------------------------------------------------------------------------------------------------------------

World with(std::string_view statements) {
    World world("root /; type even native:even; path p ( method GET|POST, url /, use native:h, " +
                std::string(statements) + " );");
    world.natives.handler("h", [](Context& context) -> base::Task<Response> {
        const std::string* who = context.identity<std::string>();
        co_return Response(200, "text/plain", who == nullptr ? context.request().body : *who);
    });
    world.natives.check("even", [](Context&, std::string_view value) {
        return value.size() % 2 == 0 ? std::expected<void, Problem>() : no("odd");
    });
    world.natives.alter("upper", [](Context&, std::string text) -> std::expected<std::string, Problem> {
        for (char& c : text)
            c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c);
        return text;
    });
    world.natives.alter("fails", [](Context&, std::string) -> std::expected<std::string, Problem> {
        return std::unexpected(Problem{502, "f", "f", "f", {}});
    });
    world.natives.alter("throws", [](Context&, std::string) -> std::expected<std::string, Problem> {
        throw std::runtime_error("x");
    });
    world.natives.authenticator("door", [](Context& context) -> base::Task<std::expected<void, Problem>> {
        const auto token = context.request().headers.find("Authorization");
        if (!token) {
            Problem problem{401, "", "auth.missing", "no token", {}};
            problem.headers.emplace_back("WWW-Authenticate", "Token");
            co_return std::unexpected(std::move(problem));
        }
        context.set_identity(std::string(*token));
        co_return std::expected<void, Problem>();
    });
    return world;
}

TEST(BarrelAuth, LetsInAndNamesThePerson) {
    EXPECT_EQ(with("auth t with native:door").send("GET", "/", "", "Authorization", "me").body, "me");
}
TEST(BarrelAuth, RefusesWithItsHeaders) {
    const Answer answer = with("auth t with native:door").send("GET", "/");
    EXPECT_EQ(answer.status, 401);
    EXPECT_EQ(answer.header("WWW-Authenticate"), "Token");
}
TEST(BarrelAuth, ComesBeforeTypeSizeAndChecks) {
    World world = with(
        "auth t with native:door, request-headers unless A type is int return 400, request-body ( "
        "content-type \"a/b\", max-size 1 )");
    EXPECT_EQ(world.send("POST", "/", "long", "Content-Type", "c/d").status, 401);
}

TEST(BarrelPlan, KnowsTheLimitsFromTheHead) {
    World world = with("timeout 5s, request-body max-size 16k");
    world.send("GET", "/");
    EXPECT_EQ(world.plan.max_body, 16384U);
    EXPECT_EQ(world.plan.timeout, std::chrono::seconds(5));
    EXPECT_FALSE(world.plan.stream);
}
TEST(BarrelPlan, HasADefaultLimit) {
    World world = with("request-body stream");
    world.send("GET", "/");
    EXPECT_EQ(world.plan.max_body, 65536U);
    EXPECT_TRUE(world.plan.stream);
}

TEST(BarrelChecks, TooLargeABody) {
    EXPECT_EQ(with("request-body max-size 3").send("POST", "/", "four").status, 413);
}
TEST(BarrelChecks, ContentTypeMustBeOneOfThem) {
    constexpr std::string_view types =
        "request-body ( content-type \"application/json\", content-type \"text/*\" )";
    EXPECT_EQ(with(types).send("POST", "/", "x", "Content-Type", "Application/JSON; charset=utf-8").status,
              200);
    EXPECT_EQ(with(types).send("POST", "/", "x", "Content-Type", "text/csv").status, 200);
    EXPECT_EQ(with(types).send("POST", "/", "x", "Content-Type", "image/png").status, 415);
    EXPECT_EQ(with(types).send("POST", "/", "x").status, 415);
}
TEST(BarrelChecks, NoBodyNeedsNoContentType) {
    EXPECT_EQ(with("request-body content-type \"a/b\"").send("GET", "/").status, 200);
}

TEST(BarrelChecks, HeaderTypeIs) {
    constexpr std::string_view rule = "request-headers unless A type is int return 422";
    EXPECT_EQ(with(rule).send("GET", "/", "", "a", "5").status, 200);
    EXPECT_EQ(with(rule).send("GET", "/", "", "A", "x").status, 422);
    EXPECT_EQ(with(rule).send("GET", "/").status, 422);
}
TEST(BarrelChecks, HeaderTypeIsNot) {
    constexpr std::string_view rule = "request-headers unless A type is not int return 422";
    EXPECT_EQ(with(rule).send("GET", "/", "", "A", "5").status, 422);
    EXPECT_EQ(with(rule).send("GET", "/", "", "A", "x").status, 200);
    EXPECT_EQ(with(rule).send("GET", "/").status, 200);
}
TEST(BarrelChecks, HeaderValidatesWithANative) {
    constexpr std::string_view rule = "request-headers unless A validates with native:even return 422";
    EXPECT_EQ(with(rule).send("GET", "/", "", "A", "xy").status, 200);
    EXPECT_NE(with(rule).send("GET", "/", "", "A", "x").body.find("odd"), std::string::npos);
}
TEST(BarrelChecks, HeaderValidatesWithAType) {
    constexpr std::string_view rule = "request-headers unless A validates with even return 422";
    EXPECT_EQ(with(rule).send("GET", "/", "", "A", "x").status, 422);
    EXPECT_EQ(with(rule).send("GET", "/").status, 422);
}
TEST(BarrelChecks, EveryFieldOfAHeaderIsChecked) {
    World world = with("request-headers unless A type is int return 422");
    auto& request = world.request("GET", "/");
    request.headers.add("A", "1");
    request.headers.add("A", "x");
    EXPECT_EQ(world.send(request).status, 422);
}
TEST(BarrelChecks, BodyTypeIs) {
    EXPECT_EQ(with("request-body unless type is json return 400").send("POST", "/", "{}").status, 200);
    EXPECT_EQ(with("request-body unless type is json return 400").send("POST", "/", "{").status, 400);
}
TEST(BarrelChecks, BodyTypeIsNot) {
    EXPECT_EQ(with("request-body unless type is not json return 400").send("POST", "/", "{}").status, 400);
}
TEST(BarrelChecks, BodyTypeOfTheService) {
    EXPECT_EQ(with("request-body unless type is even return 400").send("POST", "/", "odd").status, 400);
}
TEST(BarrelChecks, TheContractDecidesTheStatus) {
    EXPECT_NE(with("request-body unless type is even return 409")
                  .send("POST", "/", "odd")
                  .body.find("\"status\":409,\"code\":\"no\""),
              std::string::npos);
}
TEST(BarrelChecks, HeadersComeBeforeTheBody) {
    EXPECT_EQ(
        with("request-body unless type is json return 401, request-headers unless A type is int return 402")
            .send("POST", "/", "{")
            .status,
        402);
}
TEST(BarrelChecks, AlterChangesTheRequest) {
    EXPECT_EQ(with("request-body alter with native:upper").send("POST", "/", "ab").body, "AB");
}
TEST(BarrelChecks, ChecksAndAltersRunInTheirOrder) {
    EXPECT_EQ(with("request-body ( unless type is json return 400, alter with native:upper )")
                  .send("POST", "/", "true")
                  .body,
              "TRUE");
    EXPECT_EQ(with("request-body ( alter with native:upper, unless type is json return 400 )")
                  .send("POST", "/", "true")
                  .status,
              400);
}
TEST(BarrelChecks, AnAlterRefusesWithItsStatus) {
    EXPECT_EQ(with("request-body alter with native:fails").send("POST", "/", "x").status, 502);
}
TEST(BarrelChecks, OnErrorReplacesTheStatusOfAnAlter) {
    EXPECT_EQ(
        with("request-body ( alter with native:fails, on error return 409 )").send("POST", "/", "x").status,
        409);
}
TEST(BarrelChecks, OnErrorAnswersExceptions) {
    EXPECT_EQ(
        with("request-body ( alter with native:throws, on error return 409 )").send("POST", "/", "x").status,
        409);
    EXPECT_EQ(with("request-body alter with native:throws").send("POST", "/", "x").status, 500);
}
TEST(BarrelChecks, OnErrorLeavesAChecksOwnStatus) {
    EXPECT_EQ(with("request-body ( unless type is json return 400, on error return 409 )")
                  .send("POST", "/", "{")
                  .status,
              400);
}

// --- changes of the answer
// --------------------------------------------------------------------------------------------------------------

TEST(BarrelResponse, HeadersAreSet) {
    const Answer answer = with("response-headers ( set X-A 1, set Content-Type \"a/b\" )").send("GET", "/");
    EXPECT_EQ(answer.header("X-A"), "1");
    EXPECT_EQ(answer.type, "a/b");
}
TEST(BarrelResponse, HeadersAreNotSetOnRefusals) {
    EXPECT_EQ(with("response-headers set X-A 1, request-body unless type is json return 400")
                  .send("POST", "/", "{")
                  .header("X-A"),
              "(none)");
}
TEST(BarrelResponse, BodiesAreAltered) {
    EXPECT_EQ(with("response-body alter with native:upper").send("POST", "/", "ab").body, "AB");
}
TEST(BarrelResponse, BodiesAreChecked) {
    EXPECT_EQ(with("response-body unless type is json return 503").send("POST", "/", "{").status, 503);
}
TEST(BarrelResponse, StreamsCannotBeAltered) {
    World world("root /; path p ( method GET, url /, use native:h, response-body alter with native:a );");
    world.natives.alter(
        "a", [](Context&, std::string text) -> std::expected<std::string, Problem> { return text; });
    world.natives.handler("h", [](Context&) -> base::Task<Response> {
        Response response(200);
        response.body =
            net::http::BodySource([]() -> base::Task<std::optional<std::string>> { co_return std::nullopt; });
        co_return response;
    });
    EXPECT_EQ(world.send("GET", "/").status, 500);
}

// --- what the server itself refuses
// -------------------------------------------------------------------------------------------------------

TEST(BarrelRefuse, TooLargeGoesToTheCheckHook) {
    World world = hooked();
    auto& request = world.request("GET", "/s/ok");
    world.application().plan(request);
    const Answer answer =
        test::answer_of(world.application().refuse(request, net::http::Refusal::body_too_large));
    EXPECT_EQ(answer.status, 413);
    EXPECT_EQ(answer.body, "check body-too-large the body may have 65536 bytes");
}
TEST(BarrelRefuse, TimeoutsGoToTheErrorHook) {
    World world = hooked();
    auto& request = world.request("GET", "/s/ok");
    world.application().plan(request);
    const Answer answer =
        test::answer_of(world.application().refuse(request, net::http::Refusal::handler_timeout));
    EXPECT_EQ(answer.status, 503);
    EXPECT_EQ(answer.body.substr(0, 5), "error");
}
TEST(BarrelRefuse, NothingUnderstoodIsAProblem) {
    World world = hooked();
    const Answer answer =
        test::answer_of(world.application().refuse(world.request("", ""), net::http::Refusal::malformed));
    EXPECT_EQ(answer.status, 400);
    EXPECT_EQ(answer.type, "application/problem+json");
}

TEST(BarrelFinish, TheObserverKnowsServicePathAndReason) {
    World world = hooked();
    std::string seen;
    world.observer = [&](const net::http::Request&, const Response& response, std::chrono::microseconds,
                         const Outcome& outcome) {
        seen = std::to_string(response.status) + " " + std::string(outcome.service) + " " +
               std::string(outcome.path) + " " + std::string(outcome.reason);
    };
    auto& request = world.request("GET", "/s/ok");
    world.send(request);
    Response response(400);
    world.application().finish(request, response, std::chrono::microseconds(1));
    EXPECT_EQ(seen, "400 test ok rbr.missing-header");
}

// --- files
// ----------------------------------------------------------------------------------------------------------------------------

constexpr std::array<EmbeddedAssets::Entry, 3> entries = {
    {{"page.html", "<p>"}, {"static/a.css", "a{}"}, {"static/sub/b.js", "b"}}};
const EmbeddedAssets embedded(entries);

World files() {
    World world(R"(root /; path page ( method GET, url /, use file:page.html );
                   path static ( method GET, url /static/{name...}, use directory:static );
                   path flat ( method GET, url /flat/{name}, use directory:static );
                   path loud ( method GET, url /loud, response-body alter with native:loud, use file:page.html );
                   on unmatched use native:u;)");
    world.assets = &embedded;
    world.natives.hook("u", tells("unmatched"));
    world.natives.alter(
        "loud", [](Context&, std::string text) -> std::expected<std::string, Problem> { return text + "!"; });
    return world;
}

TEST(BarrelFiles, AreServedWithTypeAndTag) {
    const Answer answer = files().send("GET", "/");
    EXPECT_EQ(answer.body, "<p>");
    EXPECT_EQ(answer.type, "text/html; charset=utf-8");
    EXPECT_EQ(answer.header("ETag"), etag_of("<p>"));
}
TEST(BarrelFiles, HeadIsServed) {
    EXPECT_EQ(files().send("HEAD", "/").status, 200);
}
TEST(BarrelFiles, KnownBytesAreNotSentAgain) {
    const Answer answer = files().send("GET", "/", "", "If-None-Match", "\"x\", W/" + etag_of("<p>"));
    EXPECT_EQ(answer.status, 304);
    EXPECT_EQ(answer.body, "");
    EXPECT_EQ(answer.header("ETag"), etag_of("<p>"));
}
TEST(BarrelFiles, OtherTagsDoNotCount) {
    EXPECT_EQ(files().send("GET", "/", "", "If-None-Match", "\"x\"").status, 200);
}
TEST(BarrelFiles, DirectoriesServeTheirFiles) {
    EXPECT_EQ(files().send("GET", "/static/a.css").body, "a{}");
}
TEST(BarrelFiles, RestReachesSubDirectories) {
    EXPECT_EQ(files().send("GET", "/static/sub/b.js").body, "b");
}
TEST(BarrelFiles, UnknownFilesAreUnmatched) {
    EXPECT_EQ(files().send("GET", "/static/zzz").body,
              "unmatched not-found there is nothing at this address");
}
TEST(BarrelFiles, NothingOutsideIsServed) {
    for (const char* target : {"/static/../page.html", "/static/%2e%2e/page.html", "/static/..%2fpage.html",
                               "/flat/..%2Fpage.html", "/flat/.%00", "/static//a.css"}) {
        EXPECT_EQ(files().send("GET", target).status, 404) << target;
    }
}
TEST(BarrelFiles, AlteredFilesHaveNoTag) {
    const Answer answer = files().send("GET", "/loud", "", "If-None-Match", etag_of("<p>"));
    EXPECT_EQ(answer.body, "<p>!");
    EXPECT_EQ(answer.header("ETag"), "(none)");
}

TEST(BarrelEcho, ShowsTheRequestWithoutSecrets) {
    World world("root /; path e ( method POST, url /e, use echo );");
    const Answer answer = world.send("POST", "/e?x", "body", "Authorization", "secret");
    EXPECT_EQ(answer.body, "POST /e?x\nAuthorization: …\n\nbody");
}

// --- several services
// -------------------------------------------------------------------------------------------------------------------

TEST(BarrelApplication, EveryServiceTellsItself) {
    test::ListLogger logger;
    std::vector<Application::Mounted> services;
    for (const std::string name : {"a", "b"}) {
        Natives natives;
        natives.hook("u", tells(name));
        auto service = Service::bind(test::read("root /" + name + "; on unmatched use native:u;"), natives);
        ASSERT_TRUE(service);
        services.push_back({name, std::move(*service), {}});
    }
    auto application = Application::build(std::move(services), logger);
    ASSERT_TRUE(application);
    net::http::Request request;
    request.method = "GET";
    request.target = "/b/x";
    static_cast<void>((*application)->plan(request));
    std::string body;
    base::spawn((*application)->handle(request),
                [&](auto outcome) { body = std::get<std::string>(outcome->body); });
    EXPECT_EQ(body.substr(0, 2), "b ");
}

TEST(BarrelApplication, ClashingServicesAreRefused) {
    test::ListLogger logger;
    std::vector<Application::Mounted> services;
    for (int i = 0; i < 2; ++i) {
        services.push_back({"x",
                            std::move(*Service::bind(
                                test::read("root /; path p ( method GET, url /p, use echo );"), Natives())),
                            {}});
    }
    EXPECT_FALSE(Application::build(std::move(services), logger));
}

}  // namespace
}  // namespace homespun::barrel
