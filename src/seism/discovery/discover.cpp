#include "seism/discovery/discover.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/json.hpp"
#include "base/text.hpp"

namespace homespun::seism {
namespace {

using base::json::Writer;

std::string name_of(const std::string& variable, wire::Protocol protocol) {
    if (kind_of_variable(variable) == VariableKind::host) return std::string(wire::word_of(protocol));
    auto name = base::to_lower(variable.substr(0, variable.rfind('_')));
    std::ranges::replace(name, '_', '-');
    return name;
}

void add(Discovery& discovery, const std::string& variable, VariablePlace place) {
    auto& backs = discovery.backs;
    const auto same = std::ranges::find_if(backs, [&](const auto& back) {
        return back.place.at.text() == place.at.text() && back.place.protocol == place.protocol;
    });
    if (same != backs.end()) {
        same->variables.push_back(variable);
        same->place.needs_tls = same->place.needs_tls || place.needs_tls;
        return;
    }
    const auto plain = name_of(variable, place.protocol);
    auto name = plain;
    for (int number = 2; std::ranges::find(backs, name, &DiscoveredBack::name) != backs.end(); ++number)
        name = fmt::format("{}-{}", plain, number);
    backs.push_back({.name = std::move(name), .variables = {variable}, .place = std::move(place)});
}

void write_texts(Writer& writer, std::string_view name, const std::vector<std::string>& texts) {
    writer.key(name).begin_array();
    for (const auto& text : texts)
        writer.value(text);
    writer.end_array();
}

/// Those whose requests can be read when both sides are asked to speak without TLS.
bool may_strip(const VariablePlace& place) {
    using enum wire::Protocol;
    return !place.needs_tls &&
           (place.protocol == mysql || place.protocol == postgres || place.protocol == ldap);
}

void write_back(Writer& writer, const DiscoveredBack& back) {
    writer.begin_object().member("name", back.name);
    write_texts(writer, "variables", back.variables);
    writer.member("protocol", wire::word_of(back.place.protocol));
    if (may_strip(back.place)) writer.member("tls", "strip");
    writer.end_object();
}

void write_perturbation(Writer& writer, const DiscoveredBack& back, std::string_view behaviour,
                        std::string_view time) {
    writer.begin_object().member("name", fmt::format("{}/{}", back.name, behaviour));
    writer.member("proxy", back.name).member("behaviour", behaviour).member("for", time);
    writer.key("observe").begin_object().member("within", "10s").end_object();
    writer.end_object();
}

}  // namespace

Discovery discover_backs(const Variables& environment) {
    Discovery discovery;
    for (const auto& [name, value] : environment) {
        if (value.empty() || kind_of_variable(name) == VariableKind::none) continue;
        if (auto place = read_variable(name, environment))
            add(discovery, name, std::move(*place));
        else
            discovery.left_alone.push_back(fmt::format("{}: {}", name, place.error().message));
    }
    return discovery;
}

std::string standard_experiment(const Discovery& discovery, const StandardPlan& plan) {
    const auto& program = plan.command.front();
    std::string text;
    Writer writer(text);
    writer.begin_object().member("seism", 1);
    writer.member("title", fmt::format("{} and what it calls", program.substr(program.rfind('/') + 1)));
    writer.key("app").begin_object();
    write_texts(writer, "command", plan.command);
    writer.end_object();
    if (plan.front) {
        writer.key("front").begin_object();
        writer.member("upstream", fmt::format("127.0.0.1:{}", *plan.front)).end_object();
    }
    writer.key("backs").begin_array();
    for (const auto& back : discovery.backs)
        write_back(writer, back);
    writer.end_array();
    writer.key("traffic").begin_object().member("rate", 20).key("requests").begin_array();
    for (const auto& path : plan.paths)
        writer.begin_object().member("GET", path).end_object();
    writer.end_array().end_object();
    writer.key("steady-state").begin_object().member("for", "1s").end_object();
    writer.key("schedule").begin_object().member("pause", "200ms").key("matrix").begin_object();
    write_texts(writer, "behaviours", {"latency:500", "refuse", "reset_peer"});
    writer.member("for", "2s").key("observe").begin_object().member("within", "10s").end_object();
    writer.end_object().end_object();
    // What hangs must hang longer than an answer may take, else nobody sees it.
    writer.key("perturbations").begin_array();
    for (const auto& back : discovery.backs) {
        write_perturbation(writer, back, "hang", "6s");
        if (!back.place.needs_tls)
            write_perturbation(writer, back, fmt::format("{}_error", wire::word_of(back.place.protocol)),
                               "2s");
    }
    writer.end_array();
    writer.key("verdict").begin_object().member("hang", "5s").end_object();
    const auto minutes = std::clamp<std::size_t>(discovery.backs.size() * 5, 10, 24 * 60);
    writer.key("limits").begin_object();
    writer.member("max_duration", fmt::format("{}m", minutes)).end_object().end_object();
    return text + "\n";
}

}  // namespace homespun::seism
