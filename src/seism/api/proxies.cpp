#include "seism/api/proxies.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "seism/toxics/catalogue.hpp"

namespace homespun::seism {
namespace {

std::unexpected<ApiError> fail(int status, std::string message) {
    return std::unexpected(ApiError{status, std::move(message)});
}

struct Upstream {
    std::string host;
    std::uint16_t port = 0;
};

/// `host:port`. What is no such thing gets port 0, at which nobody answers: Toxiproxy, too, finds out when it
/// calls.
Upstream split_upstream(const std::string& text) {
    const auto colon = text.rfind(':');
    if (colon == std::string::npos) return {text, 0};
    auto host = text.substr(0, colon);
    if (host.size() >= 2 && host.starts_with('[') && host.ends_with(']'))
        host = host.substr(1, host.size() - 2);
    if (host.empty()) host = "localhost";
    const auto port = ListenAddress::resolve(text.substr(colon));
    return {std::move(host), port ? port->port : std::uint16_t{0}};
}

bool is_same(const base::Result<ListenAddress>& one, const base::Result<ListenAddress>& other) {
    return one.has_value() && other.has_value() && *one == *other;
}

bool sets_listener(const Toxic& toxic) {
    return find_toxic_type(toxic.type)->place == Place::listener;
}

auto named(std::string_view name) {
    return [name](const Toxic& toxic) { return toxic.name == name; };
}

}  // namespace

Listen Listen::look_up(std::string text) {
    auto address = ListenAddress::resolve(text);
    return {std::move(text), std::move(address)};
}

Proxies::~Proxies() {
    for (auto& [name, proxy] : proxies_)
        abandon(proxy);
}

ProxyView Proxies::view(const Proxy& proxy) {
    ProxyView result{proxy.name, proxy.listen.text, proxy.upstream, proxy.enabled, proxy.setting,
                     {},         proxy.counts};
    for (const auto stream : {Stream::upstream, Stream::downstream}) {
        std::ranges::copy_if(proxy.toxics, std::back_inserter(result.toxics),
                             [&](const Toxic& toxic) { return toxic.stream == stream; });
    }
    return result;
}

Answer<Proxies::Proxy*> Proxies::locate(std::string_view name) {
    const auto place = proxies_.find(name);
    if (place == proxies_.end()) return fail(404, "proxy not found");
    return &place->second;
}

/// The state of the port: what the toxics of its listener want, as long as it is enabled.
base::Result<void> Proxies::set_socket(Proxy& proxy) {
    using enum ListenSocket::State;
    if (!proxy.socket) return {};
    auto state = proxy.enabled ? listening : refusing;
    for (const auto& toxic : proxy.toxics) {
        if (state == refusing || !sets_listener(toxic) || toxic.toxicity <= 0) continue;
        state = toxic.type == "refuse" ? refusing : full;
    }
    return proxy.socket->set(state);
}

Answer<void> Proxies::start(Proxy& proxy) {
    if (!proxy.listen.address) return fail(500, "listen tcp: " + proxy.listen.address.error().message);
    if (!proxy.socket || proxy.socket->address() != *proxy.listen.address) {
        auto socket = ListenSocket::open(*proxy.listen.address);
        if (!socket) return fail(500, std::move(socket.error().message));
        proxy.socket = std::move(*socket);
        proxy.listen = {proxy.socket->address().text(), proxy.socket->address()};
    }
    proxy.enabled = true;
    if (auto set = set_socket(proxy); !set) {
        proxy.enabled = false;
        return fail(500, std::move(set.error().message));
    }
    proxy.id = next_id_++;
    auto upstream = split_upstream(proxy.upstream);
    engine_.open(proxy.id, {.name = proxy.name,
                            .socket = proxy.socket,
                            .upstream_host = std::move(upstream.host),
                            .upstream_port = upstream.port,
                            .toxics = proxy.toxics,
                            .protocol = proxy.setting.protocol,
                            .strip_tls = proxy.setting.tls == ProxySetting::Tls::strip,
                            .tls = proxy.tls,
                            .counts = proxy.counts});
    return {};
}

void Proxies::stop(Proxy& proxy) {
    if (!std::exchange(proxy.enabled, false)) return;
    // Cannot fail: only listening can.
    (void)set_socket(proxy);
    engine_.close(proxy.id);
}

void Proxies::abandon(Proxy& proxy) {
    stop(proxy);
    // The engine holds the socket a moment longer; nobody listens there, so the port can be bound anew.
    proxy.socket.reset();
}

Answer<ProxyView> Proxies::create(NewProxy wanted) {
    if (wanted.name.empty()) return fail(400, "missing required field: name");
    if (wanted.upstream.empty()) return fail(400, "missing required field: upstream");
    const std::lock_guard lock(mutex_);
    if (proxies_.contains(wanted.name)) return fail(409, "proxy already exists");
    Proxy proxy{wanted.name, std::move(wanted.listen), std::move(wanted.upstream)};
    if (wanted.enabled) {
        if (auto started = start(proxy); !started) return std::unexpected(std::move(started.error()));
    }
    return view(proxies_.emplace(std::move(wanted.name), std::move(proxy)).first->second);
}

Answer<ProxyView> Proxies::update(std::string_view name, ProxyChange change) {
    const std::lock_guard lock(mutex_);
    const auto located = locate(name);
    if (!located) return std::unexpected(located.error());
    auto& proxy = **located;
    if (!change.listen.address) return fail(500, std::move(change.listen.address.error().message));
    const bool enabled = change.enabled.value_or(proxy.enabled);
    const bool moves = !is_same(proxy.listen.address, change.listen.address);
    if (moves || (change.upstream && *change.upstream != proxy.upstream)) stop(proxy);
    if (moves) {
        abandon(proxy);
        proxy.listen = std::move(change.listen);
    }
    if (change.upstream) proxy.upstream = std::move(*change.upstream);
    if (enabled && !proxy.enabled) {
        if (auto started = start(proxy); !started) return std::unexpected(std::move(started.error()));
    } else if (!enabled) {
        stop(proxy);
    }
    return view(proxy);
}

base::Result<std::shared_ptr<const TlsPlan>> Proxies::plan_tls(const Proxy& proxy,
                                                               const ProxySetting& setting) const {
    if (setting.tls != ProxySetting::Tls::terminate) return nullptr;
    if (!authority_) return base::fail("this server has no certificate authority");
    auto trust = net::TlsTrust::load(setting.ca_file);
    if (!trust) return base::fail(trust.error().message);
    auto name = setting.server_name.empty() ? split_upstream(proxy.upstream).host : setting.server_name;
    return std::make_shared<const TlsPlan>(TlsPlan{authority_, std::move(*trust), std::move(name)});
}

Answer<ProxyView> Proxies::set(std::string_view name, const ProxySetting& setting) {
    const std::lock_guard lock(mutex_);
    const auto located = locate(name);
    if (!located) return std::unexpected(located.error());
    auto& proxy = **located;
    auto tls = plan_tls(proxy, setting);
    if (!tls) return fail(400, std::move(tls.error().message));
    if (setting == proxy.setting) return view(proxy);
    const bool runs = proxy.enabled;
    stop(proxy);
    proxy.setting = setting;
    proxy.tls = std::move(*tls);
    if (runs) {
        if (auto started = start(proxy); !started) return std::unexpected(std::move(started.error()));
    }
    return view(proxy);
}

Answer<void> Proxies::remove(std::string_view name) {
    const std::lock_guard lock(mutex_);
    const auto place = proxies_.find(name);
    if (place == proxies_.end()) return fail(404, "proxy not found");
    abandon(place->second);
    proxies_.erase(place);
    return {};
}

Answer<ProxyView> Proxies::find(std::string_view name) const {
    const std::lock_guard lock(mutex_);
    const auto place = proxies_.find(name);
    if (place == proxies_.end()) return fail(404, "proxy not found");
    return view(place->second);
}

std::vector<ProxyView> Proxies::all() const {
    const std::lock_guard lock(mutex_);
    std::vector<ProxyView> views;
    for (const auto& [name, proxy] : proxies_)
        views.push_back(view(proxy));
    return views;
}

void Proxies::set_toxics(Proxy& proxy, std::vector<Toxic> toxics) {
    const auto old = std::exchange(proxy.toxics, std::move(toxics));
    if (!proxy.enabled) return;
    for (const auto& toxic : old)
        engine_.remove_toxic(proxy.id, toxic.name);
    for (const auto& toxic : proxy.toxics)
        engine_.add_toxic(proxy.id, toxic);
}

Answer<void> Proxies::add_or_replace(NewProxy& wanted) {
    const auto place = proxies_.find(wanted.name);
    if (place != proxies_.end()) {
        auto& there = place->second;
        if (!wanted.listen.address) return fail(500, wanted.listen.address.error().message);
        if (is_same(there.listen.address, wanted.listen.address) && there.upstream == wanted.upstream) {
            if (!wanted.toxics) return {};
            set_toxics(there, std::move(*wanted.toxics));
            if (auto set = set_socket(there); !set) return fail(500, std::move(set.error().message));
            return {};
        }
        abandon(there);
    }
    Proxy proxy{wanted.name, wanted.listen, wanted.upstream};
    if (wanted.toxics) proxy.toxics = std::move(*wanted.toxics);
    if (wanted.enabled) {
        if (auto started = start(proxy); !started) return started;
    }
    proxies_.insert_or_assign(wanted.name, std::move(proxy));
    return {};
}

Proxies::Populated Proxies::populate(std::vector<NewProxy> wanted) {
    const auto missing = [&](std::string_view field, std::size_t i) {
        return ApiError{400, fmt::format("missing required field: {} at proxy {}", field, i + 1)};
    };
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        if (wanted[i].name.empty()) return {{}, missing("name", i)};
        if (wanted[i].upstream.empty()) return {{}, missing("upstream", i)};
    }
    const std::lock_guard lock(mutex_);
    Populated result;
    for (auto& one : wanted) {
        if (auto done = add_or_replace(one); !done) {
            result.error = std::move(done.error());
            break;
        }
        result.done.push_back(view(proxies_.find(one.name)->second));
    }
    return result;
}

