#include "base/json.hpp"
#include "base/text.hpp"
#include "sync/accounts/oauth_rules.hpp"
#include "sync/accounts/request_body.hpp"
#include "sync/accounts/service.hpp"

namespace homespun::sync::accounts {
namespace {

void optional_member(base::json::Writer& json, std::string_view name,
                     const std::optional<std::string>& text) {
    json.key(name);
    if (text) {
        json.value(*text);
    } else {
        json.null();
    }
}

std::optional<std::string> name_of(const AttachedClient& client) {
    if (client.device_name) return client.device_name;
    const auto* known = find_client(client.client_id);
    return known ? std::optional<std::string>(known->name) : std::nullopt;
}

/// The ids given here are the store's handles: the real id of a session is as good as its token (`Bearer
/// fxs_…`), and one session has no business knowing another's.
void write_client(base::json::Writer& json, const AttachedClient& client, const Holder& caller) {
    const bool is_session = client.holder.kind == Holder::Kind::session;
    const auto text_if = [](bool wanted, const std::string& text) {
        return wanted ? std::optional(text) : std::nullopt;
    };
    json.begin_object();
    optional_member(json, "clientId", text_if(!is_session, client.client_id));
    optional_member(json, "sessionTokenId", text_if(is_session, client.holder.handle));
    optional_member(json, "refreshTokenId", text_if(!is_session, client.holder.handle));
    optional_member(json, "deviceId", client.device);
    optional_member(json, "deviceType", client.device_type);
    optional_member(json, "name", name_of(client));
    json.member("isCurrentSession", client.holder.handle == caller.handle)
        .member("createdTime", client.created_at)
        .member("lastAccessTime", client.last_used_at);
    json.key("scope");
    if (is_session) {
        json.null();
    } else {
        json.begin_array();
        for (const auto scope : base::split(client.scope, ' '))
            json.value(scope);
        json.end_array();
    }
    json.member("userAgent", client.user_agent).member("os", "");
    json.key("location").begin_object().end_object();
    json.end_object();
}

}  // namespace

Accounts::Outcome Accounts::session_status(Context& context) {
    std::string body;
    base::json::Writer(body)
        .begin_object()
        .member("state", "verified")
        .member("uid", context.identity<Caller>()->owner.uid)
        .end_object();
    co_return json_answer(std::move(body));
}

Accounts::Outcome Accounts::session_destroy(Context& context) {
    const RequestBody body(context.request().body);
    if (body.refusal()) co_return std::unexpected(*body.refusal());
    const auto& caller = *context.identity<Caller>();
    const auto done = co_await store_.run(
        home_of(context), [&](AccountsStore& store) { return store.destroy_session(caller.holder.handle); });
    if (!done) co_return std::unexpected(refusals::of(done.error()));
    logger_.info("signed_out", {{"uid", std::string_view(caller.owner.uid)}});
    co_return json_answer("{}");
}

Accounts::Outcome Accounts::attached_clients(Context& context) {
    const auto& caller = *context.identity<Caller>();
    const auto now = clock_.now_ms();
    const auto clients = co_await store_.run(home_of(context), [&](AccountsStore& store) {
        return store.attached_clients(caller.owner.uid, now);
    });
    if (!clients) co_return std::unexpected(refusals::of(clients.error()));
    std::string body;
    base::json::Writer json(body);
    json.begin_array();
    for (const auto& client : *clients)
        write_client(json, client, caller.holder);
    json.end_array();
    auto response = json_answer(std::move(body));
    response.headers.set("X-Timestamp", std::to_string(now / 1000));
    co_return response;
}

}  // namespace homespun::sync::accounts
