#include "barrel/rbr/parser.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "barrel/rbr/command_parser.hpp"
#include "barrel/rbr/cursor.hpp"
#include "barrel/rbr/hints.hpp"

namespace homespun::barrel::rbr {
namespace {

using Kind = Token::Kind;

/// Says which of the known words was probably meant, when no hint is written down for the word at hand.
std::string guess(std::string_view hint, std::string_view word, const std::vector<std::string_view>& known) {
    if (!hint.empty()) return std::string(hint);
    const std::string_view near = nearest(word, known);
    return near.empty() ? std::string() : fmt::format("did you mean `{}`?", near);
}

const std::vector<std::string_view>& definition_words() {
    static const std::vector<std::string_view> words = {"rbr",  "meta", "root", "global",
                                                        "type", "path", "on",   "options"};
    return words;
}

const std::vector<std::string_view>& statement_words() {
    static const std::vector<std::string_view> words = {"description",
                                                        "method",
                                                        "url",
                                                        "use",
                                                        "auth",
                                                        "timeout",
                                                        "request-headers",
                                                        "request-body",
                                                        "response-headers",
                                                        "response-body",
                                                        "response-status"};
    return words;
}

const std::vector<std::string_view>& meta_words() {
    static const std::vector<std::string_view> words = {"title", "version", "description"};
    return words;
}

bool is_extension(std::string_view word) {
    return word.starts_with("x-") && word.size() > 2;
}

class Parser {
  public:
    Parser(std::string_view source, std::string_view file) : cursor_(source, file) {}

    bool file(File& out) {
        if (!cursor_.start()) return false;
        while (!cursor_.is(Kind::End)) {
            Definition& definition = out.definitions.emplace_back();
            cursor_.begin_item(definition.origin);
            if (!this->definition(definition, out.definitions.size() == 1)) return false;
            if (!cursor_.take(Kind::Semicolon, "`;`", "every definition ends with `;`, also behind `)`"))
                return false;
            cursor_.end_item(definition.origin);
        }
        out.closing_comments = cursor_.closing_comments();
        return true;
    }

    Diagnostic take_error() { return cursor_.take_error(); }

  private:
    bool definition(Definition& out, bool first) {
        constexpr std::string_view what = "`meta`, `root`, `global`, `type`, `path`, `on` or `options`";
        if (cursor_.is(Kind::Url))
            return cursor_.unexpected(what,
                                      "comments begin with #; an address stands behind `root` or `url`");
        if (!cursor_.is(Kind::Word)) return cursor_.unexpected(what);
        const std::string_view word = cursor_.peek().raw;
        if (word == "rbr") return version(out.value.emplace<Version>(), first);
        if (word == "meta") return meta(out.value.emplace<Meta>());
        if (word == "root") return cursor_.advance() && cursor_.url(out.value.emplace<Root>().url);
        if (word == "global") return global(out.value.emplace<Global>());
        if (word == "type") return type(out.value.emplace<Type>());
        if (word == "path") return path(out.value.emplace<Path>());
        if (word == "on" || word == "options") return hook(out.value.emplace<Hook>());
        return cursor_.unexpected(what, guess(hint_for_definition(word), word, definition_words()));
    }

    bool version(Version& out, bool first) {
        if (!first) return cursor_.fail(cursor_.peek().at, "`rbr` must be the first definition of the file");
        if (!cursor_.advance()) return false;
        if (!cursor_.is(Kind::Integer) || cursor_.peek().raw != "1")
            return cursor_.unexpected("`1`, the only version of the language");
        out.number = 1;
        return cursor_.advance();
    }

    bool global(Global& out) {
        if (!cursor_.advance() || !cursor_.name(out.name, "the name of the global")) return false;
        if (!cursor_.is(Kind::Prefixed) && !cursor_.is(Kind::Dotted))
            return cursor_.literal(out.value.emplace<Literal>());
        return cursor_.native(out.value.emplace<Native>());
    }

    bool type(Type& out) {
        return cursor_.advance() && cursor_.name(out.name, "the name of the type") &&
               cursor_.native(out.check);
    }

    bool hook(Hook& out) {
        constexpr std::string_view what = "`unmatched`, `method`, `check` or `error`";
        if (cursor_.is_word("options")) {
            out.kind = Hook::Kind::Options;
            if (!cursor_.advance()) return false;
        } else {
            if (!cursor_.advance()) return false;
            constexpr std::array<std::pair<std::string_view, Hook::Kind>, 4> events = {
                {{"unmatched", Hook::Kind::Unmatched},
                 {"method", Hook::Kind::Method},
                 {"check", Hook::Kind::Check},
                 {"error", Hook::Kind::Error}}};
            bool known = false;
            for (const auto& [word, kind] : events) {
                if (!cursor_.is_word(word)) continue;
                out.kind = kind;
                known = true;
            }
            if (!known) return cursor_.unexpected(what);
            if (!cursor_.advance()) return false;
        }
        if (cursor_.is_word("return"))
            return cursor_.unexpected(
                "`use`",
                "`on error return CODE` stands inside a section; the hook is `on error use native:NAME;`");
        return cursor_.take_word("use") && cursor_.native(out.use);
    }

