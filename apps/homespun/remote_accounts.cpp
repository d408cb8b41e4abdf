#include "remote_accounts.hpp"

using namespace homespun;

namespace {

std::unexpected<base::Error> bad(const base::config::Settings& settings, std::string_view name,
                                 std::string_view why) {
    return base::fail(settings.all.find(name)->second.origin + ": " + std::string(name) + " " +
                      std::string(why));
}

/// Who could change what this address answers could let anybody in.
base::Result<net::http::Url> trusted_url(const base::config::Settings& settings, std::string_view name) {
    auto url = net::http::Url::parse(settings.text(name));
    if (!url) return bad(settings, name, "is no address: " + url.error().message);
    if (!url->tls && !net::http::is_loopback(url->host))
        return bad(settings, name, "must begin with https://");
    return url;
}

}  // namespace

base::Result<sync::auth::RemoteSettings> remote_settings(const base::config::Settings& settings) {
    sync::auth::RemoteSettings remote;
    remote.issuer = settings.text("mozilla.issuer");
    if (remote.issuer.empty()) return bad(settings, "mozilla.issuer", "must not be empty");
    remote.keys.text = settings.text("mozilla.jwks");
    remote.keys.file = settings.text("mozilla.jwks_file");
    if (!remote.keys.text.empty() && !remote.keys.file.empty())
        return bad(settings, "mozilla.jwks", "and mozilla.jwks_file are both set: leave one out");
    if (remote.keys.text.empty() && remote.keys.file.empty()) {
        auto url = trusted_url(settings, "mozilla.jwks_url");
        if (!url) return std::unexpected(url.error());
        remote.keys.url = std::move(*url);
    }
    if (!settings.text("mozilla.verify_url").empty()) {
        auto url = trusted_url(settings, "mozilla.verify_url");
        if (!url) return std::unexpected(url.error());
        remote.verify_url = std::move(*url);
    }
    remote.client_id = settings.text("mozilla.client_id");
    remote.email_domain = settings.text("mozilla.email_domain");
    if (remote.email_domain.empty() || remote.email_domain.find('@') != std::string::npos)
        return bad(settings, "mozilla.email_domain", "must be a domain like api.accounts.firefox.com");
    if (remote.email_domain == sync::auth::own_email_domain)
        return bad(settings, "mozilla.email_domain",
                   "must not be localhost: that stands behind accounts made here");
    remote.client.proxy = settings.text("http_proxy");
    remote.client.ca_file = settings.text("ca_file");
    return remote;
}
