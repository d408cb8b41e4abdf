#include "seism/toxics/request_types.hpp"

#include <array>

namespace homespun::seism {
namespace {

using Words = std::span<const std::string_view>;

constexpr double most = 9'007'199'254'740'992;  // whole numbers that a double holds
constexpr std::array<std::string_view, 3> modes = {"instead", "after", "before_close"};
constexpr std::array<std::string_view, 2> moments = {"request", "connect"};
constexpr std::array<std::string_view, 13> http_kinds = {
    "error", "truncate",  "broken_chunk", "empty",         "reset",      "hang",      "garbage",
    "drip",  "huge_head", "wrong_length", "double_length", "empty_json", "stale_date"};
constexpr std::array<std::string_view, 5> sql_kinds = {"error", "close", "reset", "hang", "garbage"};
constexpr std::array<std::string_view, 7> redis_kinds = {"error", "miss", "max_clients", "garbage",
                                                         "reset", "hang", "close"};
constexpr std::array<std::string_view, 12> memcached_kinds = {
    "error",     "miss",     "not_stored", "out_of_memory", "too_large", "busy",
    "temporary", "too_many", "garbage",    "reset",         "hang",      "close"};
constexpr std::array<std::string_view, 6> ldap_kinds = {"error", "disconnect", "reset",
                                                        "hang",  "close",      "garbage"};

AttributeRule text(std::string_view name, std::string_view says) {
    return {name, std::string(), 0, 0, "text", says};
}
AttributeRule pattern(std::string_view name, std::string_view says) {
    return {name, std::string(), 0, 0, "regular expression", says, {}, true};
}
AttributeRule word(std::string_view name, Words words, std::string_view says) {
    return {name, std::string(words.front()), 0, 0, "word", says, words};
}
AttributeRule whole(std::string_view name, std::string_view unit, std::int64_t standard, double low,
                    double high, std::string_view says) {
    return {name, standard, low, high, unit, says};
}

ToxicType type(std::string_view name, wire::Protocol protocol, std::string_view says, Words kinds,
               std::vector<AttributeRule> own) {
    ToxicType result{name, Origin::seism, Place::request, says, {}, protocol};
    auto& all = result.attributes;
    all.push_back(word("kind", kinds, "what is done to the request"));
    all.insert(all.end(), std::make_move_iterator(own.begin()), std::make_move_iterator(own.end()));
    all.push_back(
        word("mode", modes,
             "instead: the server never sees the request; after: it does it and its answer is swallowed; "
             "before_close: as instead, then the connection ends"));
    all.push_back(word("at", moments, "requests, or the connection itself when it comes"));
    all.push_back(pattern("match", "only requests whose subject, or `VERB subject`, has this in it"));
    if (protocol == wire::Protocol::http)
        all.push_back(pattern("match_header", "only requests with such a line in their head"));
    all.push_back({"only_writes", false, 0, 0, "flag", "only requests that change data"});
    all.push_back(whole("skip", "requests", 0, 0, most, "so many that match pass first"));
    all.push_back(whole("max_bites", "requests", 0, 0, most, "so many are met, then all pass; 0: no end"));
    return result;
}

}  // namespace

std::vector<ToxicType> request_types() {
    using enum wire::Protocol;
    const auto state = [](std::string_view says) { return text("state", says); };
    const auto message = text("message", "instead of the text that the real server says");
    const auto bytes = whole("bytes", "bytes", 0, 0, most, "how much of the real answer passes before a cut");
    return {
        type("http_error", http, "Answers a request with an error, or breaks the answer.", http_kinds,
             {whole("code", "status", 0, 0, 999, "of the answer, from 200; 0: 503 for an error, else 200"),
              whole("retry_after", "s", -1, -1, 86'400, "Retry-After; -1: no such header"),
              text("body", "of the answer"), text("content_type", "of the answer"), bytes,
              whole("interval", "ms", 1000, 1, 86'400'000, "between two bytes of a drip")}),
        type("mysql_error", mysql, "Answers a statement with an error of MySQL or MariaDB.", sql_kinds,
             {whole("code", "error number", 1213, 0, 65'535,
                    "as in the manual; 0: 1040 for a connection, else 1105"),
              state("SQLSTATE; empty: the one that belongs to the code"), message, bytes}),
        type("postgres_error", postgres, "Answers a statement with an error of PostgreSQL.", sql_kinds,
             {state("SQLSTATE; empty: 53300 for a connection, else XX000"), message, bytes}),
        type("redis_error", redis, "Answers a command with an error of Redis.", redis_kinds,
             {state("the word of the error: LOADING, OOM, READONLY …"), message, bytes}),
        type("memcached_error", memcached, "Answers a command with an error of memcached.", memcached_kinds,
             {state("ERROR, CLIENT_ERROR or SERVER_ERROR"), message, bytes}),
        type("ldap_error", ldap, "Answers an operation with a result code of LDAP.", ldap_kinds,
             {whole("code", "result code", 0, 0, 4096,
                    "as in RFC 4511; 0: 52 where the connection ends, else 51"),
              message,
              whole("entries", "entries", 0, 0, most, "so many real entries of a search pass first")}),
    };
}

}  // namespace homespun::seism
