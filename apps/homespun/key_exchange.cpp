#include "key_exchange.hpp"

#include "part_metrics.hpp"
#include "setting_values.hpp"

using namespace homespun;
namespace config = base::config;
using sync::easysetup::ChannelRules;
using sync::easysetup::FilterRules;

namespace {

constexpr std::size_t queued_jobs = 1024;
constexpr std::int64_t day_s = 86'400;
constexpr std::int64_t most_calls = 1'000'000'000;
constexpr std::int64_t most_addresses = 1'000'000;

ChannelRules channel_rules(const config::Settings& settings) {
    ChannelRules rules;
    rules.id_length = static_cast<std::size_t>(settings.integer("keyexchange.cid_len"));
    rules.ttl_ms = settings.integer("keyexchange.ttl") * 1000;
    rules.max_gets = static_cast<int>(settings.integer("keyexchange.max_gets"));
    rules.strict = settings.flag("keyexchange.strict");
    rules.most_channels = static_cast<std::size_t>(settings.integer("keyexchange.most_channels"));
    rules.most_per_address = static_cast<std::size_t>(settings.integer("keyexchange.most_per_address"));
    rules.most_bytes = static_cast<std::size_t>(settings.integer("keyexchange.most_mb")) << 20;
    return rules;
}

FilterRules filter_rules(const config::Settings& settings) {
    FilterRules rules;
    const auto& mode = settings.text("keyexchange.filter");
    rules.mode = mode == "off"       ? FilterRules::Mode::off
                 : mode == "observe" ? FilterRules::Mode::observe
                                     : FilterRules::Mode::on;
    rules.queue_size = static_cast<std::size_t>(settings.integer("keyexchange.queue_size"));
    rules.threshold = static_cast<int>(settings.integer("keyexchange.threshold"));
    rules.blacklist_ttl_ms = settings.integer("keyexchange.blacklist_ttl") * 1000;
    rules.br_queue_size = static_cast<std::size_t>(settings.integer("keyexchange.br_queue_size"));
    rules.br_threshold = static_cast<int>(settings.integer("keyexchange.br_threshold"));
    rules.br_blacklist_ttl_ms = settings.integer("keyexchange.br_blacklist_ttl") * 1000;
    rules.queue_ttl_ms = settings.integer("keyexchange.ip_queue_ttl") * 1000;
    return rules;
}

sync::easysetup::ChannelMetrics channel_metrics(base::metrics::Registry& registry) {
    const auto ended = [&](const char* how) {
        return registry.counter("homespun_key_exchange_channels_ended_total",
                                "Channels of the key exchange that ended", how);
    };
    sync::easysetup::ChannelMetrics metrics;
    metrics.open = registry.gauge("homespun_key_exchange_channels", "Channels of the key exchange");
    metrics.bytes = registry.gauge("homespun_key_exchange_bytes", "Memory they take, as it is bounded");
    metrics.created =
        registry.counter("homespun_key_exchange_channels_created_total", "Channels that devices opened");
    metrics.completed = ended("how=\"completed\"");
    metrics.expired = ended("how=\"expired\"");
    metrics.deleted = ended("how=\"deleted\"");
    metrics.destroyed = ended("how=\"destroyed\"");
    return metrics;
}

sync::easysetup::FilterMetrics filter_metrics(base::metrics::Registry& registry) {
    const auto blacklisted = [&](const char* why) {
        return registry.counter("homespun_key_exchange_blacklisted_total",
                                "Addresses that the key exchange put on its blacklist", why);
    };
    sync::easysetup::FilterMetrics metrics;
    metrics.blacklisted = registry.gauge("homespun_key_exchange_blacklisted", "Addresses on it now");
    metrics.for_calls = blacklisted("why=\"calls\"");
    metrics.for_bad_requests = blacklisted("why=\"bad_requests\"");
    return metrics;
}

}  // namespace

