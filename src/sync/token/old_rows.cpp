#include "sync/token/old_rows.hpp"

#include <fmt/format.h>

#include "base/encoding.hpp"
#include "base/hawk.hpp"
#include "net/http/url.hpp"

namespace homespun::sync::token {
namespace {

constexpr std::int64_t batch = 10;
constexpr std::int64_t token_life_s = 300;

base::Error told(const Unavailable& why) {
    return {"token.db: " + why.detail};
}

}  // namespace

template <class Work>
auto OldRows::ask(base::Executor& home, Work work) -> base::Task<std::invoke_result_t<Work, TokenStore&>> {
    auto outcome = co_await parts_.store_pool.run(home, [&] { return work(parts_.store); });
    if (!outcome) co_return std::unexpected(Unavailable{"the token store's queue is full"});
    co_return std::move(*outcome);
}

base::Task<base::Result<OldRows::Done>> OldRows::purge(base::Executor& home, std::int64_t grace_ms,
                                                       bool force) {
    if (running_) co_return base::fail("a purge is running already");
    running_ = true;
    struct Ended {
        bool& running;
        ~Ended() { running = false; }
    } const ended{running_};
    Done done;
    SilentNodes silent;
    const auto now = parts_.clock.now_ms();
    while (true) {
        const auto rows =
            co_await ask(home, [&](TokenStore& store) { return store.old_rows(now - grace_ms, batch); });
        if (!rows) co_return std::unexpected(told(rows.error()));
        for (const auto& row : *rows) {
            const bool wait = row.node_downed && !force;
            const bool gone = !wait && (row.node.empty() || co_await remove_one(home, row, silent));
            // What did not work goes to the end of the queue, so that it does not block the others.
            const auto noted = co_await ask(home, [&](TokenStore& store) {
                return gone ? store.forget_row(row.uid) : store.postpone_row(row.uid, now);
            });
            if (!noted) co_return std::unexpected(told(noted.error()));
            ++(gone ? done.removed : done.postponed);
        }
        if (rows->size() < static_cast<std::size_t>(batch)) break;
    }
    if (done.removed + done.postponed > 0)
        parts_.logger.info("old_users_purged", {{"removed", done.removed}, {"postponed", done.postponed}});
    co_return done;
}

base::Task<base::Result<std::int64_t>> OldRows::remove_data(base::Executor& home, std::string email) {
    const auto rows = co_await ask(home, [&](TokenStore& store) { return store.rows(email); });
    if (!rows) co_return std::unexpected(told(rows.error()));
    SilentNodes silent;
    std::string left;
    for (const auto& row : *rows) {
        if (row.node.empty() || co_await remove_one(home, row, silent)) continue;
        left += fmt::format("{}uid {} on {}", left.empty() ? "" : ", ", row.uid, row.node);
    }
    if (!left.empty()) co_return base::fail(fmt::format("these data could not be removed: {}", left));
    co_return static_cast<std::int64_t>(rows->size());
}

base::Task<bool> OldRows::remove_one(base::Executor& home, const UserRow& row, SilentNodes& silent) {
    if (silent.contains(row.node)) co_return false;
    if (!row.node_is_own) co_return co_await remove_elsewhere(row, silent);
    const auto removed = co_await parts_.records.remove_user(home, row.uid, {});
    if (!removed)
        parts_.logger.warning("old_user_not_purged", {{"uid", static_cast<std::int64_t>(row.uid)},
                                                      {"detail", removed.error().detail}});
    co_return removed.has_value();
}

net::ClientRequest OldRows::signed_deletion(const UserRow& row, const net::http::Url& url) const {
    protocol::TokenPayload payload;
    payload.uid = row.uid;
    payload.node = row.node;
    payload.expires = parts_.clock.now_ms() / 1000 + token_life_s;
    payload.salt = base::hex_encode(parts_.random.bytes(3));
    payload.fxa_uid = row.email.substr(0, row.email.find('@'));
    payload.fxa_kid = protocol::KeyId::format(row.keys_changed_at.value_or(row.generation), row.client_state);
    const auto pair = parts_.tokens.make(payload);
    base::hawk::Header header;
    header.id = pair.id;
    header.ts = std::to_string(parts_.clock.now_ms() / 1000);
    header.nonce = base::hex_encode(parts_.random.bytes(6));
    net::ClientRequest request;
    request.method = "DELETE";
    request.target = url.target;
    const auto host = url.host.contains(':') ? "[" + url.host + "]" : url.host;
    const base::hawk::Request signed_part{request.method, request.target, host, url.port};
    request.headers.add("Authorization", base::hawk::sign(pair.key, std::move(header), signed_part));
    return request;
}

base::Task<bool> OldRows::remove_elsewhere(const UserRow& row, SilentNodes& silent) {
    const auto failed = [&](std::string_view detail) {
        parts_.logger.warning("old_user_not_purged", {{"uid", static_cast<std::int64_t>(row.uid)},
                                                      {"node", std::string_view(row.node)},
                                                      {"detail", detail}});
        return false;
    };
    const auto url = net::http::Url::parse(fmt::format("{}/1.5/{}", row.node, row.uid));
    if (!url) co_return failed(url.error().message);
    const auto answer = co_await parts_.client.send(net::Endpoint::of(*url), signed_deletion(row, *url));
    if (!answer || answer->status >= 500) silent.insert(row.node);
    if (!answer) co_return failed(answer.error().message);
    if (answer->status == 200 || answer->status == 404) co_return true;
    co_return failed(fmt::format("the node answered {}", answer->status));
}

}  // namespace homespun::sync::token
