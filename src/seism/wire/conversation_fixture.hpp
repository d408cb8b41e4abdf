#pragma once
#include <cstddef>
#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "seism/wire/conversation.hpp"

namespace homespun::seism::wire {

/// What a conversation did.
struct Outcome {
    std::string client, server;  ///< what was said to each
    std::string dripped;
    std::string ending;               ///< `close`, `reset`, `hold`, or empty
    std::string ends;                 ///< `c`, `s`: the end of a direction was passed on
    std::vector<std::string> judged;  ///< `1 GET key`, with `!` behind a write
    std::vector<std::string> bitten;  ///< `1 GET key by error`
    bool opaque = false;

    bool operator==(const Outcome&) const = default;
};

inline std::ostream& operator<<(std::ostream& out, const Outcome& outcome) {
    out << "client: " << outcome.client << "\nserver: " << outcome.server << "\ndripped: " << outcome.dripped
        << "\nending: " << outcome.ending << "\nends: " << outcome.ends << "\nopaque: " << outcome.opaque;
    for (const auto& line : outcome.judged)
        out << "\njudged: " << line;
    for (const auto& line : outcome.bitten)
        out << "\nbitten: " << line;
    return out;
}

class KeepingEffects : public Effects {
  public:
    explicit KeepingEffects(Outcome& outcome) : outcome_(outcome) {}
    void to_client(std::string_view bytes) override { say(outcome_.client, bytes); }
    void to_server(std::string_view bytes) override { say(outcome_.server, bytes); }
    void drip_to_client(std::string_view bytes, std::chrono::milliseconds) override {
        outcome_.dripped += bytes;
    }
    void start_tls(std::string_view early) override {
        outcome_.client += "<tls>";
        outcome_.server += "<tls>";
        unread = early;
    }
    void close() override { outcome_.ending += "close"; }
    void reset() override { outcome_.ending += "reset"; }
    void hold() override { outcome_.ending += "hold"; }
    void end_to_server() override { outcome_.ends += 's'; }
    void end_to_client() override { outcome_.ends += 'c'; }

    std::string unread;  ///< came together with what asked for TLS; no TLS is really spoken here

  private:
    void say(std::string& to, std::string_view bytes) {
        to += bytes;
        if (!outcome_.ending.empty()) outcome_.ending += ", then more was said";
    }
    Outcome& outcome_;
};

/// Gives one fault to the requests named, as `judged` names them, and to those of a verb that is named.
class NamedJudge final : public Judge {
  public:
    NamedJudge(Outcome& outcome, Fault fault, std::vector<std::string> met)
        : outcome_(outcome), fault_(std::move(fault)), met_(std::move(met)) {}

    const Fault* judge(const Request& request) override {
        const auto name = name_of(request) + (request.writes ? "!" : "");
        if (request.ordinal != 0) outcome_.judged.push_back(name);
        for (const auto& met : met_) {
            if (met == name || met == request.verb) return &fault_;
        }
        return nullptr;
    }
    void bitten(const Fault& fault, const Request& request) override {
        outcome_.bitten.push_back(name_of(request) + " by " + fault.kind);
    }

  private:
    static std::string name_of(const Request& request) {
        auto name = std::to_string(request.ordinal) + " " + std::string(request.verb);
        return request.subject.empty() ? name : name + " " + std::string(request.subject);
    }
    Outcome& outcome_;
    Fault fault_;
    std::vector<std::string> met_;
};

/// What one side says, or that it says no more (`end`).
struct Line {
    enum class From : unsigned char { client, server } from;
    std::string bytes;
    bool end = false;
};
inline Line C(std::string bytes) {
    return {Line::From::client, std::move(bytes)};
}
inline Line S(std::string bytes) {
    return {Line::From::server, std::move(bytes)};
}
inline Line client_end() {
    return {Line::From::client, {}, true};
}
inline Line server_end() {
    return {Line::From::server, {}, true};
}

inline std::vector<Line> then(std::vector<Line> lines, const std::vector<Line>& more) {
    lines.insert(lines.end(), more.begin(), more.end());
    return lines;
}
/// All that one side says.
inline std::string of(Line::From side, const std::vector<Line>& lines) {
    std::string bytes;
    for (const auto& line : lines)
        if (line.from == side) bytes += line.bytes;
    return bytes;
}
inline std::string of_client(const std::vector<Line>& lines) {
    return of(Line::From::client, lines);
}
inline std::string of_server(const std::vector<Line>& lines) {
    return of(Line::From::server, lines);
}

/// What of a dialogue's outcome came behind its beginning, which passed as it was.
struct Talk {
    std::string client, server, ending;
    std::vector<std::string> bitten;
};
inline Talk behind(const std::vector<Line>& beginning, const Outcome& outcome) {
    return {outcome.client.substr(of_server(beginning).size()),
            outcome.server.substr(of_client(beginning).size()), outcome.ending, outcome.bitten};
}

/// Says `lines` until the conversation ends. Each comes in pieces: `next_size(at)` tells how large the one at
/// `at` is.
template <typename NextSize>
void speak(const std::vector<Line>& lines, Conversation& conversation, KeepingEffects& effects,
           Outcome& outcome, NextSize next_size) {
    conversation.opened(effects);
    for (const auto& [from, bytes, end] : lines) {
        const bool client = from == Line::From::client;
        if (end && outcome.ending.empty())
            client ? conversation.client_ended(effects) : conversation.server_ended(effects);
        for (std::size_t at = 0; at < bytes.size() && outcome.ending.empty();) {
            const auto now = std::string_view(bytes).substr(at, next_size(at));
            at += now.size();
            client ? conversation.from_client(now, effects) : conversation.from_server(now, effects);
            if (const auto unread = std::exchange(effects.unread, {}); !unread.empty())
                conversation.from_client(unread, effects);
        }
    }
    outcome.opaque = conversation.is_opaque();
}

using MakeConversation = std::function<std::unique_ptr<Conversation>(Judge&, const ConversationOptions&)>;
using Factory = std::function<std::unique_ptr<Conversation>(Judge&)>;
inline Factory with(ConversationOptions options, MakeConversation make) {
    return [options, make = std::move(make)](Judge& judge) { return make(judge, options); };
}

/// Plays a dialogue. Each line comes in pieces of `piece` bytes (0: whole), the first of which has `first`.
inline Outcome play(const Factory& factory, const std::vector<Line>& lines, const Fault& fault,
                    const std::vector<std::string>& met, std::size_t piece = 0, std::size_t first = 0) {
    Outcome outcome;
    KeepingEffects effects(outcome);
    NamedJudge judge(outcome, fault, met);
    const auto conversation = factory(judge);
    speak(lines, *conversation, effects, outcome, [&](std::size_t at) {
        return at == 0 && first != 0 ? first : piece == 0 ? std::string_view::npos : piece;
    });
    return outcome;
}

}  // namespace homespun::seism::wire
