#include "barrel/rbr/router.hpp"

#include <deque>

#include <gtest/gtest.h>

#include "barrel/rbr/check.hpp"
#include "barrel/rbr/parser.hpp"

namespace homespun::barrel::rbr {
namespace {

using Outcome = Match::Outcome;

/// Contracts and the router over them, in one place so that names of paths can be compared.
class World {
  public:
    World& mount(std::string_view source, std::string root = "", bool page = false) {
        auto file = parse(source, "t.rbr");
        EXPECT_TRUE(file) << file.error().render();
        files_.push_back(std::move(*file));
        EXPECT_TRUE(check(files_.back()).empty()) << render(check(files_.back()));
        mounts_.push_back({files_.size() - 1, nullptr, std::move(root), page});
        return *this;
    }

    std::expected<Router, Diagnostics> build() {
        for (std::size_t i = 0; i < mounts_.size(); ++i)
            mounts_[i].file = &files_[i];
        return Router::build(mounts_);
    }

    Match match(std::string_view method, std::string_view target) {
        if (!router_) {
            auto built = build();
            EXPECT_TRUE(built) << render(built.error());
            router_ = std::make_unique<Router>(std::move(*built));
        }
        return router_->match(method, target);
    }

    /// `service/path name=value …`, or what happened instead.
    std::string find(std::string_view method, std::string_view target) {
        const Match found = match(method, target);
        const std::string service = found.service == Match::none ? "-" : std::to_string(found.service);
        switch (found.outcome) {
            case Outcome::NotFound:
                return service + " not found";
            case Outcome::BadEncoding:
                return service + " bad encoding";
            case Outcome::WrongMethod:
                return service + " only " + found.allowed.to_string();
            case Outcome::Found:
                break;
        }
        if (found.path == Router::contract_page) return service + " contract";
        std::string text = service + " " + files_[found.service].all<Path>()[found.path]->name;
        for (const Parameter& it : found.parameters)
            text += " " + std::string(it.name) + "=" + it.value;
        return text;
    }

