#include "sync/ops/node_admin.hpp"

#include <fmt/format.h>

#include "base/json.hpp"
#include "net/http/url.hpp"
#include "sync/auth/access_token.hpp"
#include "sync/ops/admin_answers.hpp"

namespace homespun::sync::ops {
namespace {

using base::json::Value;
using net::http::Response;
using token::NodeChange;
using token::TokenStore;

Response broken(const token::Unavailable& why) {
    return refusal(503, "token.db: " + why.detail);
}

Response no_such_node(const std::string& url) {
    return refusal(404, fmt::format("there is no node {}; `homespun node list` shows them", url));
}

base::Result<Value> body_of(const barrel::Context& context) {
    auto body = base::json::parse(context.request().body);
    if (!body) return base::fail("the body is no JSON: " + body.error().message);
    return std::move(*body);
}

base::Result<std::string> text_of(const Value& body, std::string_view name) {
    const auto* text = body.string(name);
    if (text == nullptr || text->empty()) return base::fail(fmt::format("{} is missing", name));
    return *text;
}

/// As it is stored and handed out: without a slash at the end.
base::Result<std::string> url_of(const Value& body) {
    auto url = text_of(body, "url");
    if (!url) return url;
    while (url->ends_with('/'))
        url->pop_back();
    if (const auto parsed = net::http::Url::parse(*url); !parsed)
        return base::fail(
            fmt::format("{}: write the node like https://sync2.example/storage", parsed.error().message));
    if (url->contains('?')) return base::fail(*url + ": a node's URL has no query");
    return url;
}

base::Result<NodeChange> change_of(const Value& body) {
    NodeChange change;
    for (const auto& [name, field] :
         {std::pair("available", &change.available), std::pair("current_load", &change.current_load),
          std::pair("capacity", &change.capacity)}) {
        const auto* given = body.member(name);
        if (given == nullptr) continue;
        const auto* number = given->integer();
        if (number == nullptr || *number < 0)
            return base::fail(fmt::format("{} must be a whole number from 0", name));
        *field = *number;
    }
    for (const auto& [name, field] :
         {std::pair("downed", &change.downed), std::pair("backoff", &change.backing_off)}) {
        const auto* given = body.member(name);
        if (given == nullptr) continue;
        const auto* flag = given->boolean();
        if (flag == nullptr) return base::fail(fmt::format("{} must be true or false", name));
        *field = *flag;
    }
    return change;
}

struct NodeOrder {
    std::string url;
    NodeChange change;
};

base::Result<NodeOrder> node_order(const barrel::Context& context) {
    const auto body = body_of(context);
    if (!body) return std::unexpected(body.error());
    auto url = url_of(*body);
    if (!url) return std::unexpected(url.error());
    auto change = change_of(*body);
    if (!change) return std::unexpected(change.error());
    return NodeOrder{std::move(*url), *change};
}

void write_node(base::json::Writer& writer, const token::Node& node) {
    writer.begin_object()
        .member("url", std::string_view(node.url))
        .member("available", node.available)
        .member("current_load", node.current_load)
        .member("capacity", node.capacity)
        .member("downed", node.downed)
        .member("backoff", node.backing_off)
        .member("own", node.own)
        .member("users", node.users)
        .end_object();
}

void write_row(base::json::Writer& writer, const token::UserRow& row) {
    const auto number = [&](std::string_view name, const std::optional<std::int64_t>& value) {
        writer.key(name);
        value ? writer.value(*value) : writer.null();
    };
    writer.begin_object()
        .member("uid", row.uid)
        .member("node", std::string_view(row.node))
        .member("generation", row.generation)
        .member("client_state", std::string_view(row.client_state))
        .member("created_at_ms", row.created_at);
    number("keys_changed_at", row.keys_changed_at);
    number("replaced_at_ms", row.replaced_at);
    writer.end_object();
}

}  // namespace

void NodeAdmin::register_natives(barrel::Natives& natives) {
    const auto handler = [&](std::string name, Answer (NodeAdmin::*function)(barrel::Context&)) {
        natives.handler(std::move(name),
                        [this, function](barrel::Context& context) { return (this->*function)(context); });
    };
    handler("list_nodes", &NodeAdmin::list_nodes);
    handler("add_node", &NodeAdmin::add_node);
    handler("set_node", &NodeAdmin::set_node);
    handler("drain_node", &NodeAdmin::drain_node);
    handler("remove_node", &NodeAdmin::remove_node);
    handler("show_user", &NodeAdmin::show_user);
    handler("move_user", &NodeAdmin::move_user);
    handler("revoke_user", &NodeAdmin::revoke_user);
    handler("remove_user", &NodeAdmin::remove_user);
    handler("purge_users", &NodeAdmin::purge);
}

template <class Work>
auto NodeAdmin::ask(barrel::Context& context, Work work)
    -> base::Task<std::invoke_result_t<Work, TokenStore&>> {
    auto outcome =
        co_await parts_.store_pool.run(*context.request().executor, [&] { return work(parts_.store); });
    if (!outcome) co_return std::unexpected(token::Unavailable{"its queue is full; try again"});
    co_return std::move(*outcome);
}

void NodeAdmin::tell(std::string_view change, const std::string& url) {
    parts_.logger.info("node_changed", {{"change", change}, {"node", std::string_view(url)}});
}

NodeAdmin::Answer NodeAdmin::list_nodes(barrel::Context& context) {
    const auto nodes = co_await ask(context, [](TokenStore& store) { return store.nodes(); });
    if (!nodes) co_return broken(nodes.error());
    std::string text;
    base::json::Writer writer(text);
    writer.begin_array();
    for (const auto& node : *nodes)
        write_node(writer, node);
    writer.end_array();
    co_return json_response(std::move(text));
}

NodeAdmin::Answer NodeAdmin::add_node(barrel::Context& context) {
    const auto order = node_order(context);
    if (!order) co_return refusal(400, order.error().message);
    if (!order->change.capacity || *order->change.capacity < 1)
        co_return refusal(400, "capacity is missing: how many users the node may hold");
    const auto added =
        co_await ask(context, [&](TokenStore& store) { return store.add_node(order->url, order->change); });
    if (!added) co_return broken(added.error());
    if (!*added)
        co_return refusal(409, order->url + " is a node already; change it with `homespun node set`");
    tell("added", order->url);
    co_return json_response("{}");
}

NodeAdmin::Answer NodeAdmin::set_node(barrel::Context& context) {
    const auto order = node_order(context);
    if (!order) co_return refusal(400, order.error().message);
    const auto changed = co_await ask(
        context, [&](TokenStore& store) { return store.change_node(order->url, order->change); });
    if (!changed) co_return broken(changed.error());
    if (!*changed) co_return no_such_node(order->url);
    tell("set", order->url);
    co_return json_response("{}");
}

/// Nobody new comes, and who is there is sent elsewhere at its next token.
NodeAdmin::Answer NodeAdmin::drain_node(barrel::Context& context) {
    const auto order = node_order(context);
    if (!order) co_return refusal(400, order.error().message);
    const auto now = parts_.clock.now_ms();
    const auto drained =
        co_await ask(context, [&](TokenStore& store) -> token::StoreOutcome<std::optional<std::int64_t>> {
            const auto closed = store.change_node(order->url, {.backing_off = true});
            if (!closed) return std::unexpected(closed.error());
            if (!*closed) return std::nullopt;
            return store.unassign_node(order->url, now);
        });
    if (!drained) co_return broken(drained.error());
    if (!*drained) co_return no_such_node(order->url);
    tell("drained", order->url);
    co_return json_response(fmt::format("{{\"users\":{}}}", **drained));
}

NodeAdmin::Answer NodeAdmin::remove_node(barrel::Context& context) {
    const auto order = node_order(context);
    if (!order) co_return refusal(400, order.error().message);
    const auto now = parts_.clock.now_ms();
    const auto removed =
        co_await ask(context, [&](TokenStore& store) { return store.remove_node(order->url, now); });
    if (!removed) co_return broken(removed.error());
    if (!*removed)
        co_return refusal(404,
                          fmt::format("{} is no node, or it is this server itself, which stays", order->url));
    tell("removed", order->url);
    co_return json_response("{}");
}

base::Task<base::Result<std::string>> NodeAdmin::user_named(barrel::Context& context) {
    const auto body = body_of(context);
    if (!body) co_return std::unexpected(body.error());
    auto email = text_of(*body, "email");
    if (!email) co_return std::unexpected(email.error());
    const auto uid = co_await parts_.accounts.uid_of(*context.request().executor, *email);
    if (!uid) co_return std::unexpected(uid.error());
    if (*uid) co_return fmt::format("{}@{}", **uid, auth::own_email_domain);
    co_return std::move(*email);
}

NodeAdmin::Answer NodeAdmin::show_user(barrel::Context& context) {
    const auto email = co_await user_named(context);
    if (!email) co_return refusal(400, email.error().message);
    const auto rows = co_await ask(context, [&](TokenStore& store) { return store.rows(*email); });
    if (!rows) co_return broken(rows.error());
    std::string text;
    base::json::Writer writer(text);
    writer.begin_object().member("key", std::string_view(*email)).key("rows").begin_array();
    for (const auto& row : *rows)
        write_row(writer, row);
    writer.end_array().end_object();
    co_return json_response(std::move(text));
}

NodeAdmin::Answer NodeAdmin::move_user(barrel::Context& context) {
    const auto order = node_order(context);
    if (!order) co_return refusal(400, order.error().message);
    const auto email = co_await user_named(context);
    if (!email) co_return refusal(400, email.error().message);
    const auto now = parts_.clock.now_ms();
    const auto moved =
        co_await ask(context, [&](TokenStore& store) { return store.move_user(*email, order->url, now); });
    if (!moved) co_return broken(moved.error());
    if (!*moved)
        co_return refusal(
            404, fmt::format("there is no node {}, or {} never asked for a token", order->url, *email));
    parts_.logger.info("user_moved", {{"user", std::string_view(*email)}, {"node", order->url}});
    co_return json_response("{}");
}

NodeAdmin::Answer NodeAdmin::revoke_user(barrel::Context& context) {
    const auto body = body_of(context);
    const auto email = body ? text_of(*body, "email") : std::unexpected(body.error());
    if (!email) co_return refusal(400, email.error().message);
    const auto done = co_await parts_.accounts.revoke_access(*context.request().executor, *email);
    if (!done) co_return refusal(503, done.error().message);
    if (!*done) co_return refusal(404, "there is no account " + *email);
    co_return json_response("{}");
}

/// No new tokens first, then the data, then the account, by whose address the rows are found: so the command
/// can be repeated whatever failed. What a token that is still good writes meanwhile goes with the purge.
NodeAdmin::Answer NodeAdmin::remove_user(barrel::Context& context) {
    auto& home = *context.request().executor;
    const auto body = body_of(context);
    const auto address = body ? text_of(*body, "email") : std::unexpected(body.error());
    if (!address) co_return refusal(400, address.error().message);
    const auto email = co_await user_named(context);
    if (!email) co_return refusal(400, email.error().message);
    const auto rows = co_await ask(context, [&](TokenStore& store) { return store.rows(*email); });
    if (!rows) co_return broken(rows.error());
    const auto now = parts_.clock.now_ms();
    const auto retired = co_await ask(context, [&](TokenStore& store) { return store.retire(*email, now); });
    if (!retired) co_return broken(retired.error());
    const auto data = co_await parts_.old_rows.remove_data(home, *email);
    if (!data)
        co_return refusal(
            503, fmt::format("{}. {} gets no more tokens, but its account is still there: repeat the command "
                             "when the node answers; `homespun node remove` forgets one that never will",
                             data.error().message, *address));
    const auto removed = co_await parts_.accounts.remove_account(home, *address);
    if (!removed) co_return refusal(503, removed.error().message + "; repeat the command");
    if (!*removed && rows->empty()) co_return refusal(404, "there is no user " + *address);
    parts_.logger.info("user_removed", {{"user", std::string_view(*email)}});
    co_return json_response("{}");
}

NodeAdmin::Answer NodeAdmin::purge(barrel::Context& context) {
    const auto body = body_of(context);
    if (!body) co_return refusal(400, body.error().message);
    const auto* force = body->boolean("force");
    const auto* grace_s = body->integer("grace_s");
    if (grace_s != nullptr && (*grace_s < 0 || *grace_s > token::old_row_grace_ms))
        co_return refusal(400, "grace_s must be a number of seconds from 0");
    const auto done = co_await parts_.old_rows.purge(*context.request().executor,
                                                     grace_s ? *grace_s * 1000 : token::old_row_grace_ms,
                                                     force != nullptr && *force);
    if (!done) co_return refusal(503, done.error().message);
    co_return json_response(
        fmt::format("{{\"removed\":{},\"postponed\":{}}}", done->removed, done->postponed));
}

}  // namespace homespun::sync::ops
