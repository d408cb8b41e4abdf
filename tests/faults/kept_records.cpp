#include "faults/kept_records.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

#include "base/json.hpp"
#include "base/random.hpp"
#include "faults/storage_connection.hpp"
#include "sync/ops/secrets.hpp"

namespace homespun::tests {
namespace {

namespace json = base::json;
using net::http::ClientResponse;

constexpr int records_a_post = 100;

sync::protocol::Tokens tokens_of(const std::string& data) {
    base::SystemRandom random;
    return sync::protocol::Tokens(sync::ops::Secrets::load_or_create(data, random)->token);
}

int status_of(const std::expected<ClientResponse, StorageConnection::Lost>& answer) {
    return answer ? answer->status : 0;
}

std::vector<std::string> names_in(const std::string& info) {
    std::vector<std::string> names;
    const auto parsed = json::parse(info);
    if (!parsed || parsed->object() == nullptr) return names;
    for (const auto& [name, value] : *parsed->object())
        names.push_back(name);
    std::ranges::sort(names);
    return names;
}

/// The records of a collection in the order of their ids.
std::string lines_of(const std::string& body, Times times) {
    std::vector<std::string> lines;
    const auto parsed = json::parse(body);
    if (!parsed || parsed->array() == nullptr) return "no list: " + body;
    for (const auto& record : *parsed->array()) {
        const auto* modified = record.member("modified");
        const auto* id = record.string("id");
        const auto* payload = record.string("payload");
        lines.push_back(fmt::format(
            "  {} {} {}\n", id ? *id : "?",
            times == Times::shown && modified != nullptr ? json::to_text(*modified) : std::string(),
            payload ? *payload : "?"));
    }
    std::ranges::sort(lines);
    return fmt::format("{}", fmt::join(lines, ""));
}

}  // namespace

UpkeepServer::UpkeepServer(const std::string& data, const std::vector<std::string>& environment, int shards)
    : RunningServer(data, {"--no-arbiter", "--signup", "open", "--set", fmt::format("shards={}", shards)},
                    free_port(), environment) {}

KeptRecords::KeptRecords(const RunningServer& server, std::string data)
    : port_(server.port()), data_(std::move(data)) {}

void KeptRecords::put(std::uint64_t user, const std::string& collection, int count, const std::string& text,
                      std::size_t bytes) {
    StorageConnection connection(port_, user, tokens_of(data_));
    const auto payload = text + std::string(bytes > text.size() ? bytes - text.size() : 0, '.');
    for (int begin = 0; begin < count; begin += records_a_post) {
        std::string body;
        for (int i = begin; i < std::min(begin + records_a_post, count); ++i)
            body += fmt::format(R"({}{{"id":"{}","payload":"{}"}})", i == begin ? "[" : ",", i, payload);
        EXPECT_EQ(status_of(connection.send("POST", "/storage/" + collection, body + "]")), 200);
    }
}

int KeptRecords::remove(std::uint64_t user, const std::string& collection) {
    StorageConnection connection(port_, user, tokens_of(data_));
    return status_of(connection.send("DELETE", "/storage/" + collection));
}

std::string KeptRecords::all(const std::vector<std::uint64_t>& users, Times times) {
    std::string text;
    for (const auto user : users) {
        StorageConnection connection(port_, user, tokens_of(data_));
        const auto info = connection.send("GET", "/info/collections");
        if (status_of(info) != 200) return {};
        for (const auto& name : names_in(info->body)) {
            const auto records = connection.send("GET", "/storage/" + name + "?full=1");
            if (status_of(records) != 200) return {};
            text += fmt::format("{}/{}\n{}", user, name, lines_of(records->body, times));
        }
    }
    return text;
}

std::vector<std::string> death_at(const std::string& point, int pass) {
    return {fmt::format("HOMESPUN_KILL_AT={}:{}", point, pass)};
}

std::vector<std::string> death_in_write(const std::string& file, int write) {
    return {"LD_PRELOAD=" HOMESPUN_DISK_SHIM, fmt::format("HOMESPUN_KILL_WRITE={}:{}", file, write)};
}

}  // namespace homespun::tests