Answer<void> Proxies::reset() {
    const std::lock_guard lock(mutex_);
    Answer<void> outcome;
    for (auto& [name, proxy] : proxies_) {
        set_toxics(proxy, {});
        auto done = Answer<void>();
        if (!proxy.enabled)
            done = start(proxy);
        else if (auto set = set_socket(proxy); !set)
            done = fail(500, std::move(set.error().message));
        if (!done && outcome) outcome = std::move(done);
    }
    return outcome;
}

Answer<Toxic> Proxies::add_toxic(std::string_view proxy_name, Toxic toxic, const ToxicEdit& edit) {
    const std::lock_guard lock(mutex_);
    const auto located = locate(proxy_name);
    if (!located) return std::unexpected(located.error());
    auto& proxy = **located;
    const auto* type = find_toxic_type(toxic.type);
    if (type == nullptr) return fail(400, "invalid toxic type");
    if (std::ranges::any_of(proxy.toxics, named(toxic.name))) return fail(409, "toxic already exists");
    toxic.attributes = standard_attributes(*type);
    if (auto edited = edit(toxic); !edited) return fail(400, std::move(edited.error().message));
    proxy.toxics.push_back(toxic);
    if (proxy.enabled) engine_.add_toxic(proxy.id, toxic);
    if (auto set = set_socket(proxy); !set) return fail(500, std::move(set.error().message));
    return toxic;
}

