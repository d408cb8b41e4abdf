#include <algorithm>

#include "base/encoding.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "sync/accounts/request_body.hpp"
#include "sync/accounts/request_query.hpp"
#include "sync/accounts/service.hpp"

namespace homespun::sync::accounts {
namespace {

constexpr std::size_t device_id_size = 16;
constexpr std::size_t most_id = 64;
constexpr std::size_t most_name = 255;
constexpr std::size_t most_type = 16;
constexpr std::size_t most_push = 2048;
constexpr std::size_t most_commands_text = 16 * 1024;
constexpr std::size_t most_payload = 16 * 1024;
constexpr std::int64_t most_page = 100;

/// The object of command names and their (opaque) descriptions, as JSON text.
std::optional<std::string> available_commands(RequestBody& body) {
    const auto* value = body.optional_value("availableCommands");
    if (value == nullptr || value->is_null()) return std::nullopt;
    const auto* object = value->object();
    const auto is_text = [](const base::json::Member& member) { return member.second.string() != nullptr; };
    if (object == nullptr || !std::ranges::all_of(*object, is_text)) {
        body.reject("availableCommands");
        return std::nullopt;
    }
    auto text = base::json::to_text(*value);
    if (text.size() > most_commands_text) body.reject("availableCommands");
    return text;
}

DeviceChange read_change(RequestBody& body) {
    DeviceChange change;
    change.id = body.optional_text("id", most_id);
    change.name = body.optional_text("name", most_name);
    change.type = body.optional_text("type", most_type);
    change.available_commands = available_commands(body);
    change.push_callback = body.nullable_text("pushCallback", most_push);
    change.push_public_key = body.nullable_text("pushPublicKey", most_push);
    change.push_auth_key = body.nullable_text("pushAuthKey", most_push);
    return change;
}

void nullable_member(base::json::Writer& json, std::string_view name,
                     const std::optional<std::string>& text) {
    json.key(name);
    if (text) {
        json.value(*text);
    } else {
        json.null();
    }
}

void write_device(base::json::Writer& json, const Device& device, const Holder& caller) {
    json.begin_object()
        .member("id", device.id)
        .member("name", device.name)
        .member("type", device.type.empty() ? std::string_view("desktop") : std::string_view(device.type))
        .member("createdAt", device.created_at)
        .member("isCurrentDevice", device.holder.handle == caller.handle)
        .member("lastAccessTime", device.last_used_at);
    nullable_member(json, "pushCallback", device.push_callback);
    nullable_member(json, "pushPublicKey", device.push_public_key);
    nullable_member(json, "pushAuthKey", device.push_auth_key);
    json.member("pushEndpointExpired", false);
    json.key("availableCommands").raw(device.available_commands);
    json.key("location").begin_object().end_object().end_object();
}

/// A query parameter that must be a number of at least 0 when it is there.
std::expected<std::int64_t, Refusal> query_number(const barrel::Context& context, std::string_view name,
                                                  std::int64_t otherwise) {
    const auto text = query_value(context.request(), name);
    if (!text || text->empty()) return otherwise;
    const auto number = base::parse_integer<std::int64_t>(*text);
    if (!number || *number < 0) return std::unexpected(refusals::invalid(name));
    return *number;
}

}  // namespace

Accounts::Outcome Accounts::put_device(Context& context) {
    RequestBody body(context.request().body);
    auto change = read_change(body);
    if (body.refusal()) co_return std::unexpected(*body.refusal());
    change.new_id = base::hex_encode(random_.bytes(device_id_size));
    const auto& caller = *context.identity<Caller>();
    const auto device = co_await store_.run(home_of(context), [&](AccountsStore& store) {
        return store.put_device(caller.owner.uid, caller.holder, change, clock_.now_ms());
    });
    if (!device) co_return std::unexpected(refusals::of(device.error()));
    std::string text;
    base::json::Writer json(text);
    write_device(json, *device, caller.holder);
    co_return json_answer(std::move(text));
}

Accounts::Outcome Accounts::list_devices(Context& context) {
    const auto since = query_number(context, "filterIdleDevicesTimestamp", 0);
    if (!since) co_return std::unexpected(since.error());
    const auto& caller = *context.identity<Caller>();
    const auto devices = co_await store_.run(home_of(context), [&](AccountsStore& store) {
        return store.devices(caller.owner.uid, clock_.now_ms());
    });
    if (!devices) co_return std::unexpected(refusals::of(devices.error()));
    std::string text;
    base::json::Writer json(text);
    json.begin_array();
    for (const auto& device : *devices) {
        if (device.last_used_at >= *since) write_device(json, device, caller.holder);
    }
    json.end_array();
    co_return json_answer(std::move(text));
}

Accounts::Outcome Accounts::destroy_device(Context& context) {
    RequestBody body(context.request().body);
    const auto id = body.text("id", most_id);
    if (body.refusal()) co_return std::unexpected(*body.refusal());
    const auto& caller = *context.identity<Caller>();
    const auto done = co_await store_.run(
        home_of(context), [&](AccountsStore& store) { return store.destroy_device(caller.owner.uid, id); });
    if (!done) co_return std::unexpected(refusals::of(done.error()));
    logger_.info("device_removed", {{"uid", std::string_view(caller.owner.uid)}});
    co_return json_answer("{}");
}

Accounts::Outcome Accounts::device_commands(Context& context) {
    const auto from = query_number(context, "index", 0);
    if (!from) co_return std::unexpected(from.error());
    const auto limit = query_number(context, "limit", most_page);
    if (!limit) co_return std::unexpected(limit.error());
    const auto& caller = *context.identity<Caller>();
    if (!caller.device) co_return std::unexpected(refusals::of({StoreFailure::unknown_device, {}}));
    const auto most = std::clamp<std::int64_t>(*limit, 1, most_page);
    const auto page = co_await store_.run(home_of(context), [&](AccountsStore& store) {
        return store.commands(caller.owner.uid, *caller.device, *from, most, clock_.now_ms());
    });
    if (!page) co_return std::unexpected(refusals::of(page.error()));
    std::string text;
    base::json::Writer json(text);
    json.begin_object().member("index", page->index).member("last", page->last).key("messages").begin_array();
    for (const auto& command : page->commands) {
        json.begin_object().member("index", command.index).key("data").begin_object();
        json.member("command", command.command).key("payload").raw(command.payload);
        if (command.sender) json.member("sender", *command.sender);
        json.end_object().end_object();
    }
    json.end_array().end_object();
    co_return json_answer(std::move(text));
}

Accounts::Outcome Accounts::invoke_command(Context& context) {
    RequestBody body(context.request().body);
    const auto target = body.text("target", most_id);
    Command command;
    command.command = body.text("command", most_name);
    command.payload = base::json::to_text(body.value("payload"));
    const auto lifetime_s = body.optional_integer("ttl");
    if (!body.refusal() && lifetime_s && *lifetime_s < 0) body.reject("ttl");
    if (body.refusal()) co_return std::unexpected(*body.refusal());
    if (command.payload.size() > most_payload) {
        co_return std::unexpected(
            Refusal{413, error_number::too_large, "payload_too_large", "Payload too large"});
    }
    const auto& caller = *context.identity<Caller>();
    command.sender = caller.device;
    const auto lifetime =
        std::min(lifetime_s.value_or(command_lifetime_ms / 1000), command_lifetime_ms / 1000) * 1000;
    const auto index = co_await store_.run(home_of(context), [&](AccountsStore& store) {
        return store.add_command(caller.owner.uid, target, command, clock_.now_ms() + lifetime);
    });
    if (!index) co_return std::unexpected(refusals::of(index.error()));
    // Nobody is told at once: without push, Firefox asks for its commands by itself.
    co_return json_answer(R"({"enqueued":true,"notified":false,"notifyError":"no push"})");
}

Accounts::Outcome Accounts::notify_devices(Context& context) {
    const RequestBody body(context.request().body);
    if (body.refusal()) co_return std::unexpected(*body.refusal());
    co_return json_answer("{}");
}

}  // namespace homespun::sync::accounts
