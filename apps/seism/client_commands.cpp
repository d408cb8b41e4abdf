#include "client_commands.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <initializer_list>
#include <optional>

#include "api_client.hpp"
#include "base/text.hpp"
#include "go_flags.hpp"
#include "seism/toxics/catalogue.hpp"

using namespace homespun;
using base::json::Value;

namespace {

using Outcome = base::Result<void>;
using Words = std::span<const std::string>;

/// The words make no sense; the others failed at the server.
constexpr std::string_view misused = "usage: ";

std::string proxy_path(std::string_view proxy) {
    return "/proxies/" + base::percent_encode(proxy);
}
std::string toxic_path(std::string_view proxy, std::string_view toxic) {
    return proxy_path(proxy) + "/toxics/" + base::percent_encode(toxic);
}

std::string text_of(const Value& value, std::string_view name) {
    const auto* text = value.string(name);
    return text == nullptr ? std::string() : *text;
}
std::string_view state_of(const Value& proxy) {
    const auto* enabled = proxy.boolean("enabled");
    return enabled != nullptr && *enabled ? "enabled" : "disabled";
}
const base::json::Array& toxics_of(const Value& proxy) {
    static const base::json::Array none;
    const auto* toxics = proxy.member("toxics");
    return toxics != nullptr && toxics->array() != nullptr ? *toxics->array() : none;
}
double number_of(const Value& value) {
    if (const auto* integer = value.integer()) return static_cast<double>(*integer);
    const auto* real = value.real();
    return real == nullptr ? 0 : *real;
}

/// A command: its options, one argument or none, and what it does.
struct Command {
    std::string host;
    GoFlags flags;
    std::string argument;

    explicit Command(std::string standard) : host(std::move(standard)) { flags.add({"host", "h"}, &host); }

