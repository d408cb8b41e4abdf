#include "barrel/rbr/check.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "barrel/rbr/parser.hpp"

namespace homespun::barrel::rbr {
namespace {

Diagnostics problems(std::string_view source) {
    auto file = parse(source, "t.rbr");
    if (!file) {
        ADD_FAILURE() << file.error().render();
        return {};
    }
    return check(*file);
}

/// The only problem of a source, as `line:column message`.
std::string only(std::string_view source) {
    const Diagnostics found = problems(source);
    EXPECT_EQ(found.size(), 1U) << source << "\n" << render(found);
    return found.empty() ? ""
                         : fmt::format("{}:{} {}", found[0].at.line, found[0].at.column, found[0].message);
}

std::string only_in_path(std::string_view statements) {
    return only(fmt::format("root /;\npath p (method GET, url /a, {});", statements));
}

TEST(RbrCheck, ACompleteFileHasNoProblem) {
    EXPECT_TRUE(problems(R"(
        rbr 1; meta ( title "x" ); root /s; global a 1; type link native:link; on error use native:e;
        path p ( method GET|HEAD, url /{id:[a-z]+}, request-headers ( unless X-A type is link return 400 ), use echo );
        path q ( method POST, url /{id:[a-z]+}, use echo );)")
                    .empty());
}

TEST(RbrCheck, RootIsMissing) {
    EXPECT_EQ(only("path p ( method GET, url /, use echo );"), "1:1 the file has no `root`");
}
TEST(RbrCheck, RootTwice) {
    EXPECT_EQ(only("root /;\nroot /a;"), "2:1 `root` stands twice");
}
TEST(RbrCheck, RootWithPlaceholder) {
    EXPECT_EQ(only("root /a/{b};"), "1:9 `root` cannot hold placeholders");
}
TEST(RbrCheck, RootWithSlashAtTheEnd) {
    EXPECT_EQ(only("root /a/;"), "1:6 `root` must not end with a slash");
}
TEST(RbrCheck, MetaTwice) {
    EXPECT_EQ(only("root /;\nmeta (title \"a\");\nmeta (title \"b\");"), "3:1 `meta` stands twice");
}
TEST(RbrCheck, MetaFactTwice) {
    EXPECT_EQ(only("root /;\nmeta (title \"a\", title \"b\");"), "2:18 `title` stands twice in `meta`");
}
TEST(RbrCheck, GlobalTwice) {
    EXPECT_EQ(only("root /; global a 1;\nglobal a 2;"), "2:1 the global `a` stands twice");
}
TEST(RbrCheck, TypeTwice) {
    EXPECT_EQ(only("root /; type a native:a;\ntype a native:b;"), "2:1 the type `a` stands twice");
}
TEST(RbrCheck, TypeShadowsBuiltIn) {
    EXPECT_EQ(only("root /; type json native:a;"), "1:9 `json` is a built-in type");
}
TEST(RbrCheck, HookTwice) {
    EXPECT_EQ(only("root /; on error use native:a;\non error use native:b;"), "2:1 `on error` stands twice");
}
TEST(RbrCheck, PathTwice) {
    EXPECT_EQ(only("root /; path p (method GET, url /a, use echo);\npath p (method GET, url /b, use echo);"),
              "2:6 the path `p` stands twice");
}
TEST(RbrCheck, PathWithoutMethod) {
    EXPECT_EQ(only("root /; path p (url /a, use echo);"), "1:14 the path `p` has no `method`");
}
TEST(RbrCheck, PathWithoutUrl) {
    EXPECT_EQ(only("root /; path p (method GET, use echo);"), "1:14 the path `p` has no `url`");
}
TEST(RbrCheck, PathWithoutUse) {
    EXPECT_EQ(only("root /; path p (method GET, url /);"), "1:14 the path `p` has no `use`");
}
TEST(RbrCheck, StatementTwice) {
    EXPECT_EQ(only_in_path("use echo, use echo"), "2:39 `use` stands twice in the path `p`");
}
TEST(RbrCheck, SectionTwice) {
    EXPECT_EQ(only_in_path("use echo, response-headers set A 1, response-headers set B 1"),
              "2:65 `response-headers` stands twice in the path `p`");
}
TEST(RbrCheck, MethodTwice) {
    EXPECT_EQ(only("root /; path p (method GET|GET, url /a, use echo);"), "1:17 `GET` stands twice");
}
TEST(RbrCheck, UnknownType) {
    const Diagnostics found = problems(
        "root /; path p (method PUT, url /a, use echo, request-body unless type is jsn return 400);");
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].message, "there is no type `jsn`");
    EXPECT_EQ(found[0].hint, "did you mean `json`?");
}
TEST(RbrCheck, UnknownTypeOfAHeader) {
    EXPECT_EQ(only_in_path("use echo, request-headers unless A validates with thing return 400"),
              "2:79 there is no type `thing`");
}
TEST(RbrCheck, BadExpression) {
    EXPECT_NE(only("root /; path p (method GET, url /{a:[}, use echo);").find("not a regular expression"),
              std::string::npos);
}
TEST(RbrCheck, PlaceholderTwice) {
    EXPECT_EQ(only("root /; path p (method GET, url /{a}/{a}, use echo);"),
              "1:38 the placeholder `a` stands twice");
}
TEST(RbrCheck, SameAddressTwice) {
    EXPECT_EQ(only("root /; path p (method GET, url /{a}, use echo);\npath q (method POST|GET, url /{b}, use "
                   "echo);"),
              "2:30 GET of this address already belongs to the path `p`");
}
TEST(RbrCheck, OtherMethodsMayShareAnAddress) {
    EXPECT_TRUE(
        problems("root /; path p (method GET, url /a, use echo); path q (method PUT, url /a, use echo);")
            .empty());
}
TEST(RbrCheck, ZeroTimeout) {
    EXPECT_NE(only_in_path("use echo, timeout 0s").find("timeout"), std::string::npos);
}
TEST(RbrCheck, StreamedBodiesAreNotChecked) {
    EXPECT_NE(only("root /; path p (method PUT, url /a, use echo, request-body (stream, unless type is json "
                   "return 400));")
                  .find("streamed"),
              std::string::npos);
}
TEST(RbrCheck, OnErrorTwice) {
    EXPECT_NE(only_in_path("use echo, response-body (on error return 500, on error return 503)")
                  .find("`on error` stands twice"),
              std::string::npos);
}
TEST(RbrCheck, StatusDescribedTwice) {
    EXPECT_NE(only_in_path("use echo, response-status (describe 200 \"a\", describe 200 \"b\")")
                  .find("the status 200 stands twice"),
              std::string::npos);
}
TEST(RbrCheck, HeaderSetTwice) {
    EXPECT_NE(only_in_path("use echo, response-headers (set A 1, set a 2)").find("stands twice"),
              std::string::npos);
}
TEST(RbrCheck, HeadersOfTheServer) {
    EXPECT_NE(only_in_path("use echo, response-headers set Content-Length 1").find("writes"),
              std::string::npos);
}
TEST(RbrCheck, HeaderInjection) {
    EXPECT_NE(only_in_path("use echo, response-headers set A \"a\\r\\nB: c\"").find("line feeds"),
              std::string::npos);
}
TEST(RbrCheck, MediaTypes) {
    EXPECT_NE(only_in_path("use echo, request-body content-type \"json\"").find("media type"),
              std::string::npos);
}
TEST(RbrCheck, FilesAnswerReadsOnly) {
    EXPECT_NE(only("root /; path p (method PUT, url /a, use file:a);").find("GET and HEAD"),
              std::string::npos);
}
TEST(RbrCheck, DirectoriesNeedAPlaceholder) {
    EXPECT_NE(only_in_path("use directory:a").find("which file"), std::string::npos);
}
TEST(RbrCheck, AssetsStayBelow) {
    EXPECT_NE(only_in_path("use file:a/../../b").find("relative"), std::string::npos);
}
TEST(RbrCheck, AllProblemsAreCollectedInOrder) {
    const Diagnostics found = problems("path p ( url /a, use echo );\npath p ( method GET, use echo );\n");
    ASSERT_EQ(found.size(), 4U);
    EXPECT_EQ(found[0].at.line, 1U);
    EXPECT_EQ(found[3].at.line, 2U);
}

}  // namespace
}  // namespace homespun::barrel::rbr
