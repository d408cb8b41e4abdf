#pragma once
#include <gtest/gtest.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "seism/wire/conversation.hpp"

namespace homespun::seism::wire::fixture {

/// All that a conversation did, each side's bytes in a row.
struct Heard final : Effects {
    std::string client, server, ending;
    std::string unread;  ///< TLS that came too early

    void to_client(std::string_view bytes) override {
        EXPECT_EQ(ending, "") << "said to the client after the end";
        client += bytes;
    }
    void to_server(std::string_view bytes) override {
        EXPECT_EQ(ending, "") << "said to the server after the end";
        server += bytes;
    }
    void drip_to_client(std::string_view bytes, std::chrono::milliseconds) override { to_client(bytes); }
    void close() override { end("close"); }
    void reset() override { end("reset"); }
    void hold() override { end("hold"); }
    void start_tls(std::string_view bytes) override {
        client += "<tls>";
        server += "<tls>";
        unread = bytes;
    }
    void end_to_server() override { server += "<end>"; }
    void end_to_client() override { client += "<end>"; }

  private:
    void end(std::string_view how) {
        EXPECT_EQ(ending, "") << "ended twice";
        ending = how;
    }
};

/// Gives one fault to the requests of a verb, and remembers what was asked and what has bitten.
struct VerbJudge final : Judge {
    VerbJudge(std::string verb, Fault fault) : verb(std::move(verb)), fault(std::move(fault)) {}

    const Fault* judge(const Request& request) override {
        asked.push_back(shown(request));
        return request.verb == verb && given++ < times ? &fault : nullptr;
    }
    void bitten(const Fault& met, const Request& request) override {
        EXPECT_EQ(&met, &fault);
        bites.push_back(shown(request));
    }
    static std::string shown(const Request& request) {
        return std::to_string(request.ordinal) + ' ' + std::string(request.verb) + " '" +
               std::string(request.subject) + '\'' + (request.writes ? " writes" : "");
    }

    std::string verb;
    Fault fault;
    std::size_t times = static_cast<std::size_t>(-1), given = 0;
    std::vector<std::string> asked, bites;
};

/// Something one of the two says.
struct Said {
    bool by_client;
    std::string bytes;
};
inline Said client(std::string bytes) {
    return {true, std::move(bytes)};
}
inline Said server(std::string bytes) {
    return {false, std::move(bytes)};
}

struct Outcome {
    std::string client, server, ending;
    std::vector<std::string> asked, bites;
    bool opaque = false;
    bool operator==(const Outcome&) const = default;
};

using Make = std::function<std::unique_ptr<Conversation>(Judge&)>;

/// `piece` bytes at a time.
inline Outcome play(const Make& make, const std::string& verb, const Fault& fault,
                    const std::vector<Said>& script, std::size_t piece) {
    VerbJudge judge(verb, fault);
    Heard heard;
    const auto conversation = make(judge);
    conversation->opened(heard);
    for (const auto& [by_client, bytes] : script) {
        for (std::size_t at = 0; at < bytes.size() && heard.ending.empty(); at += piece) {
            const auto part = std::string_view(bytes).substr(at, piece);
            by_client ? conversation->from_client(part, heard) : conversation->from_server(part, heard);
            if (const auto unread = std::exchange(heard.unread, {}); !unread.empty())
                conversation->from_client(unread, heard);
        }
    }
    return {heard.client, heard.server, heard.ending, judge.asked, judge.bites, conversation->is_opaque()};
}

/// Plays it in whole pieces, and demands that pieces of 1, 2, 3, 5 and 7 bytes come to the same.
inline Outcome play(const Make& make, const std::string& verb, const Fault& fault,
                    const std::vector<Said>& script) {
    const auto whole = play(make, verb, fault, script, std::string::npos >> 1);
    for (const std::size_t piece : {1U, 2U, 3U, 5U, 7U})
        EXPECT_TRUE(play(make, verb, fault, script, piece) == whole) << "in pieces of " << piece;
    return whole;
}

}  // namespace homespun::seism::wire::fixture
