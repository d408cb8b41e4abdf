#include "seism/api/seism_api.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/json.hpp"
#include "base/text.hpp"
#include "seism/api/proxy_json.hpp"
#include "seism/toxics/catalogue.hpp"

namespace homespun::seism {
namespace {

using base::json::Writer;
using net::http::Request;
using net::http::Response;

constexpr std::string_view json_type = "application/json";
constexpr std::string_view prefix = "/seism/v1/";
constexpr std::array<std::string_view, 3> tls_words = {"pass", "strip", "terminate"};

Response json(std::string text, int status = 200) {
    return {status, std::string(json_type), std::move(text) + "\n"};
}

Response failed(int status, std::string_view message) {
    std::string text;
    Writer writer(text);
    writer.begin_object().member("error", message).member("status", status).end_object();
    return json(std::move(text), status);
}

std::string_view word_of(Place place) {
    switch (place) {
        case Place::stream:
            return "stream";
        case Place::opening:
            return "opening";
        case Place::listener:
            return "listener";
        case Place::request:
            break;
    }
    return "request";
}

std::string_view word_of(Origin origin) {
    switch (origin) {
        case Origin::toxiproxy:
            return "toxiproxy";
        case Origin::fork:
            return "fork";
        case Origin::seism:
            break;
    }
    return "seism";
}

void write(Writer& writer, const AttributeValue& value) {
    std::visit([&](const auto& content) { writer.value(content); }, value);
}

void write(Writer& writer, const AttributeRule& rule) {
    writer.begin_object().member("name", rule.name).key("standard");
    write(writer, rule.standard);
    writer.member("unit", rule.unit).member("says", rule.says);
    if (rule.high > rule.low) writer.member("low", rule.low).member("high", rule.high);
    if (!rule.words.empty()) {
        writer.key("words").begin_array();
        for (const auto word : rule.words)
            writer.value(word);
        writer.end_array();
    }
    writer.end_object();
}

void write_setting(Writer& writer, const ProxySetting& setting) {
    writer.member("protocol", wire::word_of(setting.protocol))
        .member("tls", tls_words[static_cast<std::size_t>(setting.tls)])
        .member("server_name", setting.server_name)
        .member("ca_file", setting.ca_file);
}

void write_proxy(Writer& writer, const ProxyView& view) {
    const auto& counts = *view.counts;
    writer.begin_object();
    write_setting(writer, view.setting);
    writer.key("counts").begin_object();
    writer.member("accepted", counts.accepted.load())
        .member("open", counts.open.load())
        .member("dial_failures", counts.dial_failures.load())
        .member("bites", counts.bites.load())
        .member("upstream_bytes", counts.sent[0].load())
        .member("downstream_bytes", counts.sent[1].load());
    writer.end_object().end_object();
}

/// The setting that `text` makes of `now`; an error says which member is wrong.
base::Result<ProxySetting> read_setting(std::string_view text, ProxySetting now) {
    const auto parsed = base::json::parse(text);
    if (!parsed) return base::fail("the body must be a JSON object: " + parsed.error().message);
    if (parsed->object() == nullptr) return base::fail("the body must be a JSON object");
    for (const auto& [name, value] : *parsed->object()) {
        const auto* word = value.string();
        if (word == nullptr) return base::fail(fmt::format("{} must be a text", name));
        if (name == "protocol") {
            const auto protocol = wire::protocol_named(*word);
            if (!protocol)
                return base::fail("protocol must be tcp, http, mysql, postgres, redis, memcached or ldap");
            now.protocol = *protocol;
        } else if (name == "tls") {
            const auto* const place = std::ranges::find(tls_words, *word);
            if (place == tls_words.end()) return base::fail("tls must be pass, strip or terminate");
            now.tls = static_cast<ProxySetting::Tls>(place - tls_words.begin());
        } else if (name == "server_name") {
            now.server_name = *word;
        } else if (name == "ca_file") {
            now.ca_file = *word;
        } else {
            return base::fail(
                fmt::format("{} is unknown; protocol, tls, server_name and ca_file are known", name));
        }
    }
    return now;
}

}  // namespace

std::string counts_json(std::span<const ProxyView> proxies) {
    std::string text;
    Writer writer(text);
    writer.begin_object();
    for (const auto& one : proxies) {
        writer.key(one.name);
        write_proxy(writer, one);
    }
    writer.end_object();
    return text;
}

std::string events_json(std::span<const Event> events) {
    std::string text;
    Writer writer(text);
    writer.begin_object().key("events").begin_array();
    for (const auto& event : events) {
        writer.begin_object()
            .member("number", event.number)
            .member("time_ms", static_cast<std::int64_t>(event.time.count()))
            .member("type", seism::word_of(event.kind))
            .member("proxy", event.proxy);
        if (event.kind == Event::Kind::bite)
            writer.member("toxic", event.toxic)
                .member("connection", event.connection)
                .member("request", event.request)
                .member("bites", event.bites);
        if (!event.why.empty()) writer.member("why", event.why);
        writer.end_object();
    }
    writer.end_array().end_object();
    return text;
}

SeismApi::SeismApi(Proxies& proxies, const EventLog& events, SeismApiOptions options)
    : proxies_(proxies), events_(events), options_(std::move(options)) {}

net::http::Plan SeismApi::plan(Request&) {
    return {};
}

Response SeismApi::refuse(Request&, net::http::Refusal refusal) {
    return failed(net::http::status_of(refusal), "the request cannot be read, or is too large");
}

base::Task<Response> SeismApi::handle(Request& request) {
    // Pages in browsers must not reach it: nobody has to sign in here.
    if (request.headers.find("User-Agent").value_or("").starts_with("Mozilla/"))
        co_return failed(403, "no page in a browser may ask here");
    const auto path = request.path();
    const auto what = path.starts_with(prefix) ? path.substr(prefix.size()) : std::string_view();
    constexpr std::string_view one_proxy = "proxies/";
    if (what.starts_with(one_proxy)) {
        const auto name = base::percent_decode(what.substr(one_proxy.size()));
        if (!name) co_return failed(404, "there is nothing here");
        if (request.method != "GET" && request.method != "PUT") co_return failed(405, "only GET and PUT");
        co_return proxy(request, *name);
    }
    if (request.method != "GET") co_return failed(405, "only GET");
    if (what == "status") co_return status();
    if (what == "proxies") co_return proxies();
    if (what == "types") co_return types();
    if (what == "events") co_return events(request);
    if (what == "export") co_return exported();
    if (what == "ca.pem") co_return Response(200, "application/x-pem-file", options_.authority_pem);
    co_return failed(404, "there is nothing here; see docs/seism/api.md");
}

Response SeismApi::status() const {
    std::uint64_t open = 0;
    const auto all = proxies_.all();
    for (const auto& one : all)
        open += one.counts->open.load();
    std::string text;
    Writer(text)
        .begin_object()
        .member("version", options_.version)
        .member("seed", options_.seed)
        .member("uptime_s",
                std::chrono::duration<double>(std::chrono::steady_clock::now() - started_).count())
        .member("proxies", static_cast<std::uint64_t>(all.size()))
        .member("connections", open)
        .member("bites", events_.bites())
        .end_object();
    return json(std::move(text));
}

Response SeismApi::proxies() const {
    return json(counts_json(proxies_.all()));
}

Response SeismApi::types() const {
    std::string text;
    Writer writer(text);
    writer.begin_array();
    for (const auto& type : toxic_types()) {
        writer.begin_object()
            .member("name", type.name)
            .member("origin", word_of(type.origin))
            .member("place", word_of(type.place))
            .member("protocol", wire::word_of(type.protocol))
            .member("says", type.says)
            .key("attributes")
            .begin_array();
        for (const auto& rule : type.attributes)
            write(writer, rule);
        writer.end_array().end_object();
    }
    writer.end_array();
    return json(std::move(text));
}

Response SeismApi::events(const Request& request) const {
    std::uint64_t after = 0;
    for (const auto& parameter : base::parse_query(request.query())) {
        if (parameter.name != "since") continue;
        const auto number = base::parse_integer<std::uint64_t>(parameter.value);
        if (!number) return failed(400, "since must be the number of an event");
        after = *number;
    }
    return json(events_json(events_.since(after)));
}

Response SeismApi::exported() const {
    const auto all = proxies_.all();
    return json(to_json_array<ProxyView>(all));
}

Response SeismApi::proxy(const Request& request, const std::string& name) {
    auto view = proxies_.find(name);
    if (!view) return failed(view.error().status, view.error().message);
    if (request.method == "PUT") {
        auto wanted = read_setting(request.body, view->setting);
        if (!wanted) return failed(400, wanted.error().message);
        view = proxies_.set(name, *wanted);
        if (!view) return failed(view.error().status, view.error().message);
    }
    std::string text;
    Writer writer(text);
    write_proxy(writer, *view);
    return json(std::move(text));
}

}  // namespace homespun::seism
