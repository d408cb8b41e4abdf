#include "sync/auth/mac_diagnosis.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include "base/text.hpp"

namespace homespun::sync::auth {
namespace {

constexpr std::size_t most_hosts = 6;
constexpr std::size_t most_ports = 6;
constexpr std::size_t most_prefixes = 4;
constexpr std::size_t longest_target = 2048;

/// Keeps the first `most` different values.
template <class T>
class Choices {
  public:
    explicit Choices(std::size_t most) : most_(most) {}
    void add(T value) {
        if (values_.size() < most_ && std::ranges::find(values_, value) == values_.end())
            values_.push_back(std::move(value));
    }
    [[nodiscard]] const std::vector<T>& all() const { return values_; }

  private:
    std::size_t most_;
    std::vector<T> values_;
};

std::string without_brackets(const std::string& host) {
    return host.starts_with('[') ? host.substr(1, host.size() - 2) : host;
}

/// What the client may have seen in place of `expected`.
struct Places {
    Choices<std::string> hosts{most_hosts};
    Choices<std::uint16_t> ports{most_ports};
    Choices<std::string> prefixes{most_prefixes};

    void add(const PublicUrl& url) {
        hosts.add(url.host);
        ports.add(url.port);
        prefixes.add(url.path);
    }
    /// The authority in a header: by itself, and as a proxy that ends TLS would see it.
    void add_authority(std::optional<std::string_view> text) {
        if (!text) return;
        if (const auto url = PublicUrl::parse("http://" + std::string(base::trim(*text)));
            url && url->path.empty()) {
            hosts.add(url->host);
            ports.add(url->port);
        }
    }
    void add_prefix(std::optional<std::string_view> text) {
        if (!text || !text->starts_with('/')) return;
        auto prefix = std::string(*text);
        while (prefix.ends_with('/'))
            prefix.pop_back();
        prefixes.add(std::move(prefix));
    }
};

Places places_of(const net::http::Request& request, const PublicUrl& expected, const PublicUrls& known) {
    constexpr std::uint16_t https = 443;
    constexpr std::uint16_t http = 80;
    Places places;
    places.add(expected);
    places.add_authority(request.headers.find("Host"));
    places.add_authority(request.headers.find("X-Forwarded-Host"));
    places.ports.add(https);
    places.ports.add(http);
    places.prefixes.add("");
    places.add_prefix(request.headers.find("X-Forwarded-Prefix"));
    places.add_prefix(request.headers.find("X-Script-Name"));
    for (const auto& url : known.all())
        places.add(url);
    places.hosts.add(without_brackets(expected.host));
    places.hosts.add("localhost");
    places.hosts.add("127.0.0.1");
    return places;
}

std::string origin(const PublicUrl& expected, const std::string& host, std::uint16_t port,
                   const std::string& prefix) {
    PublicUrl url{expected.scheme, host, port, prefix};
    constexpr std::uint16_t https = 443;
    constexpr std::uint16_t http = 80;
    if (port == https) url.scheme = "https";
    if (port == http) url.scheme = "http";
    return url.text();
}

/// One request's attempts; the first that fits ends the search.
class Search {
  public:
    Search(const base::hawk::Header& header, std::string_view key, const net::http::Request& request,
           const PublicUrl& expected)
        : header_(header), key_(key), request_(request), expected_(expected) {}

    std::optional<MacDiagnosis> another_place(const Places& places) const {
        for (const auto& prefix : places.prefixes.all()) {
            for (const auto& host : places.hosts.all()) {
                for (const auto port : places.ports.all()) {
                    if (!fits({request_.method, prefix + request_.target, host, port})) continue;
                    const auto* reason = host != expected_.host   ? "mac_host"
                                         : port != expected_.port ? "mac_port"
                                                                  : "mac_prefix";
                    const auto signed_for = origin(expected_, host, port, prefix);
                    return MacDiagnosis{
                        reason, fmt::format("the client signed {}, we expected {}: set public_url = [\"{}\"] "
                                            "if that is what clients see",
                                            signed_for, expected_.text(), signed_for)};
                }
            }
        }
        return std::nullopt;
    }

    std::optional<MacDiagnosis> another_method() const {
        for (const std::string_view method : {"GET", "HEAD", "PUT", "POST", "DELETE"}) {
            if (method == request_.method ||
                !fits({std::string(method), own_target(), expected_.host, expected_.port}))
                continue;
            return MacDiagnosis{
                "mac_method",
                fmt::format("the client signed {}, {} arrived: something between changes methods", method,
                            request_.method)};
        }
        return std::nullopt;
    }

    std::optional<MacDiagnosis> another_target() const {
        const auto own = own_target();
        const auto question = own.find('?');
        const auto path = own.substr(0, question);
        const auto query = question == std::string::npos ? "" : own.substr(question);
        struct Try {
            std::string target;
            std::string_view what;
        };
        std::vector<Try> tries;
        if (!query.empty()) tries.push_back({path, "without the query"});
        if (path.ends_with('/')) {
            tries.push_back({path.substr(0, path.size() - 1) + query, "without the slash at the end"});
        } else {
            tries.push_back({path + "/" + query, "with a slash at the end"});
        }
        if (const auto decoded = base::percent_decode(own); decoded && *decoded != own)
            tries.push_back({*decoded, "decoded"});
        std::string commas = own;
        for (auto at = commas.find(','); at != std::string::npos; at = commas.find(',', at))
            commas.replace(at, 1, "%2C");
        if (commas != own) tries.push_back({commas, "with its commas encoded"});
        if (const auto second = request_.target.find('/', 1); second != std::string::npos)
            tries.push_back({request_.target.substr(second), "without its first part"});
        for (const auto& [target, what] : tries) {
            if (!fits({request_.method, target, expected_.host, expected_.port})) continue;
            return MacDiagnosis{"mac_target",
                                fmt::format("the client signed the target {}: a proxy must pass path "
                                            "and query on as they are",
                                            what)};
        }
        return std::nullopt;
    }

    std::optional<MacDiagnosis> another_key(std::span<const OtherKey> keys) const {
        for (const auto& [key, what] : keys) {
            if (!base::hawk::verify(key, header_,
                                    {request_.method, own_target(), expected_.host, expected_.port}))
                continue;
            return MacDiagnosis{"mac_key", fmt::format("the client signed with {}", what)};
        }
        return std::nullopt;
    }

  private:
    struct Input {
        std::string method, target, host;
        std::uint16_t port;
    };
    [[nodiscard]] std::string own_target() const { return expected_.path + request_.target; }
    [[nodiscard]] bool fits(const Input& input) const {
        return base::hawk::verify(key_, header_, {input.method, input.target, input.host, input.port});
    }

    const base::hawk::Header& header_;
    std::string_view key_;
    const net::http::Request& request_;
    const PublicUrl& expected_;
};

}  // namespace

MacDiagnosis diagnose_mac(const base::hawk::Header& header, std::string_view key,
                          const net::http::Request& request, const PublicUrl& expected,
                          const PublicUrls& known, std::span<const OtherKey> other_keys) {
    if (request.target.size() <= longest_target) {
        const Search search(header, key, request, expected);
        if (auto found = search.another_place(places_of(request, expected, known))) return *found;
        if (auto found = search.another_method()) return *found;
        if (auto found = search.another_target()) return *found;
        if (auto found = search.another_key(other_keys)) return *found;
    }
    return {"bad_mac",
            fmt::format("the MAC does not fit {} at {}, nor any usual mistake: another key, or a path that "
                        "was changed on the way; behind a proxy set public_url to what clients see",
                        request.method, expected.text())};
}

}  // namespace homespun::sync::auth
