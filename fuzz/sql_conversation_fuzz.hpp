#pragma once
// What every conversation of seism/wire promises, whatever is said to it. Of the input the first byte picks
// the kind of fault and whether TLS is stripped or ended, the second its mode, numbers and which requests
// meet it; then pieces: a byte (its top bit: by the server) with the length, two bytes more if that is 127,
// and the bytes.
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "seism/wire/conversation.hpp"

namespace conversation_fuzz {

using namespace homespun::seism::wire;

inline void require(bool holds) {
    if (!holds) std::abort();
}

struct Heard final : Effects {
    std::string client, server, ending, unread;
    std::size_t tls_at = 0;
    void to_client(std::string_view bytes) override {
        require(ending.empty());
        client += bytes;
    }
    void to_server(std::string_view bytes) override {
        require(ending.empty());
        server += bytes;
    }
    void drip_to_client(std::string_view bytes, std::chrono::milliseconds) override { to_client(bytes); }
    void close() override { end("close"); }
    void reset() override { end("reset"); }
    void hold() override { end("hold"); }
    void start_tls(std::string_view bytes) override {
        require(tls_at == 0);
        tls_at = server.size();
        unread = bytes;
    }
    void end_to_server() override {}
    void end_to_client() override {}
    bool operator==(const Heard& other) const {
        return client == other.client && server == other.server && ending == other.ending &&
               tls_at == other.tls_at;
    }

  private:
    void end(std::string_view how) {
        require(ending.empty());
        ending = how;
    }
};

/// The fault for each request whose number is a multiple of `every`; none if that is 0.
struct NumberJudge final : Judge {
    Fault fault;
    std::uint64_t every = 0;
    std::string log;
    const Fault* judge(const Request& request) override {
        log.append(request.verb).append(request.subject) += request.writes ? '!' : '.';
        return every != 0 && request.ordinal % every == every - 1 ? &fault : nullptr;
    }
    void bitten(const Fault& met, const Request& request) override {
        require(&met == &fault);
        log.append("bitten").append(request.verb).append(request.subject);
    }
};

struct Piece {
    bool by_server;
    std::string_view bytes;
};

inline std::vector<Piece> pieces_of(std::string_view input) {
    std::vector<Piece> pieces;
    while (!input.empty()) {
        const auto head = static_cast<unsigned char>(input.front());
        std::size_t length = head & 0x7f;
        input.remove_prefix(1);
        if (length == 127 && input.size() >= 2) {
            length = static_cast<std::size_t>(static_cast<unsigned char>(input[0])) << 8 |
                     static_cast<unsigned char>(input[1]);
            input.remove_prefix(2);
        }
        pieces.push_back({(head & 0x80) != 0, input.substr(0, length)});
        input.remove_prefix(pieces.back().bytes.size());
    }
    return pieces;
}

struct Setting {
    Protocol protocol;
    Fault fault;
    std::uint64_t every;
    bool strip, terminate;
};

inline std::pair<Heard, std::string> play(const Setting& setting, const std::vector<Piece>& pieces,
                                          std::size_t at_once) {
    NumberJudge judge;
    judge.fault = setting.fault;
    judge.every = setting.every;
    Heard heard;
    const auto conversation = make_conversation(
        setting.protocol, judge, {.strip_tls = setting.strip, .terminate_tls = setting.terminate});
    conversation->opened(heard);
    for (const auto& [by_server, bytes] : pieces) {
        for (std::size_t at = 0; at < bytes.size() && heard.ending.empty(); at += at_once) {
            const auto part = bytes.substr(at, at_once);
            by_server ? conversation->from_server(part, heard) : conversation->from_client(part, heard);
            if (const auto unread = std::exchange(heard.unread, {}); !unread.empty())
                conversation->from_client(unread, heard);
        }
    }
    if (heard.ending.empty()) {
        conversation->client_ended(heard);
        conversation->server_ended(heard);
    }
    return {std::move(heard), std::move(judge.log)};
}

/// Without a fault nothing is changed; however the bytes are cut, the same is done; after the end nothing is.
inline void check(Protocol protocol, const std::vector<std::string_view>& kinds, std::string_view input) {
    if (input.size() < 2) return;
    const auto first = static_cast<unsigned char>(input[0]), second = static_cast<unsigned char>(input[1]);
    Setting setting{.protocol = protocol,
                    .fault = {.kind = std::string(kinds[first / 2 % kinds.size()]),
                              .mode = static_cast<Mode>(second % 3),
                              .code = second / 3 % 2 == 0 ? 1213 : 0,
                              .bytes = second / 6 % 4},
                    .every = second / 24U,
                    .strip = first % 2 == 1,
                    .terminate = first >= 128};
    const auto pieces = pieces_of(input.substr(2));
    const auto whole = play(setting, pieces, std::string::npos >> 1);
    require(play(setting, pieces, 1) == whole);
    if (setting.every != 0 || setting.strip) return;
    std::string client, server;
    for (const auto& [by_server, bytes] : pieces)
        (by_server ? server : client) += bytes;
    require(whole.first.client == server && whole.first.server == client);
}

}  // namespace conversation_fuzz
