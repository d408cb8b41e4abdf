#include "seism/wire/redis_replies.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include "seism/wire/fault_effects.hpp"

namespace homespun::seism::wire::resp {
namespace {

constexpr std::pair<std::string_view, std::string_view> texts[] = {
    {"LOADING", "Redis is loading the dataset in memory"},
    {"OOM", "command not allowed when used memory > 'maxmemory'."},
    {"READONLY", "You can't write against a read only replica."},
    {"MASTERDOWN", "Link with MASTER is down and replica-serve-stale-data is set to 'no'."},
    {"BUSY", "Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE."},
    {"CLUSTERDOWN", "The cluster is down"},
    {"MISCONF",
     "Redis is configured to save RDB snapshots, but it's currently unable to persist to disk. Commands that "
     "may "
     "modify the data set are disabled, because this instance is configured to report errors during writes "
     "if RDB "
     "snapshotting fails (stop-writes-on-bgsave-error option). Please check the Redis logs for details about "
     "the "
     "RDB error."},
    {"TRYAGAIN", "Multiple keys request during rehashing of slot"},
    {"MOVED", "3999 127.0.0.1:6381"},
    {"ASK", "3999 127.0.0.1:6381"},
    {"NOAUTH", "Authentication required."},
    {"NOSCRIPT", "No matching script. Please use EVAL."}};

constexpr std::string_view arrays[] = {
    "HGETALL", "HKEYS",  "HVALS",     "KEYS",   "LRANGE",        "SDIFF",     "SINTER",          "SMEMBERS",
    "SUNION",  "XRANGE", "XREVRANGE", "ZRANGE", "ZRANGEBYSCORE", "ZREVRANGE", "ZREVRANGEBYSCORE"};
constexpr std::string_view counts[] = {"BITCOUNT", "DEL",    "EXISTS", "EXPIRE",    "GETBIT",  "HDEL",
                                       "HEXISTS",  "HLEN",   "LLEN",   "LREM",      "PERSIST", "PEXPIRE",
                                       "PFCOUNT",  "SCARD",  "SETNX",  "SISMEMBER", "SREM",    "STRLEN",
                                       "TOUCH",    "UNLINK", "XLEN",   "ZCARD",     "ZCOUNT",  "ZREM"};

template <std::size_t N>
bool among(const std::string_view (&names)[N], std::string_view name) {
    return std::ranges::find(names, name) != std::end(names);
}

/// As many nulls; for more than a client sensibly asks for, one null for the whole.
std::string nulls(std::int64_t count, std::string_view null) {
    static constexpr std::int64_t most = 65536;
    if (count < 0 || count > most) return std::string(null);
    std::string reply = "*" + std::to_string(count) + "\r\n";
    for (std::int64_t i = 0; i < count; ++i)
        reply += null;
    return reply;
}

}  // namespace

std::string error_line(const Fault& fault) {
    std::string_view text = fault.message;
    if (text.empty()) {
        const auto* const known =
            std::ranges::find(texts, fault.state, &std::pair<std::string_view, std::string_view>::first);
        if (known != std::end(texts)) text = known->second;
    }
    if (text.empty() && fault.state.empty()) text = "injected";
    std::string line = fault.state.empty() ? "ERR" : single_line(fault.state);
    if (!text.empty()) line += ' ' + single_line(text);
    return line;
}

std::string miss(std::string_view name, std::int64_t size, bool resp3) {
    const std::string_view null = resp3 ? "_\r\n" : "$-1\r\n";
    if (name == "MGET") return nulls(size - 1, null);
    if (name == "HMGET") return nulls(size - 2, null);
    if (name == "TTL" || name == "PTTL") return ":-2\r\n";
    if (name == "EXEC" && !resp3) return "*-1\r\n";
    if (name == "HGETALL" && resp3) return "%0\r\n";
    if ((name == "SMEMBERS" || name == "SDIFF" || name == "SINTER" || name == "SUNION") && resp3)
        return "~0\r\n";
    if (among(arrays, name)) return "*0\r\n";
    if (among(counts, name)) return ":0\r\n";
    return std::string(null);
}

}  // namespace homespun::seism::wire::resp