    /// `what` names the argument; empty: there is none.
    Outcome parse(Words words, std::string_view what) {
        auto rest = flags.parse(words);
        if (!rest) return base::fail(std::string(misused) + rest.error().message);
        if (rest->size() != (what.empty() ? 0U : 1U))
            return base::fail(what.empty() ? fmt::format("{}no argument is needed", misused)
                                           : fmt::format("{}one argument is needed: {}", misused, what));
        if (!what.empty()) argument = rest->front();
        return {};
    }
    [[nodiscard]] base::Result<Value> call(const std::string& method, const std::string& path,
                                           std::string body = {}) const {
        return ApiClient(host).call(method, path, std::move(body));
    }
};

Outcome list(Words words, const std::string& host) {
    Command command(host);
    if (auto fine = command.parse(words, ""); !fine) return fine;
    const auto proxies = command.call("GET", "/proxies");
    if (!proxies) return base::fail(proxies.error().message);
    if (proxies->object() == nullptr) return {};
    for (const auto& [name, proxy] : *proxies->object()) {
        fmt::print("{}\t{}\t{}\t{}\t{}\n", name, text_of(proxy, "listen"), text_of(proxy, "upstream"),
                   state_of(proxy), toxics_of(proxy).size());
    }
    return {};
}

Outcome inspect(Words words, const std::string& host) {
    Command command(host);
    if (auto fine = command.parse(words, "the proxy's name"); !fine) return fine;
    const auto proxy = command.call("GET", proxy_path(command.argument));
    if (!proxy) return base::fail(proxy.error().message);
    for (const auto& toxic : toxics_of(*proxy)) {
        const auto* toxicity = toxic.member("toxicity");
        fmt::print("{}\ttype={}\tstream={}\ttoxicity={:.2f}\tattributes=[", text_of(toxic, "name"),
                   text_of(toxic, "type"), text_of(toxic, "stream"),
                   toxicity == nullptr ? 0 : number_of(*toxicity));
        const auto* attributes = toxic.member("attributes");
        auto members = attributes != nullptr && attributes->object() != nullptr ? *attributes->object()
                                                                                : base::json::Object();
        std::ranges::sort(members, {}, &base::json::Member::first);
        for (const auto& [name, value] : members)
            fmt::print("\t{}={}", name,
                       value.string() == nullptr ? base::json::to_text(value) : *value.string());
        fmt::print("\t]\n");
    }
    return {};
}

Outcome create(Words words, const std::string& host) {
    Command command(host);
    std::string listen, upstream;
    command.flags.add({"listen", "l"}, &listen).add({"upstream", "u"}, &upstream);
    if (auto fine = command.parse(words, "the new proxy's name"); !fine) return fine;
    if (listen.empty() || upstream.empty())
        return base::fail(fmt::format("{}-l ADDRESS and -u ADDRESS are needed", misused));
    std::string body;
    base::json::Writer(body)
        .begin_object()
        .member("name", command.argument)
        .member("listen", listen)
        .member("upstream", upstream)
        .member("enabled", true)
        .end_object();
    const auto made = command.call("POST", "/proxies", std::move(body));
    if (!made) return base::fail("Failed to create proxy: " + made.error().message);
    fmt::print("Created new proxy {}\n", command.argument);
    return {};
}

/// What a proxy knows of what passes through it; Toxiproxy has no such thing.
Outcome set(Words words, const std::string& host) {
    Command command(host);
    constexpr std::array<std::pair<std::string_view, std::string_view>, 4> members = {
        {{"protocol", "protocol"}, {"tls", "tls"}, {"server-name", "server_name"}, {"ca-file", "ca_file"}}};
    std::array<std::string, members.size()> values;
    for (std::size_t i = 0; i < members.size(); ++i)
        command.flags.add({members[i].first}, &values[i]);
    if (auto fine = command.parse(words, "the proxy's name"); !fine) return fine;
    std::string body;
    base::json::Writer writer(body);
    writer.begin_object();
    for (std::size_t i = 0; i < members.size(); ++i) {
        if (!values[i].empty()) writer.member(members[i].second, values[i]);
    }
    writer.end_object();
    const auto now =
        command.call("PUT", "/seism/v1/proxies/" + base::percent_encode(command.argument), std::move(body));
    if (!now) return base::fail("Failed to set proxy: " + now.error().message);
    fmt::print("Proxy {}: protocol={} tls={} server_name={} ca_file={}\n", command.argument,
               text_of(*now, "protocol"), text_of(*now, "tls"), text_of(*now, "server_name"),
               text_of(*now, "ca_file"));
    return {};
}

Outcome toggle(Words words, const std::string& host) {
    Command command(host);
    if (auto fine = command.parse(words, "the proxy's name"); !fine) return fine;
    const auto proxy = command.call("GET", proxy_path(command.argument));
    if (!proxy) return base::fail(proxy.error().message);
    const bool enable = state_of(*proxy) == "disabled";
    const auto changed =
        command.call("POST", proxy_path(command.argument), fmt::format(R"({{"enabled":{}}})", enable));
    if (!changed) return base::fail("Failed to toggle proxy: " + changed.error().message);
    fmt::print("Proxy {} is now {}\n", command.argument, state_of(*changed));
    return {};
}

Outcome remove(Words words, const std::string& host) {
    Command command(host);
    if (auto fine = command.parse(words, "the proxy's name"); !fine) return fine;
    const auto gone = command.call("DELETE", proxy_path(command.argument));
    if (!gone) return base::fail("Failed to delete proxy: " + gone.error().message);
    fmt::print("Deleted proxy {}\n", command.argument);
    return {};
}

/// What the commands about toxics take.
struct ToxicOptions {
    std::string name, type, toxicity;
    std::vector<std::string> attributes;
    bool upstream = false, downstream = false;
};

bool is_number(const std::string& text, double& number) {
    char* end = nullptr;
    number = std::strtod(text.c_str(), &end);
    return !text.empty() && *end == '\0' && std::isfinite(number);
}

/// The kind of value that an attribute of a type has; null when it is not known here.
const seism::AttributeValue* standard_of(std::string_view type, std::string_view attribute) {
    const auto* known = seism::find_toxic_type(type);
    if (known == nullptr) return nullptr;
    const auto rule = std::ranges::find(known->attributes, attribute, &seism::AttributeRule::name);
    return rule == known->attributes.end() ? nullptr : &rule->standard;
}

/// A value as the attribute wants it; the server says what is wrong with it. Toxiproxy's tool takes 1e3
/// and 5.0 for whole numbers, too.
void write_value(base::json::Writer& writer, const std::string& value,
                 const seism::AttributeValue* standard) {
    const bool wants_text = standard != nullptr && std::holds_alternative<std::string>(*standard);
    const bool wants_flag = standard != nullptr && std::holds_alternative<bool>(*standard);
    double number = 0;
    if (wants_flag && (value == "true" || value == "false"))
        writer.value(value == "true");
    else if (const auto integer = base::parse_integer<std::int64_t>(value); integer && !wants_text)
        writer.value(*integer);
    else if (wants_text || !is_number(value, number))
        writer.value(value);
    else if (std::abs(number) < 9e15 && number == std::floor(number))
        writer.value(static_cast<std::int64_t>(number));
    else
        writer.value(number);
}

/// `k=v` each.
base::Result<std::string> attributes_json(const std::vector<std::string>& pairs, std::string_view type) {
    std::string json;
    base::json::Writer writer(json);
    writer.begin_object();
    for (const auto& pair : pairs) {
        const auto equals = pair.find('=');
        if (equals == std::string::npos || equals == 0)
            return base::fail(fmt::format("{}-a {}: must be NAME=VALUE", misused, pair));
        const auto name = pair.substr(0, equals);
        writer.key(name);
        write_value(writer, pair.substr(equals + 1), standard_of(type, name));
    }
    writer.end_object();
    return json;
}

/// The body that both adding and changing send.
base::Result<std::string> toxic_json(const ToxicOptions& options, bool is_new) {
    auto attributes = attributes_json(options.attributes, options.type);
    if (!attributes) return attributes;
    std::string body;
    base::json::Writer writer(body);
    writer.begin_object();
    if (!options.name.empty()) writer.member("name", options.name);
    if (is_new) {
        writer.member("type", options.type);
        writer.member("stream", options.upstream ? "upstream" : "downstream");
    }
    if (!options.toxicity.empty()) {
        double toxicity = 0;
        if (!is_number(options.toxicity, toxicity))
            return base::fail(fmt::format("{}--toxicity {}: must be a number", misused, options.toxicity));
        writer.member("toxicity", toxicity);
    }
    writer.key("attributes").raw(*attributes).end_object();
    return body;
}

Outcome add_toxic(Command& command, ToxicOptions& options, Words words) {
    command.flags.add({"type", "t"}, &options.type)
        .add({"upstream", "u"}, &options.upstream)
        .add({"downstream", "d"}, &options.downstream);
    if (auto fine = command.parse(words, "the proxy's name"); !fine) return fine;
    if (options.type.empty())
        return base::fail(fmt::format("{}-t TYPE is needed; see `seism types`", misused));
    if (options.upstream && options.downstream)
        return base::fail(fmt::format("{}a toxic has one stream: -u or -d", misused));
    auto body = toxic_json(options, true);
    if (!body) return base::fail(body.error().message);
    const auto made = command.call("POST", proxy_path(command.argument) + "/toxics", std::move(*body));
    if (!made) return base::fail("Failed to add toxic: " + made.error().message);
    fmt::print("Added {} {} toxic '{}' on proxy '{}'\n", text_of(*made, "stream"), text_of(*made, "type"),
               text_of(*made, "name"), command.argument);
    return {};
}

/// What changing and removing have in common.
Outcome parse_named(Command& command, const ToxicOptions& options, Words words) {
    if (auto fine = command.parse(words, "the proxy's name"); !fine) return fine;
    if (options.name.empty()) return base::fail(fmt::format("{}-n TOXIC is needed", misused));
    return {};
}

Outcome toxic(Words words, const std::string& host) {
    if (words.empty()) return base::fail(fmt::format("{}toxic add, update or remove?", misused));
    const auto& verb = words.front();
    Command command(host);
    ToxicOptions options;
    command.flags.add({"toxicName", "name", "n"}, &options.name);
    words = words.subspan(1);
    if (verb == "remove" || verb == "r" || verb == "delete" || verb == "d") {
        if (auto fine = parse_named(command, options, words); !fine) return fine;
        const auto gone = command.call("DELETE", toxic_path(command.argument, options.name));
        if (!gone) return base::fail("Failed to remove toxic: " + gone.error().message);
        fmt::print("Removed toxic '{}' on proxy '{}'\n", options.name, command.argument);
        return {};
    }
    command.flags.add({"toxicity", "tox"}, &options.toxicity).add({"attribute", "a"}, &options.attributes);
    if (verb == "add" || verb == "a") return add_toxic(command, options, words);
    if (verb != "update" && verb != "u")
        return base::fail(fmt::format("{}toxic {}: there are add, update and remove", misused, verb));
    if (auto fine = parse_named(command, options, words); !fine) return fine;
    const auto there = command.call("GET", toxic_path(command.argument, options.name));
    if (!there) return base::fail("Failed to update toxic: " + there.error().message);
    options.type = text_of(*there, "type");
    auto body = toxic_json(options, false);
    if (!body) return base::fail(body.error().message);
    const auto changed = command.call("PATCH", toxic_path(command.argument, options.name), std::move(*body));
    if (!changed) return base::fail("Failed to update toxic: " + changed.error().message);
    fmt::print("Updated toxic '{}' on proxy '{}'\n", options.name, command.argument);
    return {};
}

struct Verb {
    std::vector<std::string_view> names;
    Outcome (*run)(Words words, const std::string& host);
};

const std::vector<Verb>& verbs() {
    static const std::vector<Verb> all = {
        {{"list", "ls", "l", "li"}, list},
        {{"inspect", "i", "ins"}, inspect},
        {{"create", "c", "new"}, create},
        {{"toggle", "tog"}, toggle},
        {{"delete", "d"}, remove},
        {{"toxic", "t"}, toxic},
        {{"set"}, set},
    };
    return all;
}

std::string standard_text(const seism::AttributeValue& value) {
    if (const auto* integer = std::get_if<std::int64_t>(&value)) return fmt::format("{}", *integer);
    if (const auto* real = std::get_if<double>(&value)) return fmt::format("{}", *real);
    if (const auto* flag = std::get_if<bool>(&value)) return *flag ? "true" : "false";
    return std::get<std::string>(value);
}

}  // namespace

