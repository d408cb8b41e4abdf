#include <array>

#include <fmt/format.h>

#include "barrel/server/server_fixture.hpp"

namespace homespun::barrel {
namespace {

using test::read;
using test::says;

/// The only complaint about binding a contract, as `line:column message`.
std::string only(std::string_view source, const Natives& natives, const Assets* assets = nullptr) {
    const auto service = Service::bind(read(source), natives, assets);
    if (service) return "bound";
    EXPECT_EQ(service.error().size(), 1U) << rbr::render(service.error());
    const auto& first = service.error().front();
    return fmt::format("{}:{} {}{}", first.at.line, first.at.column, first.message,
                       first.hint.empty() ? "" : " | " + first.hint);
}

constexpr std::string_view one_path = "root /;\npath p ( method GET, url /, use native:hello );";

TEST(ServiceBind, BindsWhatIsThere) {
    Natives natives;
    natives.handler("hello", says("hi"));
    EXPECT_EQ(only(one_path, natives), "bound");
}
TEST(ServiceBind, APathWithoutAHandler) {
    EXPECT_EQ(only(one_path, Natives()), "2:33 nothing is registered as native:hello");
}
TEST(ServiceBind, GuessesTheHandler) {
    Natives natives;
    natives.check("helo", [](Context&, std::string_view) { return std::expected<void, Problem>(); });
    EXPECT_EQ(only(one_path, natives),
              "2:33 nothing is registered as native:hello | did you mean native:helo?");
}
TEST(ServiceBind, AHandlerWithoutAPath) {
    Natives natives;
    natives.handler("hello", says("hi")).handler("other", says("hi"));
    EXPECT_EQ(only(one_path, natives), "1:6 the handler native:other is registered, but no path uses it");
}
TEST(ServiceBind, ANativeOfAnotherKind) {
    Natives natives;
    natives.alter("hello",
                  [](Context&, std::string text) { return std::expected<std::string, Problem>(text); });
    EXPECT_EQ(only(one_path, natives),
              "2:33 native:hello is registered as an alter, but a handler is needed here");
}
TEST(ServiceBind, ANameRegisteredTwice) {
    Natives natives;
    natives.handler("hello", says("a")).handler("hello", says("b"));
    EXPECT_EQ(only(one_path, natives), "1:6 native:hello is registered twice");
}
TEST(ServiceBind, ABodyLimitOfNoHandler) {
    Natives natives;
    natives.handler("hello", says("hi")).body_limit("hello", 5).body_limit("helo", 6);
    EXPECT_EQ(
        only(one_path, natives),
        "1:6 a body limit is set for native:helo, but no path uses a handler of that name | did you mean "
        "native:hello?");
}
TEST(ServiceBind, HooksTypesAuthAltersAndChecksAreBoundToo) {
    for (const std::string_view part :
         {"on unmatched use native:x;", "on method use native:x;", "on check use native:x;",
          "on error use native:x;", "options use native:x;", "type t native:x;", "global g native:x;"}) {
        EXPECT_NE(only(fmt::format("root /; {}", part), Natives()).find("nothing is registered as native:x"),
                  std::string::npos)
            << part;
    }
    for (const std::string_view part :
         {"auth a with native:x", "request-body alter with native:x", "response-body alter with native:x",
          "request-headers unless A validates with native:x return 400"}) {
        const std::string source = fmt::format("root /; path p ( method GET, url /, use echo, {} );", part);
        EXPECT_NE(only(source, Natives()).find("nothing is registered as native:x"), std::string::npos)
            << part;
    }
}
TEST(ServiceBind, AContractThatDoesNotHoldTogether) {
    EXPECT_EQ(only("path p ( method GET, url /, use echo );", Natives()).substr(0, 26),
              "1:1 the file has no `root`");
}
TEST(ServiceBind, AMissingAsset) {
    constexpr std::array<EmbeddedAssets::Entry, 1> entries = {{{"a.html", "x"}}};
    const EmbeddedAssets assets(entries);
    EXPECT_EQ(only("root /; path p ( method GET, url /, use file:a.html );", Natives(), &assets), "bound");
    EXPECT_EQ(only("root /; path p ( method GET, url /, use file:b.html );", Natives(), &assets),
              "1:41 there is no asset `b.html`");
}
TEST(ServiceBind, AProgramWithoutAssets) {
    EXPECT_EQ(only("root /; path p ( method GET, url /, use file:a );", Natives()),
              "1:41 this program has no assets to serve");
}
TEST(ServiceBind, FactoriesSeeTheGlobalsAboveThem) {
    Natives natives;
    natives.factory("twice", [](const Globals& above) -> std::expected<Made, std::string> {
        return Made::of(*above.get<std::int64_t>("n") * 2);
    });
    const auto service = Service::bind(
        read("root /; global n 21; global s \"x\"; global f 1.5; global m native:twice;"), natives);
    ASSERT_TRUE(service);
    EXPECT_EQ(*service->globals().get<std::int64_t>("m"), 42);
    EXPECT_EQ(*service->globals().get<std::string>("s"), "x");
    EXPECT_EQ(*service->globals().get<double>("f"), 1.5);
    EXPECT_EQ(service->globals().get<double>("n"), nullptr);
}
TEST(ServiceBind, AFactoryMayFail) {
    Natives natives;
    natives.factory(
        "f", [](const Globals&) -> std::expected<Made, std::string> { return std::unexpected("no luck"); });
    EXPECT_EQ(only("root /; global g native:f;", natives), "1:18 the global `g` could not be made: no luck");
}

}  // namespace
}  // namespace homespun::barrel