std::vector<config::Key> key_exchange_keys() {
    const ChannelRules channels;
    const FilterRules filter;
    const auto seconds = [](std::int64_t ms) { return ms / 1000; };
    const auto number = [](std::size_t value) { return static_cast<std::int64_t>(value); };
    return {
        {.name = "keyexchange.ttl",
         .fallback = seconds(channels.ttl_ms),
         .help = "Life of a pairing (Easy Setup) in seconds, from its beginning.",
         .least = 1,
         .most = day_s},
        {.name = "keyexchange.max_gets",
         .fallback = std::int64_t{channels.max_gets},
         .help = "Messages that a channel delivers, then it is over: three each way.",
         .least = 1,
         .most = 100},
        {.name = "keyexchange.strict",
         .fallback = channels.strict,
         .help = "Count a message again when it is delivered again, and end a channel with the last: as the "
                 "first server did. A client whose answer got lost can then not finish."},
        {.name = "keyexchange.cid_len",
         .fallback = number(channels.id_length),
         .help = "Letters of a channel's id, at the end of the PIN. Firefox takes 4.",
         .least = 3,
         .most = 16},
        {.name = "keyexchange.most_channels",
         .fallback = number(channels.most_channels),
         .help = "Most channels at a time; beyond that nobody new may pair.",
         .least = 1,
         .most = most_addresses},
        {.name = "keyexchange.most_per_address",
         .fallback = number(channels.most_per_address),
         .help = "Most channels at a time that one address has opened; not of those that keyexchange.filter "
                 "does not refuse.",
         .least = 1,
         .most = most_addresses},
        {.name = "keyexchange.most_mb",
         .fallback = number(channels.most_bytes >> 20),
         .help = "MiB that all channels may take in memory.",
         .least = 1,
         .most = 1 << 16},
        {.name = "keyexchange.store",
         .fallback = std::string("memory"),
         .help =
             "Where channels are: in memory only, or also in key-exchange.db of the data directory, so that "
             "a pairing goes on after a restart.",
         .choices = {"memory", "file"}},
        {.name = "keyexchange.root_redirect",
         .fallback = std::string(),
         .help = "Where people are sent who open the key exchange's own address; empty: this server's page."},
        {.name = "keyexchange.filter",
         .fallback = std::string("on"),
         .help =
             "Whether addresses that call too often, or send too many bad requests, are refused for a while; "
             "observe: only log and list them.",
         .choices = {"on", "observe", "off"}},
        {.name = "keyexchange.whitelist",
         .fallback = config::List{"127.0.0.0/8", "::1", "10.0.0.0/8", "192.168.0.0/16", "unix"},
         .help = "Addresses and networks that are not counted; unix for the unix sockets. Behind a proxy set "
                 "trusted_proxies too, or everybody looks like the proxy."},
        {.name = "keyexchange.queue_size",
         .fallback = number(filter.queue_size),
         .help = "Addresses whose calls are counted; the one not seen for longest is forgotten.",
         .least = 1,
         .most = most_addresses},
        {.name = "keyexchange.threshold",
         .fallback = std::int64_t{filter.threshold},
         .help = "Calls with which an address comes onto the blacklist. A pairing takes up to 700.",
         .least = 1,
         .most = most_calls},
        {.name = "keyexchange.blacklist_ttl",
         .fallback = seconds(filter.blacklist_ttl_ms),
         .help = "Seconds on the blacklist for calling too often.",
         .least = 1,
         .most = 365 * day_s},
        {.name = "keyexchange.br_queue_size",
         .fallback = number(filter.br_queue_size),
         .help = "Addresses whose bad requests (400) are counted.",
         .least = 1,
         .most = most_addresses},
        {.name = "keyexchange.br_threshold",
         .fallback = std::int64_t{filter.br_threshold},
         .help = "Bad requests with which an address comes onto the blacklist.",
         .least = 1,
         .most = most_calls},
        {.name = "keyexchange.br_blacklist_ttl",
         .fallback = seconds(filter.br_blacklist_ttl_ms),
         .help = "Seconds on the blacklist for bad requests.",
         .least = 1,
         .most = 365 * day_s},
        {.name = "keyexchange.ip_queue_ttl",
         .fallback = seconds(filter.queue_ttl_ms),
         .help = "Seconds without a call after which an address is counted anew.",
         .least = 1,
         .most = 365 * day_s},
    };
}

/// Ends with a slash, like the preference of the browsers.
std::string KeyExchangePart::public_address(const Ties& ties) {
    if (!runs(ties.settings, "keyexchange")) return {};
    return ties.root_url + ties.settings.text("mount.keyexchange") + "/";
}

KeyExchangePart::KeyExchangePart(const Ties& ties, net::TrustedProxies whitelist)
    : exchange_(channel_rules(ties.settings), ties.random, channel_metrics(ties.metrics)),
      filter_(filter_rules(ties.settings), std::move(whitelist), filter_metrics(ties.metrics)),
      admin_(filter_, public_address(ties), ties.clock, ties.logger) {
    // What ends with time alone is noticed when somebody looks.
    ties.metrics.before_render([this, &clock = ties.clock] {
        exchange_.sweep(clock.now_ms());
        filter_.sweep(clock.now_ms());
    });
}

base::Result<std::unique_ptr<KeyExchangePart>> KeyExchangePart::open(Ties ties) {
    auto whitelist = net::TrustedProxies::parse(ties.settings.list("keyexchange.whitelist"));
    if (!whitelist) return base::fail("keyexchange.whitelist: " + whitelist.error().message);
    std::unique_ptr<KeyExchangePart> part(new KeyExchangePart(ties, std::move(*whitelist)));
    if (ties.settings.text("keyexchange.store") == "file" && runs(ties.settings, "keyexchange")) {
        if (auto opened = part->open_file(ties); !opened) return std::unexpected(opened.error());
    }
    const auto& redirect = ties.settings.text("keyexchange.root_redirect");
    part->service_.emplace(sync::easysetup::KeyExchangeService::Parts{
        part->exchange_, part->filter_, part->keeper_ ? &*part->keeper_ : nullptr, ties.security_log,
        ties.clock, redirect.empty() ? ties.root_url + "/" : redirect});
    return part;
}

base::Result<void> KeyExchangePart::open_file(const Ties& ties) {
    auto opened = sync::store::sqlite::ChannelsSqlite::open(ties.settings.text("data") + "/key-exchange.db");
    if (!opened) return std::unexpected(opened.error());
    file_ = std::move(*opened);
    pool_.emplace(1, queued_jobs, pool_metrics(ties.metrics, "key_exchange"));
    keeper_.emplace(exchange_, *file_, *pool_, ties.clock, ties.logger);
    return keeper_->load();
}