void print_client_usage(std::FILE* to) {
    fmt::print(to, "{}", R"(  seism list                                     all proxies
  seism create -l ADDRESS -u ADDRESS PROXY       listen at one, pass to the other
  seism inspect PROXY                            its toxics
  seism set [--protocol WORD] [--tls pass|strip|terminate] [--server-name NAME] [--ca-file FILE] PROXY
                                                 what passes through it; tls: `terminate`
                                                 ends TLS here, so that requests can be read
  seism toggle PROXY                             takes it down, or up again
  seism delete PROXY
  seism toxic add -t TYPE [-n NAME] [--toxicity SHARE] [-a NAME=VALUE]... [-u|-d] PROXY
                                                 -u: of what clients send; -d: of the
                                                 answers, which is the default
  seism toxic update -n NAME [--toxicity SHARE] [-a NAME=VALUE]... PROXY
  seism toxic remove -n NAME PROXY
  seism types                                    all toxics and their attributes

--host URL says which server (http://localhost:8474, or $TOXIPROXY_URL).
)");
}

int run_client(std::span<const std::string> words, std::string host) {
    for (const auto& verb : verbs()) {
        if (std::ranges::find(verb.names, words.front()) == verb.names.end()) continue;
        const auto done = verb.run(words.subspan(1), host);
        if (done) return 0;
        const bool is_misuse = done.error().message.starts_with(misused);
        fmt::print(stderr, "seism {}: {}\n", words.front(),
                   is_misuse ? done.error().message.substr(misused.size()) : done.error().message);
        if (is_misuse) fmt::print(stderr, "`seism --help` tells more.\n");
        return 1;
    }
    fmt::print(stderr, "seism: there is no \"{}\". `seism --help` tells what there is.\n", words.front());
    return 1;
}

int list_types() {
    for (const auto& type : seism::toxic_types()) {
        fmt::print("{}\n    {}\n", type.name, type.says);
        for (const auto& rule : type.attributes) {
            fmt::print("    -a {}={}  {}: {}{}\n", rule.name, standard_text(rule.standard), rule.unit,
                       rule.says,
                       rule.words.empty() ? "" : fmt::format(" ({})", fmt::join(rule.words, ", ")));
        }
    }
    return 0;
}
