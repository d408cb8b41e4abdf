#include "barrel/rbr/format.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "barrel/rbr/parser.hpp"
#include "barrel/rbr/url.hpp"

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

/// In its canonical layout already.
constexpr std::string_view short_links = R"(# Short links, with hit counters.
# Two lines of it.

rbr 1;

meta (
    title "Short links",
    version 1.0,
    description """Creates short links
and counts how often they are followed.""",
    x-contact ("platform", 7)
);

root /s;

global store native:short.open_store;
global length 1000;

# What may be shortened.
type link native:short.link;

on unmatched use native:short.unmatched;
options use native:short.options;

# Makes a link.
path create (
    description "Store a URL and hand back its short form",
    method POST,
    url /links,
    # who may
    auth token with native:short.auth,
    timeout 5s,
    request-headers ( unless X-Back-Off type is not int return 400 ),
    request-body (
        description "A JSON object with one member, url",
        content-type "application/json",
        max-size 16k,  # a URL is short
        unless type is json return 400,
        unless type is link return 422
        # that is all
    ),
    response-headers ( set Content-Type "application/json" ),
    response-status ( describe 201 "Created \"now\"" ),
    use native:short.create
);

path follow (
    method GET|HEAD,
    url /{code:[a-z0-9]+}/{rest...},
    use directory:pages/a-b
);

# The end.
)";

TEST(RbrFormat, LeavesTheCanonicalLayoutAlone) {
    EXPECT_EQ(format(read(short_links)), short_links);
}

TEST(RbrFormat, PutsAnyLayoutInOrder) {
    EXPECT_EQ(format(read("root /;path p(method GET,url /,response-headers set A 1,use echo,);")),
              "root /;\n\npath p (\n    method GET,\n    url /,\n    response-headers ( set A 1 ),\n    use "
              "echo\n);\n");
}

TEST(RbrFormat, WrapsLongSections) {
    const std::string text(120, 'x');
    const std::string source = fmt::format("path p ( response-headers ( set A \"{}\" ) );", text);
    EXPECT_NE(format(read(source)).find("response-headers (\n        set A"), std::string::npos);
}

TEST(RbrFormat, KeepsACommentBehindTheLastItem) {
    const std::string_view source = "path p (\n    method GET,\n    use echo  # nothing else\n);\n";
    EXPECT_EQ(format(read(source)), source);
}

TEST(RbrFormat, KeepsEmptyLinesBetweenComments) {
    const std::string_view source = "# a\n\n# b\n\nroot /;\n";
    EXPECT_EQ(format(read(source)), source);
}

TEST(RbrFormat, AnEmptyFileStaysEmpty) {
    EXPECT_EQ(format(read("")), "");
}

TEST(RbrFormat, AFileOfCommentsStays) {
    EXPECT_EQ(format(read("# a\n# b\n")), "# a\n# b\n");
}

// --- any tree that can be parsed is written so that it is parsed again
// ------------------------------------------------------------------

