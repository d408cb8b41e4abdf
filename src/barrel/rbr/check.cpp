#include "barrel/rbr/check.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include <fmt/format.h>

#include "barrel/rbr/pattern.hpp"
#include "barrel/rbr/url.hpp"

namespace homespun::barrel::rbr {
namespace {

constexpr std::size_t max_diagnostics = 100;

std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out)
        c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
    return out;
}

class Checker {
  public:
    explicit Checker(const File& file) : file_(file) {}

    Diagnostics run() {
        for (const Type* type : file_.all<Type>())
            types_.insert(type->name);
        for (const Definition& definition : file_.definitions) {
            std::visit([&](const auto& value) { this->definition(definition, value); }, definition.value);
        }
        if (file_.find<Root>() == nullptr) {
            const Position at =
                file_.definitions.empty() ? Position{1, 1, 1} : file_.definitions.back().origin.at;
            report(at, "the file has no `root`", "say where the service is mounted: root /;");
        }
        overlapping_routes();
        std::ranges::sort(found_, [](const Diagnostic& a, const Diagnostic& b) {
            return std::tie(a.at.line, a.at.column, a.message) < std::tie(b.at.line, b.at.column, b.message);
        });
        return std::move(found_);
    }

  private:
    void report(Position at, std::string message, std::string hint = {}) {
        if (found_.size() >= max_diagnostics) return;
        Diagnostic diagnostic = diagnose(file_, at, std::move(message));
        diagnostic.hint = std::move(hint);
        found_.push_back(std::move(diagnostic));
    }

    /// Reports the second thing of one name.
    void once(const std::string& key, std::string_view what, Position at) {
        const auto [first, fresh] = seen_.emplace(key, at);
        if (!fresh)
            report(at, fmt::format("{} stands twice", what),
                   fmt::format("the first one is in line {}", first->second.line));
    }

    void definition(const Definition& definition, const Version& /*version*/) {
        once("rbr", "`rbr`", definition.origin.at);
    }

    void definition(const Definition& definition, const Meta& meta) {
        once("meta", "`meta`", definition.origin.at);
        std::map<std::string, Position> names;
        for (const MetaEntry& entry : meta.entries) {
            if (!names.emplace(entry.name, entry.origin.at).second)
                report(entry.origin.at, fmt::format("`{}` stands twice in `meta`", entry.name));
        }
    }

    void definition(const Definition& definition, const Root& root) {
        once("root", "`root`", definition.origin.at);
        const auto& segments = root.url.segments;
        for (const Segment& segment : segments) {
            if (segment.kind != Segment::Kind::Static)
                report(segment.at, "`root` cannot hold placeholders", "put them into the `url` of the paths");
        }
        if (segments.size() > 1 && segments.back().kind == Segment::Kind::Static &&
            segments.back().text.empty()) {
            report(root.url.at, "`root` must not end with a slash",
                   "the addresses of the paths begin with one");
        }
    }

    void definition(const Definition& definition, const Global& global) {
        once("global " + global.name, fmt::format("the global `{}`", global.name), definition.origin.at);
    }

    void definition(const Definition& definition, const Type& type) {
        once("type " + type.name, fmt::format("the type `{}`", type.name), definition.origin.at);
        if (is_builtin_type(type.name))
            report(definition.origin.at, fmt::format("`{}` is a built-in type", type.name),
                   "choose another name");
        if (type.name == "not")
            report(definition.origin.at, "`not` cannot be the name of a type", "choose another name");
    }

    void definition(const Definition& definition, const Hook& hook) {
        once(fmt::format("hook {}", to_string(hook.kind)), fmt::format("`{}`", to_string(hook.kind)),
             definition.origin.at);
    }

