// Everything that other versions of the language had, or that people try, and that has no meaning here:
// refused, at the right place, with a hint. One row, one test.

#include <string_view>

#include <gtest/gtest.h>

#include "barrel/rbr/parser.hpp"

namespace homespun::barrel::rbr {
namespace {

struct Refused {
    std::string_view name;
    std::string_view source;
    std::string_view at;    ///< The text the diagnostic points to.
    std::string_view hint;  ///< A part of the hint.
};

class RbrRefuses : public testing::TestWithParam<Refused> {};

TEST_P(RbrRefuses, WithAHint) {
    const Refused& row = GetParam();
    const auto file = parse(row.source, "t.rbr");
    ASSERT_FALSE(file) << row.source;
    EXPECT_EQ(row.source.substr(file.error().at.column - 1, row.at.size()), row.at) << file.error().render();
    EXPECT_NE(file.error().hint.find(row.hint), std::string::npos) << file.error().render();
}

INSTANTIATE_TEST_SUITE_P(
    Rows, RbrRefuses,
    testing::Values(
        Refused{"Worker", "worker probe python:monitor.probe.Worker;", "worker", "arbiter"},
        Refused{"Arbiter", "arbiter pool python:a.B;", "arbiter", "configuration"},
        Refused{"Pool", "pool web ( kind http );", "pool", "configuration"},
        Refused{"Schema", "schema a ( n int );", "schema", "type NAME native:NAME"},
        Refused{"Include", "include \"a.rbr\";", "include", "one file"},
        Refused{"Library", "library a \"a.so\";", "library", "native:NAME"},
        Refused{"Socket", "socket a ( namespace /a );", "socket", "native"},
        Refused{"Topic", "topic a ( scope cluster );", "topic", "bus"},
        Refused{"Group", "group /a ( ) { };", "group", "root"},
        Refused{"Define", "define a 1;", "define", "global"},
        Refused{"UnlessOutside", "unless type is json return 400;", "unless", "section"},
        Refused{"ProxyTarget", "path p ( use proxy:http://legacy:8080 );", "proxy:", "native can forward"},
        Refused{"RedirectTarget", "path p ( use redirect:http://x/ );", "redirect:", "Location"},
        Refused{"PythonTarget", "path p ( use python:short.create );", "python:", "native:NAME"},
        Refused{"LibTarget", "path p ( use lib:short.create );", "lib:", "native:NAME"},
        Refused{"DottedTarget", "path p ( use short.create );", "short", "native:short.create"},
        Refused{"PythonType", "type a python:x.Y;", "python:", "native:NAME"},
        Refused{"PythonGlobal", "global a python:x.y;", "python:", "native:NAME"},
        Refused{"BareGlobal", "global n foo;", "foo", "double quotes"},
        Refused{"RequestStatus", "path p ( request-status ( describe 200 \"x\" ) );", "request-status",
                "response-status"},
        Refused{"Query", "path p ( query ( a int ) );", "query", "handler"},
        Refused{"Cookies", "path p ( cookies ( a int ) );", "cookies", "Cookie"},
        Refused{"Response", "path p ( response 200 ( ) );", "response", "response-headers"},
        Refused{"Scope", "path p ( scope \"a\" );", "scope", "auth"},
        Refused{"RateLimit", "path p ( rate-limit 5/1s per client );", "rate-limit", "handler"},
        Refused{"Cache", "path p ( cache 5s );", "cache", "Cache-Control"},
        Refused{"Cors", "path p ( cors \"*\" );", "cors", "options use"},
        Refused{"Deprecated", "path p ( deprecated );", "deprecated", "x-deprecated"},
        Refused{"Tags", "path p ( tags ( \"a\" ) );", "tags", "x-tags"},
        Refused{"Validate", "path p ( validate log );", "validate", "response-body"},
        Refused{"PathSchema", "path p ( request-body ( schema a ) );", "schema", "unless type is"},
        Refused{"MaxSizeInPath", "path p ( max-size 5k );", "max-size", "request-body"},
        Refused{"SetInRequestHeaders", "path p ( request-headers ( set X-A \"b\" ) );", "set", "answer"},
        Refused{"SetInRequestBody", "path p ( request-body ( set X-A \"b\" ) );", "set", "answer"},
        Refused{"AlterInHeaders", "path p ( response-headers ( alter with native:a ) );", "alter", "bodies"},
        Refused{"UnlessInResponseHeaders",
                "path p ( response-headers ( unless X-A type is int return 500 ) );", "unless",
                "request-headers"},
        Refused{"OnErrorInResponseHeaders", "path p ( response-headers ( on error return 500 ) );", "on",
                "nothing can fail"},
        Refused{"DescribeElsewhere", "path p ( request-body ( describe 200 \"x\" ) );", "describe",
                "response-status"},
        Refused{"UnlessWithoutType", "path p ( request-headers ( unless X-Back-Off is int return 400 ) );",
                "is int", "type is TYPE"},
        Refused{"UnlessWithoutHeader", "path p ( request-headers ( unless type is int return 400 ) );",
                "type", "unless HEADER"},
        Refused{"UnlessHeaderInBody", "path p ( request-body ( unless X-A type is int return 400 ) );", "X-A",
                "body is checked"},
        Refused{"If", "path p ( request-body ( if x ) );", "if", "no control flow"},
        Refused{"TypePlaceholder", "path p ( url /a/{n:int} );", "{n:int}", "[0-9]+"},
        Refused{"AngledPlaceholder", "path p ( url /a/<n> );", "<n>", "{name}"},
        Refused{"GreedyPlaceholder", "path p ( url /a/{rest:.*?} );", "{rest:.*?}", "{rest...}"},
        Refused{"PartOfASegment", "path p ( url /a.{ext} );", "{ext}", "whole segment"},
        Refused{"RestInTheMiddle", "path p ( url /{a...}/b );", "{a...}", "one segment"},
        Refused{"QueryInUrl", "path p ( url /a?b );", "?b", "query"},
        Refused{"PercentInUrl", "path p ( url /a%2 );", "a%2", "%25"},
        Refused{"LowerCaseMethod", "path p ( method get );", "get", "GET"},
        Refused{"Options", "path p ( method OPTIONS );", "OPTIONS", "options use"},
        Refused{"Trace", "path p ( method TRACE );", "TRACE", "not served"},
        Refused{"Connect", "path p ( method CONNECT );", "CONNECT", "not served"},
        Refused{"TimeoutWithoutUnit", "path p ( timeout 5 );", "5", "units"},
        Refused{"SizeInBytes", "path p ( request-body ( max-size 5kb ) );", "5kb", "lower case"},
        Refused{"EmptyParentheses", "path p ();", ")", "leave them out"},
        Refused{"QuotedTarget", "path p ( use \"file:a\" );", "\"", "without quotes"},
        Refused{"SectionHookOutside", "on error return 500;", "return", "inside a section"},
        Refused{"SemicolonInside", "path p ( method GET; url / );", ";", "separated by `,`"},
        Refused{"SlashComment", "// a comment", "//", "#"},
        Refused{"MetaUnknown", "meta ( author \"me\" );", "author", "x-author"}),
    [](const auto& row) { return std::string(row.param.name); });

}  // namespace
}  // namespace homespun::barrel::rbr