  private:
    std::deque<File> files_;
    std::vector<Router::Mount> mounts_;
    std::unique_ptr<Router> router_;
};

constexpr std::string_view shop_contract = R"(
    root /shop;
    path top ( method GET, url /, use echo );
    path list ( method GET, url /items, use echo );
    path add ( method POST, url /items, use echo );
    path folder ( method GET, url /items/, use echo );
    path best ( method GET, url /items/best, use echo );
    path number ( method GET, url /items/{n:[0-9]+}, use echo );
    path item ( method GET|PUT|DELETE, url /items/{id}, use echo );
    path part ( method GET, url /items/{id}/parts/{part}, use echo );
    path files ( method GET, url /files/{name...}, use echo );
    path blank ( method GET, url /a%20b, use echo );
)";

World shop() {
    World world;
    world.mount(shop_contract);
    return world;
}

TEST(RbrRouter, FindsTexts) {
    EXPECT_EQ(shop().find("GET", "/shop/items"), "0 list");
}
TEST(RbrRouter, IgnoresTheQuery) {
    EXPECT_EQ(shop().find("GET", "/shop/items?x=/y%zz"), "0 list");
}
TEST(RbrRouter, UrlSlashIsTheMountItself) {
    EXPECT_EQ(shop().find("GET", "/shop"), "0 top");
}
TEST(RbrRouter, ASlashBehindTheMountIsAnotherAddress) {
    EXPECT_EQ(shop().find("GET", "/shop/"), "0 not found");
}
TEST(RbrRouter, MethodsChooseAmongPathsOfOneAddress) {
    EXPECT_EQ(shop().find("POST", "/shop/items"), "0 add");
}
TEST(RbrRouter, ATrailingSlashIsSignificant) {
    EXPECT_EQ(shop().find("GET", "/shop/items/"), "0 folder");
}
TEST(RbrRouter, AMountMayIgnoreTrailingSlashes) {
    auto file = parse(
        "root /old;\npath top ( method GET, url /, use native:a );\n"
        "path item ( method GET, url /{id}, use native:b );",
        "t.rbr");
    ASSERT_TRUE(file) << file.error().render();
    const auto router = Router::build(std::vector<Router::Mount>{
        {.service = 0, .file = &*file, .root = "", .ignored_trailing_slashes = 2}});
    ASSERT_TRUE(router);
    EXPECT_EQ(router->match("GET", "/old/x///").outcome, Outcome::NotFound);
    for (const auto* target : {"/old/x", "/old/x/", "/old/x//", "/old/x/?a=/"}) {
        const auto found = router->match("GET", target);
        EXPECT_EQ(found.outcome, Outcome::Found) << target;
        ASSERT_EQ(found.parameters.size(), 1U) << target;
        EXPECT_EQ(found.parameters[0].value, "x") << target;
    }
    EXPECT_EQ(router->match("GET", "/old/").path, 0U);
    EXPECT_EQ(router->match("GET", "/old//x").outcome, Outcome::NotFound);
}
TEST(RbrRouter, EmptySegmentsAreSignificant) {
    EXPECT_EQ(shop().find("GET", "/shop//items"), "0 not found");
}
TEST(RbrRouter, PlaceholdersNeverTakeNothing) {
    EXPECT_EQ(shop().find("GET", "/shop/items//parts/x"), "0 not found");
}
TEST(RbrRouter, TextBeatsPlaceholder) {
    EXPECT_EQ(shop().find("GET", "/shop/items/best"), "0 best");
}
TEST(RbrRouter, ExpressionBeatsPlaceholder) {
    EXPECT_EQ(shop().find("GET", "/shop/items/42"), "0 number n=42");
}
TEST(RbrRouter, ExpressionsSeeTheWholeSegment) {
    EXPECT_EQ(shop().find("GET", "/shop/items/42a"), "0 item id=42a");
}
TEST(RbrRouter, ALessSpecificPathTakesOtherMethods) {
    EXPECT_EQ(shop().find("PUT", "/shop/items/best"), "0 item id=best");
}
TEST(RbrRouter, TurnsBackFromADeadEnd) {
    EXPECT_EQ(shop().find("GET", "/shop/items/best/parts/7"), "0 part id=best part=7");
}
TEST(RbrRouter, RestTakesTheRest) {
    EXPECT_EQ(shop().find("GET", "/shop/files/a/b%20c/"), "0 files name=a/b c/");
}
TEST(RbrRouter, RestTakesNothingBehindASlash) {
    EXPECT_EQ(shop().find("GET", "/shop/files/"), "0 files name=");
}
TEST(RbrRouter, RestNeedsItsSlash) {
    EXPECT_EQ(shop().find("GET", "/shop/files"), "0 not found");
}
TEST(RbrRouter, SegmentsAreDecodedAfterTheCut) {
    EXPECT_EQ(shop().find("GET", "/shop/items/a%2Fb"), "0 item id=a/b");
}
TEST(RbrRouter, TextsCompareDecoded) {
    EXPECT_EQ(shop().find("GET", "/shop/%61%20b"), "0 blank");
}
TEST(RbrRouter, MountsCompareDecoded) {
    EXPECT_EQ(shop().find("GET", "/%73hop/items"), "0 list");
}
TEST(RbrRouter, ParametersKeepTheirRawForm) {
    World world = shop();
    const Match found = world.match("GET", "/shop/items/a%2Fb/parts/c%20d?q");
    ASSERT_EQ(found.parameters.size(), 2U);
    EXPECT_EQ(found.parameters[0].raw, "a%2Fb");
    EXPECT_EQ(found.parameters[1].raw, "c%20d");
}
TEST(RbrRouter, HeadIsAnsweredByGet) {
    EXPECT_EQ(shop().find("HEAD", "/shop/items"), "0 list");
}
TEST(RbrRouter, APathForHeadIsPreferred) {
    World world;
    world.mount("root /; path g (method GET, url /a, use echo); path h (method HEAD, url /a, use echo);");
    EXPECT_EQ(world.find("HEAD", "/a"), "0 h");
}
TEST(RbrRouter, WrongMethodNamesTheRightOnes) {
    EXPECT_EQ(shop().find("PATCH", "/shop/items"), "0 only GET, HEAD, POST");
}
TEST(RbrRouter, AllowCollectsAllPathsOfTheAddress) {
    EXPECT_EQ(shop().find("POST", "/shop/items/best"), "0 only GET, HEAD, PUT, DELETE");
}
TEST(RbrRouter, UnknownMethodsAreWrongMethods) {
    EXPECT_EQ(shop().find("PROPFIND", "/shop/items"), "0 only GET, HEAD, POST");
}
TEST(RbrRouter, MethodsAreCaseSensitive) {
    EXPECT_EQ(shop().find("get", "/shop"), "0 only GET, HEAD");
}
TEST(RbrRouter, NothingIsMountedThere) {
    EXPECT_EQ(shop().find("GET", "/other"), "- not found");
}
TEST(RbrRouter, MountsArePrefixesOfWholeSegments) {
    EXPECT_EQ(shop().find("GET", "/shopping"), "- not found");
}
TEST(RbrRouter, BadEncodingIsToldApart) {
    EXPECT_EQ(shop().find("GET", "/shop/items/%zz"), "0 bad encoding");
    EXPECT_EQ(shop().find("GET", "/shop/items/%4"), "0 bad encoding");
    EXPECT_EQ(shop().find("GET", "/shop/items%"), "0 bad encoding");
}
TEST(RbrRouter, OtherFormsOfTargetsAreNotFound) {
    EXPECT_EQ(shop().find("OPTIONS", "*"), "- not found");
    EXPECT_EQ(shop().find("GET", ""), "- not found");
    EXPECT_EQ(shop().find("GET", "http://a/shop"), "- not found");
}

constexpr std::string_view one =
    "root /; path one ( method GET, url /one, use echo ); path top ( method GET, url /, use echo );";
constexpr std::string_view two = "root /a/b; path two ( method GET, url /two, use echo );";

TEST(RbrRouter, TheLongestMountChoosesTheService) {
    World world;
    world.mount(one).mount(two);
    EXPECT_EQ(world.find("GET", "/one"), "0 one");
    EXPECT_EQ(world.find("GET", "/"), "0 top");
    EXPECT_EQ(world.find("GET", "/a/b/two"), "1 two");
    EXPECT_EQ(world.find("GET", "/a/b/three"), "1 not found");
    EXPECT_EQ(world.find("GET", "/a/three"), "0 not found");
}

TEST(RbrRouter, AMountReplacesTheRoot) {
    World world;
    world.mount(two, "/elsewhere");
    EXPECT_EQ(world.find("GET", "/elsewhere/two"), "0 two");
    EXPECT_EQ(world.find("GET", "/a/b/two"), "- not found");
}

TEST(RbrRouter, ServicesMayShareAMount) {
    World world;
    world.mount(one).mount(
        "root /; path three ( method GET, url /three, use echo ); path put ( method PUT, url /one, use echo "
        ");");
    EXPECT_EQ(world.find("GET", "/three"), "1 three");
    EXPECT_EQ(world.find("PUT", "/one"), "1 put");
    EXPECT_EQ(world.find("POST", "/one"), "0 only GET, HEAD, PUT");
    EXPECT_EQ(world.find("GET", "/four"), "0 not found");
}

TEST(RbrRouter, ServicesMustNotShareAnAddress) {
    World world;
    world.mount(one).mount("root /; path again ( method GET, url /one, use echo );");
    const auto built = world.build();
    ASSERT_FALSE(built);
    EXPECT_NE(built.error()[0].message.find("already belongs"), std::string::npos);
}

TEST(RbrRouter, BadMountsAreRefused) {
    World world;
    world.mount(one, "no-slash");
    EXPECT_FALSE(world.build());
}

TEST(RbrRouter, TheContractHasAPage) {
    World world;
    world.mount("root /s; path all ( method GET, url /{rest...}, use echo );", "", true);
    EXPECT_EQ(world.find("GET", "/s/__api__"), "0 contract");
    EXPECT_EQ(world.find("GET", "/s/other"), "0 all rest=other");
}

TEST(RbrRouter, AContractMayHaveItsOwnPageThere) {
    World world;
    world.mount("root /s; path mine ( method GET, url /__api__, use echo );", "", true);
    EXPECT_EQ(world.find("GET", "/s/__api__"), "0 mine");
}

TEST(RbrRouter, ManySegmentsTakeLinearTime) {
    World world = shop();
    std::string target = "/shop/files";
    for (int i = 0; i < 100000; ++i)
        target += "/a";
    EXPECT_EQ(world.match("GET", target).outcome, Outcome::Found);
}

}  // namespace
}  // namespace homespun::barrel::rbr
