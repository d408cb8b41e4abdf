#include "sync/easysetup/party_driver.hpp"

#include <algorithm>

namespace homespun::sync::easysetup {
namespace {

using namespace std::chrono_literals;

/// How soon a person who gives up is heard.
constexpr std::chrono::milliseconds slice = 100ms;
/// What comes when all is decided must not keep people waiting.
constexpr std::chrono::milliseconds parting_timeout = 5s;

std::string base_of(std::string_view target) {
    target = target.substr(0, target.find('?'));
    while (target.ends_with('/'))
        target.remove_suffix(1);
    return std::string(target);
}

}  // namespace

PartyDriver::PartyDriver(net::Loop& loop, net::Client& client, net::http::Url server, Party& party)
    : loop_(loop),
      client_(client),
      endpoint_(net::Endpoint::of(server)),
      base_(base_of(server.target)),
      party_(party) {}

base::Task<std::optional<Failure>> PartyDriver::run(std::function<void()> changed) {
    while (const auto* request = party_.request()) {
        const bool before_abort = !aborted_;
        if (before_abort && !co_await rest(request->wait)) continue;
        const bool parting = party_.failure().has_value();
        auto answer =
            co_await client_.send(endpoint_, as_http(*request), parting ? parting_timeout : request_timeout);
        if (aborted_ && before_abort) continue;  // what was asked no longer matters
        if (parting) {
            party_.unanswered();  // whatever came: it ends here
            continue;
        }
        trouble_ = answer ? std::string() : answer.error().message;
        if (answer) {
            party_.answered(*answer);
        } else {
            party_.unanswered();
        }
        changed();
    }
    auto failure = party_.failure();
    if (failure && failure->code == ErrorCode::network && !trouble_.empty())
        failure->detail += ": " + trouble_;
    co_return failure;
}

void PartyDriver::abort() {
    aborted_ = true;
    party_.abort();
}

base::Task<bool> PartyDriver::rest(std::chrono::milliseconds wait) {
    for (const auto until = std::chrono::steady_clock::now() + wait; !aborted_;) {
        const auto left =
            std::chrono::duration_cast<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
        if (left <= 0ms) break;
        co_await loop_.sleep(std::min(left, slice));
    }
    co_return !aborted_;
}

net::ClientRequest PartyDriver::as_http(const Request& request) const {
    net::ClientRequest made;
    made.method = request.method;
    made.target = base_ + request.path;
    made.headers = request.headers;
    // A connection for each: on a kept one that turns out to be closed the client would send again by itself,
    // and the party must know of each repetition to understand a PUT's 412.
    made.headers.set("Connection", "close");
    made.body = request.body;
    return made;
}

}  // namespace homespun::sync::easysetup
