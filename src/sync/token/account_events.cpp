#include "sync/token/account_events.hpp"

#include <fmt/format.h>

#include "sync/token/bearer.hpp"

namespace homespun::sync::token {

using barrel::Context;
using barrel::Problem;
using net::http::Response;
using Events = std::vector<auth::AccountEvent>;

void AccountEvents::register_natives(barrel::Natives& natives) {
    natives.authenticator("account_events", [this](Context& context) { return authenticate(context); });
    natives.handler("take_account_events", [this](Context& context) { return take(context); });
}

base::Task<std::expected<void, Problem>> AccountEvents::authenticate(Context& context) const {
    if (!source_)
        co_return std::unexpected(Problem{.status = 404, .reason = "events_not_configured", .detail = {}});
    auto token = bearer_token(context);
    if (!token) co_return std::unexpected(token.error());
    auto events = co_await source_->events(*context.request().executor, std::move(*token));
    if (!events) co_return std::unexpected(problem_of(events.error()));
    context.set_identity(std::move(*events));
    co_return std::expected<void, Problem>();
}

base::Task<Response> AccountEvents::take(Context& context) const {
    const auto& events = *context.identity<Events>();
    auto work = [this, &events]() -> std::expected<void, Unavailable> {
        for (const auto& event : events) {
            if (auto done = apply(event); !done) return done;
        }
        return {};
    };
    const auto done = co_await store_pool_.run(*context.request().executor, std::move(work));
    if (done && *done) co_return Response(200);
    // It will be sent again: each event may come any number of times.
    if (done) logger_.error("token_store_failed", {{"error", done->error().detail}});
    context.set_reason(done ? "token_store_failed" : "token_store_busy");
    Response later(503);
    later.headers.add("Retry-After", "10");
    co_return later;
}

std::expected<void, Unavailable> AccountEvents::apply(const auth::AccountEvent& event) const {
    const auto email = fmt::format("{}@{}", event.account, source_->email_domain());
    const bool deleted = event.kind == auth::AccountEvent::Kind::deleted;
    // One less than the change: the token that the new password gets has the change's own time (sheet, 22).
    auto done = deleted ? store_.retire(email, clock_.now_ms())
                        : store_.raise_generation(email, event.changed_at_ms - 1);
    if (done)
        logger_.info("account_event",
                     {{"kind", deleted ? "deleted" : "password_changed"}, {"account", event.account}});
    return done;
}

}  // namespace homespun::sync::token
