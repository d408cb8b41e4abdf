#include "sync/client/weave_client.hpp"

#include <fmt/format.h>

#include "base/encoding.hpp"
#include "base/key_pair.hpp"
#include "base/text.hpp"

namespace homespun::sync::client {
namespace {

using net::http::ClientResponse;

constexpr std::string_view no_node = "null";  // the server itself, as Firefox understands it

std::string basic(std::string_view user, std::string_view password) {
    const base::Wiped both(fmt::format("{}:{}", user, password));
    return "Basic " + base::base64_encode(both.view(), base::Base64::standard);
}

}  // namespace

WeaveClient::WeaveClient(net::Loop& loop, ServerAddress root, std::string user, std::string password)
    : http_(loop), root_(std::move(root)), user_(std::move(user)), password_(std::move(password)) {}

WeaveClient::~WeaveClient() {
    base::wipe(password_);
}

base::Result<std::unique_ptr<WeaveClient>> WeaveClient::at(net::Loop& loop, std::string_view root,
                                                           std::string user, std::string password) {
    auto address = ServerAddress::parse(root);
    if (!address) return std::unexpected(address.error());
    return std::unique_ptr<WeaveClient>(
        new WeaveClient(loop, std::move(*address), std::move(user), std::move(password)));
}

base::Task<base::Result<ClientResponse>> WeaveClient::ask_user_api(std::string what) {
    net::ClientRequest request;
    request.target = fmt::format("{}/user/1.0/{}{}", root_.path, base::percent_encode(user_), what);
    co_return co_await http_.send(root_.endpoint, std::move(request));
}

base::Task<base::Result<bool>> WeaveClient::user_exists() {
    const auto answer = co_await ask_user_api("");
    if (!answer) co_return std::unexpected(answer.error());
    const auto body = base::trim(answer->body);
    if (answer->status == 200 && (body == "0" || body == "1")) co_return body == "1";
    if (answer->status == 503) co_return std::unexpected(refusal("user API", *answer));
    co_return base::fail(fmt::format("the user API of Sync 1.0 is not there: {}", describe_failure(*answer)));
}

base::Task<base::Result<void>> WeaveClient::find_storage() {
    const auto answer = co_await ask_user_api("/node/weave");
    if (!answer) co_return std::unexpected(answer.error());
    if (answer->status == 404) co_return base::fail(fmt::format("the server knows no user {}", user_));
    if (answer->status != 200) co_return std::unexpected(refusal("node/weave", *answer));
    const auto node = base::trim(answer->body);
    auto address = node == no_node ? base::Result<ServerAddress>(root_) : ServerAddress::parse(node);
    if (!address)
        co_return base::fail("the server's answer to node/weave is no URL: " + address.error().message);
    if (root_.endpoint.tls && !address->endpoint.tls) {
        co_return base::fail(fmt::format(
            "the server sends its users on to {}, without TLS: the password is not sent there", node));
    }
    address->path += "/1.1/" + base::percent_encode(user_);
    storage_ = std::move(*address);
    co_return base::Result<void>();
}

base::Task<base::Result<ClientResponse>> WeaveClient::send(std::string method, std::string path,
                                                           std::string body, net::http::Headers headers) {
    if (!storage_) {
        if (auto found = co_await find_storage(); !found) co_return std::unexpected(found.error());
    }
    net::ClientRequest request;
    request.method = std::move(method);
    request.target = storage_->path + path;
    request.headers = std::move(headers);
    request.headers.set("Authorization", basic(user_, password_));
    if (!body.empty()) request.headers.set("Content-Type", "application/json");
    request.body = std::move(body);
    co_return co_await http_.send(storage_->endpoint, std::move(request));
}

}  // namespace homespun::sync::client
