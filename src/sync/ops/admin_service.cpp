#include "sync/ops/admin_service.hpp"

#include "base/json.hpp"
#include "base/text.hpp"
#include "sync/ops/admin_answers.hpp"

namespace homespun::sync::ops {
namespace {

constexpr std::int64_t hour_ms = 3'600'000;
constexpr std::int64_t longest_invite_hours = 24 * 365;

}  // namespace

void AdminService::register_natives(barrel::Natives& natives) {
    natives.handler("create_invite", [this](barrel::Context& context) { return create_invite(context); });
    natives.handler("list_users", [this](barrel::Context& context) { return list_users(context); });
    natives.handler("seed_accounts", [this](barrel::Context& context) { return seed_accounts(context); });
    natives.handler("show_secrets", [this](barrel::Context&) { return show_secrets(); });
    natives.handler("rotate_secret", [this](barrel::Context& context) { return rotate_secret(context); });
}

void AdminService::register_test_control(barrel::Natives& natives, base::SystemClock& clock) {
    natives.handler("shift_clock", [&clock](barrel::Context& context) -> Answer {
        const auto body = base::json::parse(context.request().body);
        const auto* offset = body ? body->integer("offset_ms") : nullptr;
        if (offset == nullptr) co_return refusal(400, "offset_ms must be a whole number of milliseconds");
        clock.set_offset_ms(*offset);
        co_return json_response("{}");
    });
}

std::string AdminService::invite_link(const std::string& code) const {
    return parts_.public_url + "/?invite=" + base::percent_encode(code);
}

AdminService::Answer AdminService::create_invite(barrel::Context& context) {
    const auto body = base::json::parse(context.request().body);
    const auto* hours = body ? body->integer("hours") : nullptr;
    if (hours == nullptr || *hours < 1 || *hours > longest_invite_hours) {
        co_return refusal(400, "hours must be a whole number from 1 to 8760");
    }
    const auto code = co_await parts_.accounts.create_invite(*context.request().executor, *hours * hour_ms);
    if (!code) co_return refusal(503, code.error().message);
    std::string text;
    base::json::Writer(text)
        .begin_object()
        .member("link", std::string_view(invite_link(*code)))
        .member("expires_at_ms", parts_.clock.now_ms() + *hours * hour_ms)
        .end_object();
    co_return json_response(std::move(text));
}

AdminService::Answer AdminService::list_users(barrel::Context& context) {
    const auto accounts = co_await parts_.accounts.list_accounts(*context.request().executor);
    if (!accounts) co_return refusal(503, accounts.error().message);
    std::string text;
    base::json::Writer writer(text);
    writer.begin_array();
    for (const auto& account : *accounts) {
        writer.begin_object()
            .member("uid", std::string_view(account.uid))
            .member("email", std::string_view(account.email))
            .member("created_at_ms", account.created_at)
            .member("sessions", account.sessions)
            .member("devices", account.devices)
            .member("last_used_at_ms", account.last_used_at)
            .end_object();
    }
    writer.end_array();
    co_return json_response(std::move(text));
}

AdminService::Answer AdminService::seed_accounts(barrel::Context& context) {
    constexpr auto most = static_cast<std::int64_t>(accounts::most_seeded_at_once);
    const auto body = base::json::parse(context.request().body);
    const auto* count = body ? body->integer("count") : nullptr;
    if (count == nullptr || *count < 1 || *count > most)
        co_return refusal(400, "count must be a whole number from 1 to 500");
    const auto seeded =
        co_await parts_.accounts.seed(*context.request().executor, static_cast<std::size_t>(*count));
    if (!seeded) co_return refusal(503, seeded.error().message);
    std::string text;
    base::json::Writer writer(text);
    writer.begin_array();
    for (const auto& account : *seeded) {
        writer.begin_object()
            .member("email", std::string_view(account.email))
            .member("access_token", std::string_view(account.access_token))
            .member("key_id", std::string_view(account.key_id))
            .end_object();
    }
    writer.end_array();
    co_return json_response(std::move(text));
}

AdminService::Answer AdminService::show_secrets() {
    const std::lock_guard lock(mutex_);
    co_return json_response(parts_.secrets.to_json());
}

AdminService::Answer AdminService::rotate_secret(barrel::Context&) {
    const std::lock_guard lock(mutex_);
    auto fresh = parts_.secrets;
    fresh.rotate_token(parts_.random);
    // On disk first: a secret that signs but is forgotten at a restart would turn every client away.
    if (auto saved = fresh.save(parts_.data_directory); !saved) co_return refusal(503, saved.error().message);
    parts_.secrets = std::move(fresh);
    parts_.tokens.replace_secrets(parts_.secrets.token);
    parts_.logger.info("secret_rotated",
                       {{"accepted", static_cast<std::int64_t>(parts_.secrets.token.size())}});
    co_return json_response(parts_.secrets.to_json());
}

}  // namespace homespun::sync::ops