namespace make {

using rc::Gen;

template <class T>
T pick(std::vector<T> from) {
    return *rc::gen::elementOf(std::move(from));
}

/// Evenly spread whatever the size rapidcheck asks for: choices must not shrink to the first one.
int number(int from, int to) {
    return *rc::gen::resize(rc::kNominalSize, rc::gen::inRange(from, to));
}
bool coin() {
    return number(0, 2) == 1;
}

std::string word() {
    std::string text(1, *rc::gen::elementOf(std::string("abcXYZ_")));
    return text + *rc::gen::container<std::string>(rc::gen::elementOf(std::string("abcXYZ019_-")));
}

/// Words that act somewhere must be usable as names everywhere.
std::string name() {
    const auto all = std::vector<std::string>{"path",   "type", "is",   "not",  "on",  "set",
                                              "unless", "rbr",  "root", "echo", "with"};
    return number(0, 4) == 0 ? pick(all) : word();
}

std::string text() {
    const auto piece = rc::gen::elementOf(std::vector<std::string>{
        "a", "\"", "\\", "\n", "\t", "\r", "é", "€", "😀", "#", ")", ";", "{", " ", "\x01", "\x7f"});
    std::string out;
    for (const std::string& one : *rc::gen::container<std::vector<std::string>>(piece))
        out += one;
    return out;
}

std::string comment() {
    const auto piece = rc::gen::elementOf(std::vector<std::string>{" a", "#", "\"", "é", ";", "\tb"});
    std::string out;
    for (const std::string& one : *rc::gen::container<std::vector<std::string>>(piece))
        out += one;
    return out;
}

std::vector<std::string> comments(bool blank_at_end) {
    std::vector<std::string> lines;
    const int count = number(0, 3);
    for (int i = 0; i < count; ++i) {
        if (i > 0 && coin()) lines.emplace_back(blank_line);
        lines.push_back(comment());
    }
    if (blank_at_end && count > 0 && coin()) lines.emplace_back(blank_line);
    return lines;
}

Origin origin() {
    Origin made;
    made.comments = comments(true);
    if (coin()) made.trailing = comment();
    return made;
}

Literal literal() {
    Literal made;
    switch (number(0, 3)) {
        case 0:
            made.kind = Literal::Kind::Integer;
            made.text = std::to_string(*rc::gen::nonNegative<std::int64_t>());
            break;
        case 1:
            made.kind = Literal::Kind::Decimal;
            made.text = fmt::format("{}.{}", number(0, 1000), number(0, 1000));
            break;
        default:
            made.text = text();
    }
    return made;
}

std::vector<Literal> literals() {
    std::vector<Literal> made;
    const int count = number(1, 4);
    for (int i = 0; i < count; ++i)
        made.push_back(literal());
    return made;
}

Native native() {
    Native made{word(), {}};
    for (int more = number(0, 3); more > 0; --more)
        made.name += "." + word();
    return made;
}

int status() {
    return number(100, 600);
}

Segment segment(bool last) {
    Segment made;
    switch (number(0, last ? 4 : 3)) {
        case 0:
            made.text = text() + "x";
            break;  // never `.` or `..`
        case 1:
            made.kind = Segment::Kind::Placeholder, made.text = word();
            break;
        case 2:
            made.kind = Segment::Kind::Placeholder;
            made.text = word();
            made.regex =
                pick<std::string>({"[0-9]+", "(a|b)", "x{2,3}", "\\{\\}", "a b#\"", "[^/]/", "a:b", "x..."});
            break;
        default:
            made.kind = Segment::Kind::Rest, made.text = word();
    }
    return made;
}

Url url() {
    Url made;
    const int count = number(1, 5);
    for (int i = 0; i < count; ++i)
        made.segments.push_back(segment(i + 1 == count));
    if (made.segments.back().kind == Segment::Kind::Static && coin()) made.segments.back().text.clear();
    return made;
}

Target target() {
    Target made;
    made.kind = static_cast<Target::Kind>(number(0, 4));
    if (made.kind == Target::Kind::Native) made.name = native().name;
    if (made.kind == Target::Kind::File || made.kind == Target::Kind::Directory)
        made.name = pick<std::string>({"a", "a-b/c.d", "../x", "é:ü/"});
    return made;
}

Command command(Section::Kind kind) {
    Command made;
    made.origin = origin();
    const bool request = kind == Section::Kind::RequestHeaders || kind == Section::Kind::RequestBody;
    const bool body = kind == Section::Kind::RequestBody || kind == Section::Kind::ResponseBody;
    if (number(0, 5) == 0) {
        made.value = Description{text()};
    } else if (number(0, 5) == 0) {
        made.value = Extension{"x-" + word(), literals()};
    } else if (kind == Section::Kind::ResponseHeaders) {
        made.value = SetHeader{name(), literal()};
    } else if (kind == Section::Kind::ResponseStatus) {
        made.value = Describe{status(), text()};
    } else if (number(0, 5) == 0) {
        made.value = OnError{status()};
    } else if (body && number(0, 4) == 0) {
        made.value = Alter{native()};
    } else if (body && request && coin()) {
        switch (number(0, 3)) {
            case 0:
                made.value = MaxSize{Quantity{static_cast<std::uint64_t>(number(0, 100000)),
                                              pick<std::string>({"", "k", "m", "g"}),
                                              {}}};
                break;
            case 1:
                made.value = Stream{};
                break;
            default:
                made.value = ContentType{text()};
        }
    } else if (body) {
        made.value = UnlessType{std::nullopt, coin(), word(), status(), {}};
    } else if (coin()) {
        made.value = UnlessType{"H" + word(), coin(), word(), status(), {}};
    } else {
        UnlessValid check{name(), {}, status(), {}};
        if (coin())
            check.check = word();
        else
            check.check = native();
        made.value = check;
    }
    return made;
}

Section section() {
    Section made;
    made.kind = static_cast<Section::Kind>(number(0, 5));
    const int count = number(1, 4);
    for (int i = 0; i < count; ++i)
        made.commands.push_back(command(made.kind));
    made.closing_comments = comments(false);
    return made;
}

Statement statement() {
    Statement made;
    made.origin = origin();
    switch (number(0, 8)) {
        case 0:
            made.value = Description{text()};
            break;
        case 1: {
            Methods methods;
            for (int i = number(1, 4); i > 0; --i)
                methods.list.push_back(static_cast<Method>(number(0, static_cast<int>(method_count))));
            made.value = methods;
            break;
        }
        case 2:
            made.value = url();
            break;
        case 3:
            made.value = Use{target()};
            break;
        case 4:
            made.value = Auth{name(), native()};
            break;
        case 5:
            made.value = Timeout{Quantity{
                static_cast<std::uint64_t>(number(0, 100000)), pick<std::string>({"ms", "s", "m", "h"}), {}}};
            break;
        case 6:
            made.value = Extension{"x-" + word(), literals()};
            break;
        default:
            made.value = section();
    }
    return made;
}

Definition definition(bool first) {
    Definition made;
    made.origin = origin();
    switch (number(first ? 0 : 1, 7)) {
        case 0:
            made.value = Version{1};
            break;
        case 1: {
            Meta meta;
            for (int i = number(1, 4); i > 0; --i) {
                MetaEntry entry{origin(), pick<std::string>({"title", "version", "description", "x-a"}), {}};
                if (entry.name == "x-a")
                    entry.values = literals();
                else
                    entry.values.push_back(
                        entry.name == "version" ? literal() : Literal{Literal::Kind::Text, text(), {}});
                meta.entries.push_back(std::move(entry));
            }
            meta.closing_comments = comments(false);
            made.value = meta;
            break;
        }
        case 2:
            made.value = Root{url()};
            break;
        case 3: {
            Global global{name(), {}};
            if (coin())
                global.value = native();
            else
                global.value = literal();
            made.value = global;
            break;
        }
        case 4:
            made.value = Type{name(), native()};
            break;
        case 5:
            made.value = Hook{static_cast<Hook::Kind>(number(0, 5)), native()};
            break;
        default: {
            Path path;
            path.name = name();
            for (int i = number(1, 5); i > 0; --i)
                path.statements.push_back(statement());
            path.closing_comments = comments(false);
            made.value = path;
        }
    }
    return made;
}

File file() {
    File made;
    const int count = number(0, 6);
    for (int i = 0; i < count; ++i)
        made.definitions.push_back(definition(i == 0));
    made.closing_comments = comments(false);
    return made;
}

}  // namespace make

TEST(RbrFormat, WhatItWritesIsReadAsTheSameTree) {
    EXPECT_TRUE(rc::check([] {
        const File file = make::file();
        const std::string text = format(file);
        const auto again = parse(text, "t.rbr");
        if (!again) RC_FAIL(text + "\n" + again.error().render());
        if (!(*again == file)) RC_FAIL(text + "\n----\n" + format(*again));
        RC_CLASSIFY(text.size() > 1000, "long files");
        RC_ASSERT(format(*again) == text);
    }));
}

}  // namespace
}  // namespace homespun::barrel::rbr
