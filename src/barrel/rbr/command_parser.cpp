#include "barrel/rbr/command_parser.hpp"

#include <array>
#include <string>

#include <fmt/format.h>

#include "barrel/rbr/hints.hpp"

namespace homespun::barrel::rbr {
namespace {

using Kind = Token::Kind;
using In = Section::Kind;

constexpr unsigned bit(In kind) {
    return 1U << static_cast<unsigned>(kind);
}

constexpr unsigned everywhere = bit(In::RequestHeaders) | bit(In::RequestBody) | bit(In::ResponseHeaders) |
                                bit(In::ResponseBody) | bit(In::ResponseStatus);
constexpr unsigned bodies = bit(In::RequestBody) | bit(In::ResponseBody);
constexpr unsigned checked = bodies | bit(In::RequestHeaders);

/// Which command acts in which sections. Where it would not act it is refused, with the reason.
struct Rule {
    std::string_view word;
    unsigned sections;
    std::string_view hint;
};

constexpr std::array rules = {
    Rule{"description", everywhere, ""},
    Rule{"unless", checked,
         "headers of the answer and its status are ours; checks stand in `request-headers`, `request-body` "
         "and `response-body`"},
    Rule{"on", checked, "nothing can fail in this section"},
    Rule{"set", bit(In::ResponseHeaders),
         "only headers of the answer can be set, in `response-headers ( … )`"},
    Rule{"alter", bodies, "only bodies can be altered, in `request-body ( … )` and `response-body ( … )`"},
    Rule{"describe", bit(In::ResponseStatus), "answers are described in `response-status ( … )`"},
    Rule{"max-size", bit(In::RequestBody), "this stands inside `request-body ( … )`"},
    Rule{"stream", bit(In::RequestBody),
         "this stands inside `request-body ( … )`; a handler streams its answer without asking"},
    Rule{"content-type", bit(In::RequestBody),
         "write `unless Content-Type validates with native:NAME return 415` or, for answers, "
         "`response-headers ( set Content-Type \"…\" )`"},
};

std::string expected_in(In section) {
    std::string text;
    for (const Rule& rule : rules) {
        if ((rule.sections & bit(section)) != 0) text += fmt::format("`{}`, ", rule.word);
    }
    return text + "`x-…`";
}

bool returns(Cursor& cursor, int& status) {
    return cursor.take_word("return", "a check ends with `return CODE`") && cursor.status(status);
}

/// `is [not] TYPE return CODE`
bool type_check(Cursor& cursor, UnlessType& out) {
    if (!cursor.take_word("is")) return false;
    if (cursor.is_word("not")) {
        out.negated = true;
        if (!cursor.advance()) return false;
    }
    out.type_at = cursor.peek().at;
    if (cursor.is(Kind::Prefixed) || cursor.is(Kind::Dotted)) {
        return cursor.unexpected("the name of a type",
                                 "give the native a name first: `type NAME native:NAME;`");
    }
    return cursor.name(out.type, "the name of a type") && returns(cursor, out.status);
}

bool header_check(Cursor& cursor, Command& out, std::string header) {
    if (cursor.is_word("type")) {
        UnlessType& check = out.value.emplace<UnlessType>();
        check.header = std::move(header);
        return cursor.advance() && type_check(cursor, check);
    }
    if (cursor.is_word("validates")) {
        UnlessValid& check = out.value.emplace<UnlessValid>();
        check.header = std::move(header);
        if (!cursor.advance() || !cursor.take_word("with")) return false;
        check.check_at = cursor.peek().at;
        const bool named = cursor.is(Kind::Word);
        if (named ? !cursor.name(check.check.emplace<std::string>(), "a type")
                  : !cursor.native(check.check.emplace<Native>()))
            return false;
        return returns(cursor, check.status);
    }
    const bool is_trap = cursor.is_word("is");
    return cursor.unexpected(
        "`type is` or `validates with`",
        is_trap ? fmt::format("write `unless {} type is TYPE return CODE`", header) : "");
}

bool unless(Cursor& cursor, In section, Command& out) {
    const Position at = cursor.peek().at;
    std::string header;
    if (section == In::RequestHeaders) {
        if (!cursor.name(header, "the name of a header")) return false;
        if (header == "type" && cursor.is_word("is")) {
            return cursor.fail(
                at, "which header? this section has no value of its own",
                "write `unless HEADER type is TYPE return CODE`; bodies are checked in `request-body`");
        }
        return header_check(cursor, out, std::move(header));
    }
    if (!cursor.is_word("type")) {
        return cursor.unexpected("`type is`",
                                 "here the body is checked: `unless type is NAME return CODE`; for a check "
                                 "of your own declare `type NAME native:NAME;`");
    }
    return cursor.advance() && type_check(cursor, out.value.emplace<UnlessType>());
}

bool on_error(Cursor& cursor, OnError& out) {
    if (!cursor.take_word("error", "inside a section: `on error return CODE`")) return false;
    if (cursor.is_word("use"))
        return cursor.unexpected("`return`", "`on error use native:NAME;` stands outside of the paths");
    return returns(cursor, out.status);
}

}  // namespace

std::optional<Section::Kind> section_from(std::string_view word) {
    for (const In kind :
         {In::RequestHeaders, In::RequestBody, In::ResponseHeaders, In::ResponseBody, In::ResponseStatus}) {
        if (to_string(kind) == word) return kind;
    }
    return std::nullopt;
}

bool extension_values(Cursor& cursor, std::vector<Literal>& out) {
    if (!cursor.is(Kind::LeftParen)) return cursor.literal(out.emplace_back());
    if (!cursor.advance()) return false;
    do {
        if (!cursor.literal(out.emplace_back())) return false;
        const bool comma = cursor.is(Kind::Comma);
        while (cursor.is(Kind::Comma)) {
            if (!cursor.advance()) return false;
        }
        if (!comma && !cursor.is(Kind::RightParen)) return cursor.unexpected("`,` or `)`");
    } while (!cursor.is(Kind::RightParen));
    return cursor.advance();
}

bool parse_command(Cursor& cursor, Section::Kind section, Command& out) {
    if (!cursor.is(Kind::Word)) return cursor.unexpected(expected_in(section));
    const std::string_view word = cursor.peek().raw;
    if (word.starts_with("x-") && word.size() > 2) {
        Extension& extension = out.value.emplace<Extension>();
        extension.name = word;
        return cursor.advance() && extension_values(cursor, extension.values);
    }
    const Rule* rule = nullptr;
    std::vector<std::string_view> known;
    for (const Rule& candidate : rules) {
        known.push_back(candidate.word);
        if (candidate.word == word) rule = &candidate;
    }
    if (rule == nullptr) {
        const std::string_view hint = hint_for_command(word);
        const std::string_view near = nearest(word, known);
        return cursor.unexpected(expected_in(section), !hint.empty() || near.empty()
                                                           ? std::string(hint)
                                                           : fmt::format("did you mean `{}`?", near));
    }
    if ((rule->sections & bit(section)) == 0) return cursor.unexpected(expected_in(section), rule->hint);
    if (!cursor.advance()) return false;
    if (word == "description") return cursor.text(out.value.emplace<Description>().text, "a text in quotes");
    if (word == "unless") return unless(cursor, section, out);
    if (word == "on") return on_error(cursor, out.value.emplace<OnError>());
    if (word == "set") {
        SetHeader& set = out.value.emplace<SetHeader>();
        return cursor.name(set.name, "the name of a header") && cursor.literal(set.value);
    }
    if (word == "alter") return cursor.take_word("with") && cursor.native(out.value.emplace<Alter>().with);
    if (word == "describe") {
        Describe& describe = out.value.emplace<Describe>();
        return cursor.status(describe.status) && cursor.text(describe.text, "a text in quotes");
    }
    if (word == "max-size") return cursor.size(out.value.emplace<MaxSize>().size);
    if (word == "content-type")
        return cursor.text(out.value.emplace<ContentType>().type,
                           "a media type in quotes, such as \"application/json\"");
    out.value.emplace<Stream>();
    return true;
}

}  // namespace homespun::barrel::rbr