    void definition(const Definition& /*definition*/, const Path& path) {
        once("path " + path.name, fmt::format("the path `{}`", path.name), path.name_at);
        std::map<std::string, Position> said;
        for (const Statement& statement : path.statements) {
            const std::string word = word_of(statement);
            const auto [first, fresh] = said.emplace(word, statement.origin.at);
            if (!fresh) {
                report(statement.origin.at,
                       fmt::format("`{}` stands twice in the path `{}`", word, path.name),
                       fmt::format("the first one is in line {}", first->second.line));
            }
        }
        for (const std::string_view word : {"method", "url", "use"}) {
            if (said.contains(std::string(word))) continue;
            report(path.name_at, fmt::format("the path `{}` has no `{}`", path.name, word));
        }
        for (const Statement& statement : path.statements) {
            if (const Methods* it = std::get_if<Methods>(&statement.value)) methods(*it, statement.origin.at);
            if (const Url* it = std::get_if<Url>(&statement.value)) url(*it);
            if (const Use* it = std::get_if<Use>(&statement.value)) target(path, it->target);
            if (const Timeout* it = std::get_if<Timeout>(&statement.value)) {
                if (it->duration.amount == 0)
                    report(it->duration.at, "a timeout of nothing would refuse every request");
            }
            if (const Section* it = std::get_if<Section>(&statement.value)) section(*it);
        }
    }

    static std::string word_of(const Statement& statement) {
        constexpr std::string_view words[] = {"description", "method", "url", "use", "auth", "timeout"};
        if (const Section* section = std::get_if<Section>(&statement.value))
            return std::string(to_string(section->kind));
        if (const Extension* extension = std::get_if<Extension>(&statement.value)) return extension->name;
        return std::string(words[statement.value.index()]);
    }

    void methods(const Methods& methods, Position at) {
        std::set<Method> seen;
        for (const Method method : methods.list) {
            if (!seen.insert(method).second) report(at, fmt::format("`{}` stands twice", to_string(method)));
        }
    }

    void url(const Url& url) {
        std::set<std::string> names;
        for (const Segment& segment : url.segments) {
            if (segment.kind == Segment::Kind::Static) continue;
            if (!names.insert(segment.text).second)
                report(segment.at, fmt::format("the placeholder `{}` stands twice", segment.text));
            if (segment.regex.empty()) continue;
            if (const auto compiled = Pattern::compile(segment.regex); !compiled) {
                report(segment.at, fmt::format("this is not a regular expression: {}", compiled.error()),
                       "the dialect is RE2: no back references, no look-around");
            }
        }
    }

    void target(const Path& path, const Target& target) {
        if (target.kind != Target::Kind::File && target.kind != Target::Kind::Directory) return;
        if (target.name.starts_with('/') || has_dot_dot(target.name)) {
            report(target.at, "assets are named relative to the assets of the program",
                   "no leading slash, no `..`");
        }
        const Methods* methods = path.find<Methods>();
        const bool only_reads = methods == nullptr || std::ranges::all_of(methods->list, [](Method it) {
                                    return it == Method::Get || it == Method::Head;
                                });
        if (!only_reads)
            report(target.at, "files answer GET and HEAD only",
                   "give the other methods a path with a native");
        const Url* url = path.find<Url>();
        if (target.kind != Target::Kind::Directory || url == nullptr) return;
        if (url->segments.back().kind == Segment::Kind::Static) {
            report(target.at, "a directory needs to know which file is wanted",
                   "end the url with {name}, or {name...} for sub-directories");
        }
    }

    static bool has_dot_dot(std::string_view path) {
        while (!path.empty()) {
            const std::size_t slash = path.find('/');
            if (path.substr(0, slash) == "..") return true;
            if (slash == std::string_view::npos) break;
            path.remove_prefix(slash + 1);
        }
        return false;
    }

