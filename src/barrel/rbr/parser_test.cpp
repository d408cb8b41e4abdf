#include "barrel/rbr/parser.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "barrel/rbr/format.hpp"

namespace homespun::barrel::rbr {
namespace {

File read(std::string_view source) {
    auto file = parse(source, "t.rbr");
    if (!file) {
        ADD_FAILURE() << file.error().render();
        return {};
    }
    return std::move(*file);
}

Diagnostic refusal(std::string_view source) {
    auto file = parse(source, "t.rbr");
    if (file) {
        ADD_FAILURE() << "not refused: " << source;
        return {};
    }
    return file.error();
}

/// The one path of a file whose other statements do not matter.
Path path(std::string_view statements) {
    const File file = read(fmt::format("path p ({});", statements));
    const Path* found = file.find<Path>();
    return found == nullptr ? Path{} : *found;
}

template <class T>
T statement(std::string_view text) {
    const Path parsed = path(text);
    const T* found = parsed.find<T>();
    EXPECT_NE(found, nullptr) << text;
    return found == nullptr ? T{} : *found;
}

template <class T>
T command(std::string_view section, std::string_view text) {
    const Section parsed = statement<Section>(fmt::format("{} ( {} )", section, text));
    const T* found = parsed.find<T>();
    EXPECT_NE(found, nullptr) << text;
    return found == nullptr ? T{} : *found;
}

// --- definitions
// ----------------------------------------------------------------------------------------------------------------------

TEST(RbrParser, AnEmptyFileIsAFile) {
    EXPECT_TRUE(read("").definitions.empty());
}

TEST(RbrParser, RbrNamesTheVersion) {
    EXPECT_EQ(read("rbr 1;").find<Version>()->number, 1);
}

TEST(RbrParser, OtherVersionsAreRefused) {
    EXPECT_EQ(refusal("rbr 2;").at.column, 5U);
}

TEST(RbrParser, RbrStandsFirst) {
    EXPECT_NE(refusal("root /; rbr 1;").message.find("first"), std::string::npos);
}

TEST(RbrParser, MetaKnowsTitleVersionDescriptionAndExtensions) {
    const Meta meta =
        *read(R"(meta ( title "T", version 1.0, description "D", x-mail ("a", 2) );)").find<Meta>();
    ASSERT_EQ(meta.entries.size(), 4U);
    EXPECT_EQ(meta.entries[1].values[0].text, "1.0");
    EXPECT_EQ(meta.entries[3].values[1].integer(), 2);
}

TEST(RbrParser, RootIsAnAddress) {
    EXPECT_EQ(read("root /a/b;").find<Root>()->url.segments.size(), 2U);
}

TEST(RbrParser, AGlobalIsALiteral) {
    EXPECT_EQ(std::get<Literal>(read("global n 1000;").find<Global>()->value).integer(), 1000);
    EXPECT_EQ(std::get<Literal>(read("global n 1.5;").find<Global>()->value).number(), 1.5);
    EXPECT_EQ(std::get<Literal>(read("global n \"x\";").find<Global>()->value).text, "x");
}

TEST(RbrParser, AGlobalIsMadeByAFactory) {
    EXPECT_EQ(std::get<Native>(read("global n native:a.b;").find<Global>()->value).name, "a.b");
}

TEST(RbrParser, ATypeIsANative) {
    EXPECT_EQ(read("type link native:short.link;").find<Type>()->check.name, "short.link");
}

TEST(RbrParser, HooksAreNatives) {
    const File file = read(
        "on unmatched use native:a; on method use native:b; on check use native:c; on error use native:d; "
        "options use native:e;");
    EXPECT_EQ(file.hook(Hook::Kind::Unmatched)->use.name, "a");
    EXPECT_EQ(file.hook(Hook::Kind::Method)->use.name, "b");
    EXPECT_EQ(file.hook(Hook::Kind::Check)->use.name, "c");
    EXPECT_EQ(file.hook(Hook::Kind::Error)->use.name, "d");
    EXPECT_EQ(file.hook(Hook::Kind::Options)->use.name, "e");
}

// --- statements
// -----------------------------------------------------------------------------------------------------------------------

TEST(RbrParser, APathHasAName) {
    EXPECT_EQ(path("method GET").name, "p");
}

TEST(RbrParser, DescriptionIsAText) {
    EXPECT_EQ(statement<Description>("description \"\"\"a\nb\"\"\"").text, "a\nb");
}

TEST(RbrParser, MethodsAreJoinedByBars) {
    EXPECT_EQ(statement<Methods>("method GET|PATCH").list, (std::vector{Method::Get, Method::Patch}));
}

TEST(RbrParser, UrlHoldsPlaceholders) {
    const Url url = statement<Url>("url /a/{id}/{n:[0-9]{2,3}}/{rest...}");
    ASSERT_EQ(url.segments.size(), 4U);
    EXPECT_EQ(url.segments[1].kind, Segment::Kind::Placeholder);
    EXPECT_EQ(url.segments[2].regex, "[0-9]{2,3}");
    EXPECT_EQ(url.segments[3].kind, Segment::Kind::Rest);
    EXPECT_EQ(url.segments[3].text, "rest");
}

TEST(RbrParser, UseTakesANative) {
    EXPECT_EQ(statement<Use>("use native:a.b-c").target.name, "a.b-c");
}
TEST(RbrParser, UseTakesAFile) {
    EXPECT_EQ(statement<Use>("use file:a-b/c.html").target.kind, Target::Kind::File);
}
TEST(RbrParser, UseTakesADirectory) {
    EXPECT_EQ(statement<Use>("use directory:static").target.kind, Target::Kind::Directory);
}
TEST(RbrParser, UseTakesEcho) {
    EXPECT_EQ(statement<Use>("use echo").target.kind, Target::Kind::Echo);
}
TEST(RbrParser, AuthBindsAScheme) {
    const Auth auth = statement<Auth>("auth hawk with native:hawk.check");
    EXPECT_EQ(auth.name, "hawk");
    EXPECT_EQ(auth.with.name, "hawk.check");
}
TEST(RbrParser, TimeoutIsADuration) {
    EXPECT_EQ(path("timeout 250ms").timeout(), std::chrono::milliseconds(250));
    EXPECT_EQ(path("timeout 5s").timeout(), std::chrono::seconds(5));
    EXPECT_EQ(path("timeout 2m").timeout(), std::chrono::minutes(2));
    EXPECT_EQ(path("timeout 1h").timeout(), std::chrono::hours(1));
}
TEST(RbrParser, ExtensionsAreKeptInAPath) {
    EXPECT_EQ(statement<Extension>("x-max-seconds 100").values[0].integer(), 100);
}
TEST(RbrParser, ExtensionsTakeLists) {
    EXPECT_EQ(statement<Extension>("x-tags (\"a\", 2,)").values.size(), 2U);
}
TEST(RbrParser, ExtensionsAreKeptInASection) {
    EXPECT_EQ(command<Extension>("request-headers", "x-a \"b\"").name, "x-a");
}
TEST(RbrParser, CommasMayTrailAndBeDoubled) {
    EXPECT_EQ(path("method GET,, url /,").statements.size(), 2U);
}
TEST(RbrParser, OneValueMayStandInParentheses) {
    EXPECT_EQ(path("method (GET|POST), url (/a), use (echo)").statements.size(), 3U);
}
TEST(RbrParser, OneCommandMayStandBare) {
    EXPECT_EQ(statement<Section>("response-headers set X-A \"b\"").commands.size(), 1U);
}
TEST(RbrParser, AnAddressDoesNotSwallowTheParenthesis) {
    EXPECT_EQ(path("method GET, url /a").find<Url>()->segments[0].text, "a");
}

TEST(RbrParser, ReservedWordsActOnlyWhereTheyAct) {
    const File file = read(R"(
        global path 1; global type "x"; type root native:x; type meta native:y;
        path root ( method GET, url /meta, response-headers ( set type "x", set is 1 ),
                    request-headers ( unless unless type is root return 400, unless type type is not meta return 400 ), use echo );
        path path ( method GET, url /b, use echo );)");
    EXPECT_EQ(file.all<Path>().size(), 2U);
    EXPECT_EQ(file.all<Path>()[0]->name, "root");
}

// --- commands
// -------------------------------------------------------------------------------------------------------------------------

TEST(RbrParser, UnlessTypeIs) {
    const auto it = command<UnlessType>("request-body", "unless type is json return 400");
    EXPECT_FALSE(it.header);
    EXPECT_FALSE(it.negated);
    EXPECT_EQ(it.type, "json");
    EXPECT_EQ(it.status, 400);
}
TEST(RbrParser, UnlessTypeIsNot) {
    EXPECT_TRUE(command<UnlessType>("response-body", "unless type is not json return 503").negated);
}
TEST(RbrParser, UnlessHeaderTypeIs) {
    EXPECT_EQ(command<UnlessType>("request-headers", "unless X-Back-Off type is int return 400").header,
              "X-Back-Off");
}
TEST(RbrParser, UnlessHeaderTypeIsNot) {
    EXPECT_TRUE(command<UnlessType>("request-headers", "unless X-A type is not int return 400").negated);
}
TEST(RbrParser, UnlessHeaderValidatesWithANative) {
    const auto it =
        command<UnlessValid>("request-headers", "unless Authorization validates with native:auth return 401");
    EXPECT_EQ(std::get<Native>(it.check).name, "auth");
}
TEST(RbrParser, UnlessHeaderValidatesWithAType) {
    const auto it = command<UnlessValid>("request-headers", "unless X-Id validates with uuid return 400");
    EXPECT_EQ(std::get<std::string>(it.check), "uuid");
}
TEST(RbrParser, OnErrorReturns) {
    EXPECT_EQ(command<OnError>("response-body", "on error return 503").status, 503);
}
TEST(RbrParser, SetSetsAHeader) {
    EXPECT_EQ(command<SetHeader>("response-headers", "set X-A 100").value.text, "100");
}
TEST(RbrParser, AlterWithInARequest) {
    EXPECT_EQ(command<Alter>("request-body", "alter with native:a").with.name, "a");
}
TEST(RbrParser, AlterWithInAResponse) {
    EXPECT_EQ(command<Alter>("response-body", "alter with native:a").with.name, "a");
}
TEST(RbrParser, DescribeDocumentsAStatus) {
    EXPECT_EQ(command<Describe>("response-status", "describe 201 \"Created\"").text, "Created");
}
TEST(RbrParser, DescriptionInASection) {
    EXPECT_EQ(command<Description>("request-body", "description \"d\"").text, "d");
}
TEST(RbrParser, MaxSizeIsASize) {
    EXPECT_EQ(path("request-body ( max-size 16k )").max_size(), 16384U);
    EXPECT_EQ(path("request-body ( max-size 500 )").max_size(), 500U);
    EXPECT_EQ(path("request-body ( max-size 2m )").max_size(), 2U << 20U);
}
TEST(RbrParser, StreamStandsAlone) {
    EXPECT_TRUE(path("request-body stream").streams());
}
TEST(RbrParser, ContentTypeMayRepeat) {
    const auto section =
        statement<Section>("request-body ( content-type \"text/plain\", content-type \"application/json\" )");
    EXPECT_EQ(section.commands.size(), 2U);
}

// --- comments
// -------------------------------------------------------------------------------------------------------------------------

TEST(RbrParser, CommentsBelongToWhatFollows) {
    const File file = read(
        "# about p\npath p (\n    # about the method\n    method GET,\n    url /, # the address\n    use "
        "echo\n    # done\n);\n# end\n");
    const Definition& definition = file.definitions[0];
    const Path& parsed = std::get<Path>(definition.value);
    EXPECT_EQ(definition.origin.comments, std::vector<std::string>{" about p"});
    EXPECT_EQ(parsed.statements[0].origin.comments, std::vector<std::string>{" about the method"});
    EXPECT_EQ(parsed.statements[1].origin.trailing, " the address");
    EXPECT_EQ(parsed.closing_comments, std::vector<std::string>{" done"});
    EXPECT_EQ(file.closing_comments, std::vector<std::string>{" end"});
}

TEST(RbrParser, CommentsWithinAStatementAreNotLost) {
    const Path parsed = path("\nmethod # verbs\n GET\n");
    EXPECT_EQ(parsed.statements[0].origin.comments, std::vector<std::string>{" verbs"});
}

// --- how errors read
// ------------------------------------------------------------------------------------------------------------------

TEST(RbrParser, AnErrorShowsItsLineAndACaret) {
    EXPECT_EQ(refusal("root /;\npath p (\n    method GET,\n    ulr /a\n);").render(),
              "t.rbr:4:5: error: unexpected 'ulr'\n"
              " 4 |     ulr /a\n"
              "   |     ^~~\n"
              "   = expected: `description`, `method`, `url`, `use`, `auth`, `timeout`, a section or `x-…`\n"
              "   = hint: did you mean `url`?\n");
}

TEST(RbrParser, AMissingSemicolonIsFoundAtTheNextToken) {
    const Diagnostic bad = refusal("path p ( use echo )\nroot /;");
    EXPECT_EQ(bad.expected, "`;`");
    EXPECT_EQ(bad.found, "'root'");
}

TEST(RbrParser, TheEndOfTheFileIsNamed) {
    EXPECT_EQ(refusal("path p (").found, "end of the file");
}

TEST(RbrParser, IntegersMustFit64Bits) {
    EXPECT_NE(refusal("global n 99999999999999999999;").message.find("64 bits"), std::string::npos);
}

TEST(RbrParser, AStatusHasThreeDigits) {
    EXPECT_NE(refusal("path p ( request-body ( unless type is json return 4000 ) );").expected.find("status"),
              std::string::npos);
    EXPECT_NE(refusal("path p ( request-body ( unless type is json return 999 ) );").expected.find("status"),
              std::string::npos);
}

TEST(RbrParser, HugeSizesAreRefused) {
    EXPECT_EQ(refusal("path p ( request-body ( max-size 99999999999g ) );").message,
              "this number is too large");
}

TEST(RbrParser, DeepParenthesesAreNoNesting) {
    EXPECT_FALSE(parse(std::string(100000, '('), "t.rbr"));
}

}  // namespace
}  // namespace homespun::barrel::rbr
