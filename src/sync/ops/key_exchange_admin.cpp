#include "sync/ops/key_exchange_admin.hpp"

#include "base/json.hpp"
#include "sync/ops/admin_answers.hpp"

namespace homespun::sync::ops {

using easysetup::AddressFilter;

void KeyExchangeAdmin::register_natives(barrel::Natives& natives) {
    natives.handler("key_exchange_url", [this](barrel::Context&) { return tell_url(); });
    natives.handler("list_blacklisted", [this](barrel::Context&) { return list(); });
    natives.handler("clear_blacklisted", [this](barrel::Context& context) { return clear(context); });
}

KeyExchangeAdmin::Answer KeyExchangeAdmin::tell_url() {
    if (url_.empty()) co_return refusal(404, "the key exchange does not run on this server (services)");
    std::string text;
    base::json::Writer(text).begin_object().member("url", std::string_view(url_)).end_object();
    co_return json_response(std::move(text));
}

KeyExchangeAdmin::Answer KeyExchangeAdmin::list() {
    const auto now = clock_.now_ms();
    std::string text;
    base::json::Writer writer(text);
    writer.begin_array();
    for (const auto& listed : filter_.listed(now)) {
        writer.begin_object()
            .member("address", std::string_view(listed.address))
            .member("why", listed.why == AddressFilter::Why::calls ? "calls" : "bad requests")
            .member("seconds_left", (listed.until_ms - now + 999) / 1000)
            .end_object();
    }
    writer.end_array();
    co_return json_response(std::move(text));
}

KeyExchangeAdmin::Answer KeyExchangeAdmin::clear(barrel::Context& context) {
    const auto body = base::json::parse(context.request().body);
    if (!body) co_return refusal(400, body.error().message);
    const auto now = clock_.now_ms();
    std::size_t cleared = 0;
    if (const auto* address = body->string("address")) {
        if (!filter_.clear(*address, now)) co_return refusal(404, *address + " is not on the blacklist");
        cleared = 1;
        logger_.info("blacklist_cleared", {{"address", std::string_view(*address)}, {"count", 1}});
    } else {
        cleared = filter_.clear_all(now);
        logger_.info("blacklist_cleared",
                     {{"address", "all"}, {"count", static_cast<std::int64_t>(cleared)}});
    }
    std::string text;
    base::json::Writer(text).begin_object().member("cleared", std::uint64_t{cleared}).end_object();
    co_return json_response(std::move(text));
}

}  // namespace homespun::sync::ops
