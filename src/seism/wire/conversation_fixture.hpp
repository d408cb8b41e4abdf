#pragma once
#include <cstddef>
#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <string_view>
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

class KeepingEffects final : public Effects {
  public:
    explicit KeepingEffects(Outcome& outcome) : outcome_(outcome) {}
    void to_client(std::string_view bytes) override { outcome_.client += bytes; }
    void to_server(std::string_view bytes) override { outcome_.server += bytes; }
    void drip_to_client(std::string_view bytes, std::chrono::milliseconds) override {
        outcome_.dripped += bytes;
    }
    void close() override { outcome_.ending += "close"; }
    void reset() override { outcome_.ending += "reset"; }
    void hold() override { outcome_.ending += "hold"; }
    void end_to_server() override { outcome_.ends += 's'; }
    void end_to_client() override { outcome_.ends += 'c'; }

  private:
    Outcome& outcome_;
};

/// Gives one fault to the requests named, as `judged` names them; to all when none are named.
class NamedJudge final : public Judge {
  public:
    NamedJudge(Outcome& outcome, Fault fault, std::vector<std::string> met)
        : outcome_(outcome), fault_(std::move(fault)), met_(std::move(met)) {}

    const Fault* judge(const Request& request) override {
        const auto name = name_of(request) + (request.writes ? "!" : "");
        if (request.ordinal != 0) outcome_.judged.push_back(name);
        for (const auto& met : met_) {
            if (met == name) return &fault_;
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

using Factory = std::function<std::unique_ptr<Conversation>(Judge&)>;

/// Plays a dialogue. Each line comes in pieces of `piece` bytes (0: whole), the first of which has `first`.
inline Outcome play(const Factory& factory, const std::vector<Line>& lines, const Fault& fault,
                    const std::vector<std::string>& met, std::size_t piece = 0, std::size_t first = 0) {
    Outcome outcome;
    KeepingEffects effects(outcome);
    NamedJudge judge(outcome, fault, met);
    const auto conversation = factory(judge);
    conversation->opened(effects);
    for (const auto& [from, bytes, end] : lines) {
        const bool client = from == Line::From::client;
        if (end && outcome.ending.empty())
            client ? conversation->client_ended(effects) : conversation->server_ended(effects);
        for (std::size_t at = 0; at < bytes.size() && outcome.ending.empty();) {
            const auto size = at == 0 && first != 0 ? first : piece == 0 ? bytes.size() : piece;
            const auto now = std::string_view(bytes).substr(at, size);
            at += size;
            client ? conversation->from_client(now, effects) : conversation->from_server(now, effects);
        }
    }
    outcome.opaque = conversation->is_opaque();
    return outcome;
}

/// Plays it whole, byte by byte, and with each line cut at every place; all must come to the same. The
/// outcome of the whole is returned, an outcome of a cut that differs is put into `different`.
inline Outcome play_cut(const Factory& factory, const std::vector<Line>& lines, const Fault& fault,
                        const std::vector<std::string>& met, std::vector<Outcome>& different) {
    const auto whole = play(factory, lines, fault, met);
    std::size_t longest = 0;
    for (const auto& line : lines)
        longest = std::max(longest, line.bytes.size());
    std::vector<Outcome> others{play(factory, lines, fault, met, 1)};
    for (std::size_t cut = 1; cut < std::min<std::size_t>(longest, 400); ++cut)
        others.push_back(play(factory, lines, fault, met, 0, cut));
    for (const auto& other : others) {
        if (other != whole) different.push_back(other);
    }
    return whole;
}

}  // namespace homespun::seism::wire