    /// `( item, item, )`: at least one; commas may be doubled and may trail.
    template <class Item, class Read>
    bool list(std::vector<Item>& out, std::vector<std::string>& closing, std::string_view what, Read read) {
        if (!cursor_.take(Kind::LeftParen, "`(`")) return false;
        if (cursor_.is(Kind::RightParen))
            return cursor_.unexpected(what, "empty parentheses say nothing: leave them out");
        while (true) {
            Item& item = out.emplace_back();
            cursor_.begin_item(item.origin);
            if (!read(item)) return false;
            const bool comma = cursor_.is(Kind::Comma);
            while (cursor_.is(Kind::Comma)) {
                if (!cursor_.advance()) return false;
            }
            cursor_.end_item(item.origin);
            if (cursor_.is(Kind::RightParen)) break;
            if (!comma)
                return cursor_.unexpected("`,` or `)`", cursor_.is(Kind::Semicolon)
                                                            ? "inside parentheses items are separated by `,`"
                                                            : "");
        }
        closing = cursor_.closing_comments();
        return cursor_.advance();
    }

    bool meta(Meta& out) {
        return cursor_.advance() &&
               list(out.entries, out.closing_comments, "`title`, `version`, `description` or `x-…`",
                    [this](MetaEntry& entry) { return meta_entry(entry); });
    }

    bool meta_entry(MetaEntry& out) {
        constexpr std::string_view what = "`title`, `version`, `description` or `x-…`";
        if (!cursor_.is(Kind::Word)) return cursor_.unexpected(what);
        out.name = cursor_.peek().raw;
        if (is_extension(out.name)) return cursor_.advance() && extension_values(cursor_, out.values);
        const auto& words = meta_words();
        if (std::ranges::find(words, out.name) == words.end()) {
            const std::string_view near = nearest(out.name, words);
            return cursor_.unexpected(what, near.empty()
                                                ? fmt::format("facts of your own are spelled x-{}", out.name)
                                                : fmt::format("did you mean `{}`?", near));
        }
        if (!cursor_.advance()) return false;
        Literal& value = out.values.emplace_back();
        return parenthesised([&] {
            if (out.name == "version") return cursor_.literal(value);
            value.at = cursor_.peek().at;
            return cursor_.text(value.text, "a text in quotes");
        });
    }

    /// 0.9 allowed parentheses around a single value.
    template <class Read>
    bool parenthesised(Read read) {
        const bool open = cursor_.is(Kind::LeftParen);
        if (open && !cursor_.advance()) return false;
        if (!read()) return false;
        return !open || cursor_.take(Kind::RightParen, "`)`");
    }

    bool path(Path& out) {
        if (!cursor_.advance()) return false;
        out.name_at = cursor_.peek().at;
        return cursor_.name(out.name, "the name of the path") &&
               list(out.statements, out.closing_comments, "a statement such as `method`",
                    [this](Statement& item) { return statement(item); });
    }

    bool statement(Statement& out) {
        constexpr std::string_view what =
            "`description`, `method`, `url`, `use`, `auth`, `timeout`, a section or `x-…`";
        if (!cursor_.is(Kind::Word)) return cursor_.unexpected(what);
        const std::string_view word = cursor_.peek().raw;
        if (is_extension(word)) {
            Extension& extension = out.value.emplace<Extension>();
            extension.name = word;
            return cursor_.advance() && extension_values(cursor_, extension.values);
        }
        if (const auto kind = section_from(word)) return section(out.value.emplace<Section>(), *kind);
        if (const auto& words = statement_words(); std::ranges::find(words, word) == words.end()) {
            return cursor_.unexpected(what, guess(hint_for_statement(word), word, words));
        }
        if (!cursor_.advance()) return false;
        if (word == "auth") return auth(out.value.emplace<Auth>());
        return parenthesised([&] {
            if (word == "description")
                return cursor_.text(out.value.emplace<Description>().text, "a text in quotes");
            if (word == "method") return methods(out.value.emplace<Methods>());
            if (word == "url") return cursor_.url(out.value.emplace<Url>());
            if (word == "use") return cursor_.target(out.value.emplace<Use>().target);
            return cursor_.duration(out.value.emplace<Timeout>().duration);
        });
    }

    bool methods(Methods& out) {
        constexpr std::string_view what = "`GET`, `HEAD`, `POST`, `PUT`, `PATCH` or `DELETE`";
        while (true) {
            if (!cursor_.is(Kind::Word))
                return cursor_.unexpected(what, cursor_.is(Kind::Text) ? "methods stand without quotes" : "");
            const std::string_view word = cursor_.peek().raw;
            const auto method = method_from(word);
            if (!method) {
                std::string upper(word);
                for (char& c : upper)
                    c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c);
                const bool lower_case = upper != word && method_from(upper).has_value();
                return cursor_.unexpected(what, lower_case ? fmt::format("methods are upper case: {}", upper)
                                                           : std::string(hint_for_method(word)));
            }
            out.list.push_back(*method);
            if (!cursor_.advance()) return false;
            if (!cursor_.is(Kind::Pipe)) return true;
            if (!cursor_.advance()) return false;
        }
    }

    bool auth(Auth& out) {
        if (!cursor_.name(out.name, "the name of the scheme")) return false;
        return cursor_.take_word("with", "write `auth NAME with native:NAME`") && cursor_.native(out.with);
    }

    bool section(Section& out, Section::Kind kind) {
        out.kind = kind;
        if (!cursor_.advance()) return false;
        if (cursor_.is(Kind::LeftParen)) {
            return list(out.commands, out.closing_comments, "a command",
                        [&](Command& item) { return parse_command(cursor_, kind, item); });
        }
        Command& only = out.commands.emplace_back();
        cursor_.begin_item(only.origin);
        return parse_command(cursor_, kind, only);
    }

    Cursor cursor_;
};

}  // namespace

std::expected<File, Diagnostic> parse(std::string_view source, std::string file) {
    File out;
    Parser parser(source, file);
    if (!parser.file(out)) return std::unexpected(parser.take_error());
    out.source = {std::move(file), std::string(source)};
    return out;
}

}  // namespace homespun::barrel::rbr
