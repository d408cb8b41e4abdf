#include "sync/easysetup/service.hpp"

#include <fmt/format.h>

#include "base/text.hpp"
#include "sync/auth/security_event.hpp"

namespace homespun::sync::easysetup {
namespace {

using barrel::Context;
using barrel::Problem;
using net::http::Request;
using net::http::Response;
using Kind = AddressFilter::Verdict::Kind;

constexpr std::size_t longest_report = 2000;  ///< bytes of the body that count
/// Of a message in the security log: the whole line has 1024 bytes, and what does not fit would be left out.
constexpr std::size_t longest_message = 600;
constexpr std::string_view json_type = "application/json";
constexpr std::string_view empty_text = "\"\"";  ///< what a client of that time gets for "done"

std::string_view header(const Request& request, std::string_view name) {
    return request.headers.find(name).value_or(std::string_view());
}

std::string_view client_id(const Request& request) {
    return header(request, "X-KeyExchange-Id");
}

std::string channel_of(const Context& context) {
    return std::string(context.parameter("channel"));
}

std::string quoted(std::string_view tag) {
    return fmt::format("\"{}\"", tag);
}

Response json_answer(std::string_view body) {
    return {200, std::string(json_type), std::string(body)};
}

struct Refusal {
    int status;
    std::string_view reason;  ///< for the log
};

Refusal refusal_for(ChannelRefusal why) {
    switch (why) {
        case ChannelRefusal::bad_id:
            return Refusal{400, "bad_exchange_id"};
        case ChannelRefusal::third_id:
            return Refusal{400, "third_exchange_id"};
        case ChannelRefusal::foreign_id:
            return Refusal{400, "foreign_exchange_id"};
        case ChannelRefusal::not_found:
            return Refusal{404, "no_such_channel"};
        case ChannelRefusal::changed:
            return Refusal{412, "message_changed"};
        case ChannelRefusal::too_many:
            return Refusal{403, "channels_of_address"};
        case ChannelRefusal::no_free_id:
            return Refusal{503, "no_free_channel"};
        case ChannelRefusal::full:
            return Refusal{503, "exchange_full"};
    }
    return Refusal{500, "unexplained"};
}

/// People read these, clients only the status.
Response plain_answer(int status) {
    Response response(status, "text/plain", fmt::format("{} {}", status, net::http::reason_phrase(status)));
    if (status == 503) response.headers.add("Retry-After", "10");
    return response;
}

/// Only channels can be written, so an address that knows PUT is one: there other methods find nothing.
bool is_channel_address(const Context& context) {
    return !context.parameter("channel").empty() || context.allowed().contains(barrel::rbr::Method::Put);
}

Problem wrong_method(bool at_channel) {
    return {at_channel ? 404 : 405, "method-not-allowed", "rbr.method",
            "this address does not know this method"};
}

/// Any origin may ask: nothing here goes by cookies or the like (sheet sync-legacy, 5.1).
void add_cors(Response& response) {
    response.headers.set("Access-Control-Allow-Origin", "*");
    response.headers.set("Access-Control-Expose-Headers", "etag, x-status");
}

Response preflight_answer() {
    Response response(200, std::string(json_type), std::string(empty_text));
    // `contenttype` is what the first server wrote; `content-type` is what browsers ask for.
    response.headers.set("Access-Control-Allow-Headers",
                         "contenttype, content-type, x-keyexchange-cid, x-keyexchange-channel, "
                         "x-keyexchange-id, x-keyexchange-log, if-match, if-none-match");
    response.headers.set("Access-Control-Allow-Methods", "GET, POST, PUT, OPTIONS");
    return response;
}

/// The text of a report: X-KeyExchange-Log, and the beginning of the body in a line of its own.
std::string report_text(const Request& request) {
    std::string text(header(request, "X-KeyExchange-Log"));
    const auto body = base::trim(std::string_view(request.body).substr(0, longest_report));
    if (!text.empty() && !body.empty()) text += '\n';
    return text.append(body);
}

}  // namespace

void KeyExchangeService::register_natives(barrel::Natives& natives) {
    const auto handler = [&](std::string name, Answer (KeyExchangeService::*function)(Context&) const) {
        natives.handler(std::move(name),
                        [this, function](Context& context) { return (this->*function)(context); });
    };
    natives.authenticator("exchange_address", [this](Context& context) { return admit(context); });
    handler("exchange_health", &KeyExchangeService::check_health);
    handler("open_channel", &KeyExchangeService::open_channel);
    handler("read_channel", &KeyExchangeService::read_channel);
    handler("write_channel", &KeyExchangeService::write_channel);
    handler("delete_channel", &KeyExchangeService::delete_channel);
    handler("take_report", &KeyExchangeService::take_report);
    natives.hook("exchange_problem",
                 [this](Context& context, const Problem& its) { return problem(context, its); });
    natives.options("exchange_preflight", [](Context&) { return preflight_answer(); });
    natives.finish([this](const Context& context, Response& response) { finish(context, response); });
}

void KeyExchangeService::tell_security(const Context& context, std::string name, std::string message,
                                       std::string user) const {
    auto event = auth::security_event(context.request(), std::move(name), base::cef::Event().severity, {},
                                      std::move(user));
    if (message.size() > longest_message) message.resize(longest_message);
    if (!message.empty()) event.extensions.emplace_back("msg", std::move(message));
    parts_.security_log.write(event);
}

/// Counts the address; whoever is on the blacklist gets no further.
std::optional<Problem> KeyExchangeService::judge(const Context& context) const {
    const auto& request = context.request();
    const auto verdict = parts_.filter.call(request.remote, parts_.clock.now_ms());
    if (verdict.listed_now) tell_security(context, "BlackListed IP", request.remote);
    if (verdict.kind == Kind::no_address)
        return Problem{403, "forbidden", "no_client_address", "this client has no address"};
    if (verdict.kind == Kind::blacklisted)
        return Problem{403, "forbidden", "blacklisted", "this address called too often"};
    return std::nullopt;
}

base::Task<std::expected<void, Problem>> KeyExchangeService::admit(Context& context) const {
    if (auto refused = judge(context)) co_return std::unexpected(std::move(*refused));
    // GET answers HEAD elsewhere; here a HEAD must neither open a channel nor count as a delivery.
    if (context.request().method == "HEAD")
        co_return std::unexpected(wrong_method(is_channel_address(context)));
    co_return std::expected<void, Problem>();
}

base::Task<bool> KeyExchangeService::keep(Context& context) const {
    if (parts_.keeper == nullptr) co_return true;
    co_return co_await parts_.keeper->keep(*context.request().executor);
}

KeyExchangeService::Answer KeyExchangeService::check_health(Context& context) const {
    const bool works = parts_.exchange.works(parts_.clock.now_ms());
    const bool kept = co_await keep(context);
    if (!works || !kept) {
        context.set_reason("exchange_unwell");
        co_return plain_answer(503);
    }
    Response response(301);
    response.headers.add("Location", parts_.root_redirect);
    co_return response;
}

KeyExchangeService::Answer KeyExchangeService::open_channel(Context& context) const {
    const auto& request = context.request();
    const auto channel = parts_.exchange.open(client_id(request), parts_.clock.now_ms(),
                                              parts_.filter.bounded_key(request.remote));
    if (!channel) co_return refuse(context, channel.error());
    co_await keep(context);
    auto response = json_answer(quoted(*channel));
    response.headers.add("X-KeyExchange-Channel", *channel);
    co_return response;
}

KeyExchangeService::Answer KeyExchangeService::read_channel(Context& context) const {
    const auto& request = context.request();
    const auto message =
        parts_.exchange.get(channel_of(context), client_id(request),
                            TagList::find(request.headers, "If-None-Match"), parts_.clock.now_ms());
    co_await keep(context);
    if (!message) co_return refuse(context, message.error());
    auto response = message->not_modified ? Response(304) : json_answer(message->content);
    if (!message->tag.empty()) response.headers.add("ETag", quoted(message->tag));
    co_return response;
}

KeyExchangeService::Answer KeyExchangeService::write_channel(Context& context) const {
    auto& request = context.request();
    const Channels::Preconditions preconditions{TagList::find(request.headers, "If-Match"),
                                                TagList::find(request.headers, "If-None-Match")};
    const auto written = parts_.exchange.put(channel_of(context), client_id(request), preconditions,
                                             std::move(request.body), parts_.clock.now_ms());
    co_await keep(context);
    const bool tells_tag = written.result || written.result.error() == ChannelRefusal::changed;
    auto response = written.result ? json_answer(empty_text) : refuse(context, written.result.error());
    if (tells_tag) response.headers.add("ETag", quoted(written.tag));
    co_return response;
}

KeyExchangeService::Answer KeyExchangeService::delete_channel(Context& context) const {
    const auto removed =
        parts_.exchange.remove(channel_of(context), client_id(context.request()), parts_.clock.now_ms());
    co_await keep(context);
    co_return removed ? json_answer(empty_text) : refuse(context, removed.error());
}

KeyExchangeService::Answer KeyExchangeService::take_report(Context& context) const {
    const auto& request = context.request();
    if (auto text = report_text(request); !text.empty()) tell_security(context, "Report", std::move(text));
    const auto channel = header(request, "X-KeyExchange-Cid");
    if (request.headers.has("X-KeyExchange-Id") && !channel.empty()) {
        const std::string name(channel);
        if (!parts_.exchange.abandon(name, client_id(request), parts_.clock.now_ms()))
            tell_security(context, "Could not delete the channel", name);
        co_await keep(context);
    }
    co_return json_answer(empty_text);
}

Response KeyExchangeService::refuse(Context& context, ChannelRefusal why) const {
    tell_security(context, why);
    const auto refusal = refusal_for(why);
    context.set_reason(std::string(refusal.reason));
    return plain_answer(refusal.status);
}

/// Those refusals that may be an attack (sheet sync-legacy, 5.3).
void KeyExchangeService::tell_security(const Context& context, ChannelRefusal why) const {
    const std::string id(client_id(context.request()));
    switch (why) {
        case ChannelRefusal::bad_id:
            return tell_security(context, "Invalid X-KeyExchange-Id", id.empty() ? "EMPTY" : id);
        case ChannelRefusal::third_id:
        case ChannelRefusal::foreign_id:
            return tell_security(context, "Unknown X-KeyExchange-Id", id);
        case ChannelRefusal::not_found:
            return tell_security(context, "Invalid X-KeyExchange-Channel", {}, channel_of(context));
        case ChannelRefusal::changed:
        case ChannelRefusal::too_many:
        case ChannelRefusal::no_free_id:
        case ChannelRefusal::full:
            return;
    }
}

/// What the runtime refuses before a handler is asked.
Response KeyExchangeService::problem(Context& context, const Problem& problem) const {
    // Where no path was found nobody has looked at the address yet.
    if (context.contract() == nullptr) {
        if (const auto refused = judge(context)) {
            context.set_reason(refused->reason);
            context.set_hint(refused->detail);
            return plain_answer(refused->status);
        }
    }
    const bool nowhere = problem.reason == "rbr.method" && is_channel_address(context);
    return plain_answer(nowhere ? 404 : problem.status);
}

void KeyExchangeService::finish(const Context& context, Response& response) const {
    add_cors(response);
    response.headers.remove("Allow");
    if (response.status == 405) {
        const bool report = context.allowed().contains(barrel::rbr::Method::Post);
        response.headers.set("Allow", report ? "POST, OPTIONS" : "GET, OPTIONS");
    }
    const auto& remote = context.request().remote;
    if (response.status == 400 && parts_.filter.bad_request(remote, parts_.clock.now_ms()))
        tell_security(context, "BlackListed IP", remote);
}

}  // namespace homespun::sync::easysetup
