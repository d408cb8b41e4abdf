#include "admin_client.hpp"

#include <fmt/format.h>

#include "net/io/client.hpp"

using namespace homespun;

base::Result<base::json::Value> ask_server(const std::string& data_directory, std::string method,
                                           std::string target, std::string body,
                                           std::chrono::milliseconds timeout) {
    net::Loop loop;
    net::Client client(loop);
    net::Endpoint endpoint;
    endpoint.unix_path = data_directory + "/admin.sock";
    net::ClientRequest request;
    request.method = std::move(method);
    request.target = std::move(target);
    if (!body.empty()) request.headers.add("Content-Type", "application/json");
    request.body = std::move(body);
    const auto response = net::run_here(loop, client.send(endpoint, std::move(request), timeout));
    if (!response) {
        return base::fail(fmt::format(
            "no server answers for the data directory {} ({}); start it with `homespun serve`, or name "
            "the right directory with --data",
            data_directory, response.error().message));
    }
    auto json = base::json::parse(response->body);
    if (response->status != 200) {
        const auto* why = json ? json->string("error") : nullptr;
        return base::fail(
            fmt::format("the server refused: {}", why ? *why : std::to_string(response->status)));
    }
    if (!json) return base::fail("the server's answer is no JSON: " + json.error().message);
    return std::move(*json);
}
