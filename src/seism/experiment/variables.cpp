#include "seism/experiment/variables.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "net/http/url.hpp"

namespace homespun::seism {
namespace {

using wire::Protocol;

struct Scheme {
    std::string_view name;
    Protocol protocol;
    std::uint16_t port;  ///< when the URL has none
};
constexpr std::array<Scheme, 8> schemes = {{{"postgres", Protocol::postgres, 5432},
                                            {"postgresql", Protocol::postgres, 5432},
                                            {"mysql", Protocol::mysql, 3306},
                                            {"mariadb", Protocol::mysql, 3306},
                                            {"redis", Protocol::redis, 6379},
                                            {"memcached", Protocol::memcached, 11211},
                                            {"ldap", Protocol::ldap, 389},
                                            {"http", Protocol::http, 80}}};

struct HostVariable {
    std::string_view host, port;
    Protocol protocol;
    std::uint16_t standard;  ///< when the port is not set
};
constexpr std::array<HostVariable, 8> hosts = {
    {{"PGHOST", "PGPORT", Protocol::postgres, 5432},
     {"POSTGRES_HOST", "POSTGRES_PORT", Protocol::postgres, 5432},
     {"POSTGRESQL_HOST", "POSTGRESQL_PORT", Protocol::postgres, 5432},
     {"MYSQL_HOST", "MYSQL_PORT", Protocol::mysql, 3306},
     {"MARIADB_HOST", "MARIADB_PORT", Protocol::mysql, 3306},
     {"REDIS_HOST", "REDIS_PORT", Protocol::redis, 6379},
     {"MEMCACHED_HOST", "MEMCACHED_PORT", Protocol::memcached, 11211},
     {"LDAP_HOST", "LDAP_PORT", Protocol::ldap, 389}}};

const HostVariable* host_variable(std::string_view name) {
    const auto* found = std::ranges::find(hosts, name, &HostVariable::host);
    return found == hosts.end() ? nullptr : found;
}

/// HOST[:PORT], with brackets around IPv6.
std::optional<HostPort> parse_place(std::string_view text, std::uint16_t standard) {
    const auto parsed = net::http::parse_authority(text, false);
    if (!parsed) return std::nullopt;
    const bool has_port =
        text.find(':', text.starts_with('[') ? text.find(']') : 0) != std::string_view::npos;
    return HostPort{.host = parsed->host, .port = has_port ? parsed->port : standard};
}

/// Where host and port stand in a URL: behind `://` and what names the user.
struct Span {
    std::size_t begin = 0, end = 0;
};
std::optional<Span> authority_span(std::string_view url) {
    const auto scheme = url.find("://");
    if (scheme == std::string_view::npos) return std::nullopt;
    const auto begin = scheme + 3;
    const auto end = std::min(url.find_first_of("/?#", begin), url.size());
    const auto at = url.substr(begin, end - begin).rfind('@');
    return Span{at == std::string_view::npos ? begin : begin + at + 1, end};
}

base::Result<VariablePlace> read_url(std::string_view url) {
    const auto span = authority_span(url);
    if (!span) return base::fail("is no URL");
    // SQLAlchemy and others name the driver, too: postgresql+psycopg2.
    const auto word = base::to_lower(url.substr(0, url.find_first_of("+:")));
    const auto* scheme = std::ranges::find(schemes, word, &Scheme::name);
    if (scheme == schemes.end()) {
        const bool plain = std::ranges::all_of(word, [](char c) { return c >= 'a' && c <= 'z'; });
        return base::fail(plain ? fmt::format("Seism does not know {}", word)
                                : std::string("Seism does not know its scheme"));
    }
    // What stands before it would be taken for the host, and shown, though it is a part of the password.
    if (url.substr(span->end).contains('@'))
        return base::fail("has an @ behind its host; in a password / ? # and @ are %2F %3F %23 %40");
    const auto where = url.substr(span->begin, span->end - span->begin);
    if (where.empty()) return base::fail("names no host");
    auto at = parse_place(where, scheme->port);
    if (!at) return base::fail("names no single host and port");
    const auto query = base::to_lower(url.substr(span->end));
    const bool needs_tls = query.find("sslmode=require") != std::string::npos ||
                           query.find("sslmode=verify") != std::string::npos;
    return VariablePlace{.at = std::move(*at), .protocol = scheme->protocol, .needs_tls = needs_tls};
}

base::Result<VariablePlace> read_host(const HostVariable& variable, const std::string& value,
                                      const Variables& environment) {
    if (value.starts_with('/'))
        return base::fail("is a socket of the file system, which Seism is not between");
    auto standard = variable.standard;
    if (const auto port = environment.find(std::string(variable.port)); port != environment.end()) {
        const auto number = base::parse_integer<std::uint16_t>(port->second);
        if (!number || *number == 0) return base::fail(fmt::format("{} is no port", variable.port));
        standard = *number;
    }
    auto at = parse_place(value, standard);
    if (!at) return base::fail("names no single host");
    return VariablePlace{.at = std::move(*at), .protocol = variable.protocol};
}

Problems complete(BackPlan& back, const std::string& place, const Variables& environment) {
    Problems problems;
    for (const auto& name : back.variables) {
        auto told = read_variable(name, environment);
        if (!told) {
            problems.push_back(fmt::format("{}.variables: {} {}", place, name, told.error().message));
            continue;
        }
        if (back.upstream.port == 0) {
            back.upstream = told->at;
            if (back.protocol == Protocol::tcp) back.protocol = told->protocol;
        } else if (told->at.text() != back.upstream.text()) {
            problems.push_back(fmt::format("{}.variables: {} tells of {}, the back is {}", place, name,
                                           told->at.text(), back.upstream.text()));
        }
    }
    return problems;
}

}  // namespace

VariableKind kind_of_variable(std::string_view name) {
    if (host_variable(name)) return VariableKind::host;
    if (name == "TOXIPROXY_URL") return VariableKind::none;  // Seism's own
    constexpr std::array<std::string_view, 3> ends = {"_URL", "_URI", "_DSN"};
    const bool url =
        std::ranges::any_of(ends, [&](auto end) { return name.ends_with(end) && name.size() > end.size(); });
    return url ? VariableKind::url : VariableKind::none;
}

base::Result<VariablePlace> read_variable(std::string_view name, const Variables& environment) {
    const auto value = environment.find(std::string(name));
    if (value == environment.end() || value->second.empty()) return base::fail("is not set");
    switch (kind_of_variable(name)) {
        case VariableKind::url:
            return read_url(value->second);
        case VariableKind::host:
            return read_host(*host_variable(name), value->second, environment);
        case VariableKind::none:
            break;
    }
    return base::fail("must be called …_URL, …_URI or …_DSN, or PGHOST, REDIS_HOST and the like");
}

void redirect_variable(const std::string& name, const HostPort& listen, Variables& environment) {
    auto& value = environment[name];
    if (const auto* host = host_variable(name)) {
        const bool with_port = value.find(':') != std::string::npos;
        value = with_port ? listen.text() : listen.host;
        environment[std::string(host->port)] = std::to_string(listen.port);
    } else if (const auto span = authority_span(value)) {
        value.replace(span->begin, span->end - span->begin, listen.text());
    }
}

Problems complete_backs(Experiment& experiment, const Variables& environment) {
    auto told = environment;
    for (const auto& [name, value] : experiment.app.environment)
        told[name] = value;
    Problems problems;
    for (std::size_t i = 0; i < experiment.backs.size(); ++i) {
        auto& back = experiment.backs[i];
        auto found = complete(back, fmt::format("backs[{}]", i), told);
        problems.insert(problems.end(), found.begin(), found.end());
        back.told_by.clear();
        for (const auto& name : back.variables)
            back.told_by[name] = told[name];
    }
    return problems;
}

std::vector<std::pair<std::string, std::string>> redirected_environment(const Experiment& experiment) {
    Variables environment(experiment.app.environment.begin(), experiment.app.environment.end());
    for (const auto& back : experiment.backs) {
        for (const auto& [name, value] : back.told_by) {
            environment[name] = value;
            redirect_variable(name, back.listen, environment);
        }
    }
    return {environment.begin(), environment.end()};
}

}  // namespace homespun::seism
