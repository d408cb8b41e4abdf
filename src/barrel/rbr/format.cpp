#include "barrel/rbr/format.hpp"

#include <fmt/format.h>

#include "barrel/rbr/url.hpp"

namespace homespun::barrel::rbr {
namespace {

constexpr std::size_t line_width = 110;

template <class... Cases>
struct Overloaded : Cases... {
    using Cases::operator()...;
};

std::string quoted(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        switch (c) {
            case '"':
                out += "\\\"";
                break;
            case '\\':
                out += "\\\\";
                break;
            case '\n':
                out += "\\n";
                break;
            case '\r':
                out += "\\r";
                break;
            case '\t':
                out += "\\t";
                break;
            default:
                if (static_cast<unsigned char>(c) < 0x20 || c == '\x7F')
                    out += fmt::format("\\u{:04x}", static_cast<unsigned char>(c));
                else
                    out.push_back(c);
        }
    }
    return out + "\"";
}

/// Texts of several lines keep their look, wherever nothing in them would need an escape.
std::string text_value(std::string_view text) {
    bool plain = text.contains('\n') && !text.contains('"');
    for (const char c : text)
        plain = plain && (c == '\n' || c == '\t' || (static_cast<unsigned char>(c) >= 0x20 && c != '\x7F'));
    return plain ? fmt::format("\"\"\"{}\"\"\"", text) : quoted(text);
}

std::string values(const std::vector<Literal>& list) {
    if (list.size() == 1) return to_string(list.front());
    std::string out = "(";
    for (const Literal& literal : list)
        out += fmt::format("{}{}", out.size() > 1 ? ", " : "", to_string(literal));
    return out + ")";
}

std::string native(const Native& native) {
    return "native:" + native.name;
}

std::string quantity(const Quantity& quantity) {
    return fmt::format("{}{}", quantity.amount, quantity.unit);
}

std::string command(const Command& command) {
    return std::visit(
        Overloaded{
            [](const Description& it) { return "description " + text_value(it.text); },
            [](const UnlessType& it) {
                return fmt::format("unless {}{}type is {}{} return {}", it.header.value_or(""),
                                   it.header ? " " : "", it.negated ? "not " : "", it.type, it.status);
            },
            [](const UnlessValid& it) {
                const Native* bound = std::get_if<Native>(&it.check);
                return fmt::format("unless {} validates with {} return {}", it.header,
                                   bound != nullptr ? native(*bound) : std::get<std::string>(it.check),
                                   it.status);
            },
            [](const OnError& it) { return fmt::format("on error return {}", it.status); },
            [](const SetHeader& it) { return fmt::format("set {} {}", it.name, to_string(it.value)); },
            [](const Alter& it) { return "alter with " + native(it.with); },
            [](const Describe& it) { return fmt::format("describe {} {}", it.status, text_value(it.text)); },
            [](const MaxSize& it) { return "max-size " + quantity(it.size); },
            [](const Stream&) { return std::string("stream"); },
            [](const ContentType& it) { return "content-type " + text_value(it.type); },
            [](const Extension& it) { return fmt::format("{} {}", it.name, values(it.values)); },
        },
        command.value);
}

std::string methods(const Methods& methods) {
    std::string out = "method ";
    for (std::size_t i = 0; i < methods.list.size(); ++i)
        out += fmt::format("{}{}", i > 0 ? "|" : "", to_string(methods.list[i]));
    return out;
}

class Writer {
  public:
    std::string file(const File& file) {
        const Definition* before = nullptr;
        for (const Definition& definition : file.definitions) {
            if (before != nullptr && !stand_together(*before, definition)) out_ += "\n";
            comments(definition.origin.comments, 0);
            this->definition(definition);
            out_ += ";";
            end_line(definition.origin);
            before = &definition;
        }
        if (before != nullptr && !file.closing_comments.empty()) out_ += "\n";
        comments(file.closing_comments, 0);
        return std::move(out_);
    }

  private:
    /// One-line definitions of one kind stand without an empty line between them.
    static bool stand_together(const Definition& before, const Definition& next) {
        const bool short_kind =
            !std::holds_alternative<Path>(next.value) && !std::holds_alternative<Meta>(next.value);
        return short_kind && before.value.index() == next.value.index() && next.origin.comments.empty();
    }

