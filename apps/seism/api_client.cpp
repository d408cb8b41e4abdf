#include "api_client.hpp"

#include <fmt/format.h>

#include "net/io/client.hpp"

using namespace homespun;

base::Result<base::json::Value> ApiClient::call(const std::string& method, const std::string& path,
                                                std::string body) const {
    const auto full = (url_.find("://") == std::string::npos ? "http://" + url_ : url_);
    const auto url = net::http::Url::parse(full);
    if (!url) return base::fail(fmt::format("{}: {}", full, url.error().message));
    net::ClientRequest request{.method = method, .target = path, .headers = {}, .body = std::move(body)};
    request.headers.add("User-Agent", "seism-cli");
    if (!request.body.empty()) request.headers.add("Content-Type", "application/json");
    net::Loop loop;
    net::Client client(loop);
    const auto answer = net::run_here(loop, client.send(net::Endpoint::of(*url), std::move(request)));
    if (!answer) return base::fail(fmt::format("{}. Does `seism server` run there?", answer.error().message));
    if (answer->body.empty() && answer->status < 400) return base::json::Value();
    auto json = base::json::parse(answer->body);
    if (answer->status >= 400) {
        const auto* why = json ? json->string("error") : nullptr;
        return base::fail(fmt::format("HTTP {}: {}", answer->status, why != nullptr ? *why : answer->body));
    }
    if (!json) return base::fail(fmt::format("{}: the answer is no JSON: {}", full, json.error().message));
    return std::move(*json);
}