Answer<Toxic> Proxies::update_toxic(std::string_view proxy_name, std::string_view name,
                                    const ToxicEdit& edit) {
    const std::lock_guard lock(mutex_);
    const auto located = locate(proxy_name);
    if (!located) return std::unexpected(located.error());
    auto& proxy = **located;
    const auto place = std::ranges::find_if(proxy.toxics, named(name));
    if (place == proxy.toxics.end()) return fail(404, "toxic not found");
    auto changed = *place;
    if (auto edited = edit(changed); !edited) return fail(400, std::move(edited.error().message));
    *place = changed;
    if (proxy.enabled) engine_.update_toxic(proxy.id, changed);
    if (auto set = set_socket(proxy); !set) return fail(500, std::move(set.error().message));
    return changed;
}

Answer<void> Proxies::remove_toxic(std::string_view proxy_name, std::string_view name) {
    const std::lock_guard lock(mutex_);
    const auto located = locate(proxy_name);
    if (!located) return std::unexpected(located.error());
    auto& proxy = **located;
    const auto place = std::ranges::find_if(proxy.toxics, named(name));
    if (place == proxy.toxics.end()) return fail(404, "toxic not found");
    proxy.toxics.erase(place);
    if (proxy.enabled) engine_.remove_toxic(proxy.id, std::string(name));
    if (auto set = set_socket(proxy); !set) return fail(500, std::move(set.error().message));
    return {};
}

Answer<Toxic> Proxies::find_toxic(std::string_view proxy_name, std::string_view name) const {
    const auto proxy = find(proxy_name);
    if (!proxy) return std::unexpected(proxy.error());
    const auto place = std::ranges::find_if(proxy->toxics, named(name));
    if (place == proxy->toxics.end()) return fail(404, "toxic not found");
    return *place;
}

}  // namespace homespun::seism