    void indent(int depth) { out_.append(static_cast<std::size_t>(depth) * 4, ' '); }

    void comments(const std::vector<std::string>& lines, int depth) {
        for (const std::string& line : lines) {
            if (line != blank_line) {
                indent(depth);
                out_ += "#" + line;
            }
            out_ += "\n";
        }
    }

    void end_line(const Origin& origin) {
        if (!origin.trailing.empty()) out_ += "  #" + origin.trailing;
        out_ += "\n";
    }

    /// The items of a list, between its parentheses. `write` puts one item without its separator.
    template <class Item, class Write>
    void list(const std::vector<Item>& items, const std::vector<std::string>& closing, int depth,
              Write write) {
        out_ += "(\n";
        for (std::size_t i = 0; i < items.size(); ++i) {
            comments(items[i].origin.comments, depth + 1);
            indent(depth + 1);
            write(items[i]);
            if (i + 1 < items.size()) out_ += ",";
            end_line(items[i].origin);
        }
        comments(closing, depth + 1);
        indent(depth);
        out_ += ")";
    }

    void section(const Section& section) {
        out_ += fmt::format("{} ", to_string(section.kind));
        if (section.commands.size() == 1 && section.closing_comments.empty()) {
            const Command& only = section.commands.front();
            const std::string text = command(only);
            const bool bare = only.origin.comments.empty() && only.origin.trailing.empty();
            if (bare && !text.contains('\n') &&
                text.size() + to_string(section.kind).size() + 10 <= line_width) {
                out_ += fmt::format("( {} )", text);
                return;
            }
        }
        list(section.commands, section.closing_comments, 1,
             [this](const Command& item) { out_ += command(item); });
    }

    void statement(const Statement& statement) {
        std::visit(
            Overloaded{
                [this](const Description& it) { out_ += "description " + text_value(it.text); },
                [this](const Methods& it) { out_ += methods(it); },
                [this](const Url& it) { out_ += "url " + to_string(it); },
                [this](const Use& it) { out_ += "use " + to_string(it.target); },
                [this](const Auth& it) { out_ += fmt::format("auth {} with {}", it.name, native(it.with)); },
                [this](const Timeout& it) { out_ += "timeout " + quantity(it.duration); },
                [this](const Section& it) { section(it); },
                [this](const Extension& it) { out_ += fmt::format("{} {}", it.name, values(it.values)); },
            },
            statement.value);
    }

    void definition(const Definition& definition) {
        std::visit(
            Overloaded{
                [this](const Version& it) { out_ += fmt::format("rbr {}", it.number); },
                [this](const Meta& it) {
                    out_ += "meta ";
                    list(it.entries, it.closing_comments, 0, [this](const MetaEntry& entry) {
                        out_ += fmt::format("{} {}", entry.name, values(entry.values));
                    });
                },
                [this](const Root& it) { out_ += "root " + to_string(it.url); },
                [this](const Global& it) {
                    const Native* bound = std::get_if<Native>(&it.value);
                    out_ += fmt::format(
                        "global {} {}", it.name,
                        bound != nullptr ? native(*bound) : to_string(std::get<Literal>(it.value)));
                },
                [this](const Type& it) { out_ += fmt::format("type {} {}", it.name, native(it.check)); },
                [this](const Hook& it) {
                    out_ += fmt::format("{} use {}", to_string(it.kind), native(it.use));
                },
                [this](const Path& it) {
                    out_ += fmt::format("path {} ", it.name);
                    list(it.statements, it.closing_comments, 0,
                         [this](const Statement& item) { statement(item); });
                },
            },
            definition.value);
    }

    std::string out_;
};

}  // namespace

std::string format(const File& file) {
    return Writer().file(file);
}

std::string to_string(const Literal& literal) {
    return literal.kind == Literal::Kind::Text ? text_value(literal.text) : literal.text;
}

std::string to_string(const Target& target) {
    switch (target.kind) {
        case Target::Kind::Native:
            return "native:" + target.name;
        case Target::Kind::File:
            return "file:" + target.name;
        case Target::Kind::Directory:
            return "directory:" + target.name;
        case Target::Kind::Echo:
            return "echo";
    }
    return {};
}

}  // namespace homespun::barrel::rbr
