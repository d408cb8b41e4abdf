#include "barrel/rbr/routes.hpp"

#include <gtest/gtest.h>

#include "barrel/rbr/parser.hpp"

namespace homespun::barrel::rbr {
namespace {

File read(std::string_view source) {
    auto file = parse(source, "t.rbr");
    EXPECT_TRUE(file);
    return std::move(*file);
}

TEST(RbrRoutes, ListsThePaths) {
    EXPECT_EQ(routes_table(read(R"(root /s;
        path make ( method POST, url /links, auth token with native:t, request-body max-size 16k, use native:make );
        path up ( method PUT|PATCH, url /{id}, request-body stream, use file:a ); )")),
              "METHOD     PATH      NAME  AUTH   MAX-SIZE  TARGET\n"
              "POST       /s/links  make  token  16k       native:make\n"
              "PUT|PATCH  /s/{id}   up    -      - stream  file:a\n");
}

TEST(RbrRoutes, ShowsExtensions) {
    EXPECT_NE(routes_table(read("root /; path p ( method GET, url /, x-a (1, \"b\"), use echo );"))
                  .find("x-a=1,b\n"),
              std::string::npos);
}

TEST(RbrRoutes, JoinsRootAndUrl) {
    const auto joined = [](std::string_view source) {
        const File file = read(source);
        return full_address(file, *file.find<Path>());
    };
    EXPECT_EQ(joined("root /; path p ( url / );"), "/");
    EXPECT_EQ(joined("root /; path p ( url /a );"), "/a");
    EXPECT_EQ(joined("root /s; path p ( url / );"), "/s");
    EXPECT_EQ(joined("root /s; path p ( url /a/ );"), "/s/a/");
}

}  // namespace
}  // namespace homespun::barrel::rbr