    void section(const Section& section) {
        std::map<std::string, Position> said;
        const auto single = [&](const Command& command, std::string key, const std::string& what) {
            if (!said.emplace(std::move(key), command.origin.at).second) {
                report(command.origin.at,
                       fmt::format("{} stands twice in `{}`", what, to_string(section.kind)));
            }
        };
        const bool streams = section.find<Stream>() != nullptr;
        for (const Command& command : section.commands) {
            const Position at = command.origin.at;
            const bool reads_body = section.kind == Section::Kind::RequestBody &&
                                    (std::holds_alternative<UnlessType>(command.value) ||
                                     std::holds_alternative<Alter>(command.value));
            if (streams && reads_body)
                report(at, "a streamed body cannot be checked or altered",
                       "drop `stream`, or do it in the handler");
            if (const auto* it = std::get_if<UnlessType>(&command.value)) known_type(it->type, it->type_at);
            if (const auto* it = std::get_if<UnlessValid>(&command.value)) {
                if (const auto* name = std::get_if<std::string>(&it->check)) known_type(*name, it->check_at);
            }
            if (std::holds_alternative<Description>(command.value))
                single(command, "description", "`description`");
            if (std::holds_alternative<OnError>(command.value)) single(command, "on", "`on error`");
            if (std::holds_alternative<MaxSize>(command.value)) single(command, "max-size", "`max-size`");
            if (std::holds_alternative<Stream>(command.value)) single(command, "stream", "`stream`");
            if (const auto* it = std::get_if<Extension>(&command.value))
                single(command, it->name, fmt::format("`{}`", it->name));
            if (const auto* it = std::get_if<ContentType>(&command.value)) content_type(*it, at);
            if (const auto* it = std::get_if<Describe>(&command.value)) {
                single(command, std::to_string(it->status), fmt::format("the status {}", it->status));
            }
            if (const auto* it = std::get_if<SetHeader>(&command.value)) {
                single(command, "set " + lower(it->name), fmt::format("the header `{}`", it->name));
                header(*it, at);
            }
        }
    }

    void known_type(const std::string& name, Position at) {
        if (is_builtin_type(name) || types_.contains(name)) return;
        std::vector<std::string_view> known = builtin_types();
        known.insert(known.end(), types_.begin(), types_.end());
        const std::string_view near = nearest(name, known);
        report(at, fmt::format("there is no type `{}`", name),
               near.empty() ? fmt::format("declare it: type {} native:NAME;", name)
                            : fmt::format("did you mean `{}`?", near));
    }

    void content_type(const ContentType& type, Position at) {
        const std::size_t slash = type.type.find('/');
        const auto part = [](std::string_view text) { return text == "*" || is_token(text); };
        if (slash != std::string::npos && part(std::string_view(type.type).substr(0, slash)) &&
            part(std::string_view(type.type).substr(slash + 1)))
            return;
        report(at, "this is not a media type",
               "\"application/json\", \"text/*\"; parameters such as charset are not compared");
    }

    void header(const SetHeader& set, Position at) {
        const std::string name = lower(set.name);
        for (const std::string_view own :
             {"content-length", "transfer-encoding", "connection", "keep-alive", "upgrade", "date"}) {
            if (name == own) report(at, fmt::format("the server writes `{}` itself", set.name));
        }
        const bool clean = std::ranges::none_of(set.value.text, [](char c) {
            return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == '\x7F';
        });
        if (!clean) report(set.value.at, "a header value cannot hold line feeds or control characters");
    }

    /// Two paths with the same method whose addresses match the same requests: the second one would never be
    /// reached.
    void overlapping_routes() {
        std::map<std::pair<std::string, Method>, const Path*> taken;
        for (const Path* path : file_.all<Path>()) {
            const Url* url = path->find<Url>();
            const Methods* methods = path->find<Methods>();
            if (url == nullptr || methods == nullptr) continue;
            std::set<Method> once(methods->list.begin(), methods->list.end());
            for (const Method method : once) {
                const auto [first, fresh] = taken.emplace(std::pair(shape(*url), method), path);
                if (fresh) continue;
                report(url->at,
                       fmt::format("{} of this address already belongs to the path `{}`", to_string(method),
                                   first->second->name),
                       fmt::format("it stands in line {}; `{}` could never be reached",
                                   first->second->name_at.line, path->name));
            }
        }
    }

    const File& file_;
    Diagnostics found_;
    std::map<std::string, Position> seen_;
    std::set<std::string> types_;
};

}  // namespace

Diagnostics check(const File& file) {
    return Checker(file).run();
}

}  // namespace homespun::barrel::rbr
