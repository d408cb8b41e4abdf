#pragma once
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "seism/wire/conversation_fixture.hpp"

namespace homespun::seism::wire {

/// Plays it whole, byte by byte, and with each line cut at every place; expects that all come to the same.
/// The outcome of the whole is returned.
inline Outcome play_every_way(const Factory& factory, const std::vector<Line>& lines, const Fault& fault,
                              const std::vector<std::string>& met) {
    auto whole = play(factory, lines, fault, met);
    std::size_t longest = 0;
    for (const auto& line : lines)
        longest = std::max(longest, line.bytes.size());
    std::vector<Outcome> different{play(factory, lines, fault, met, 1)};
    for (std::size_t cut = 1; cut < std::min<std::size_t>(longest, 400); ++cut)
        different.push_back(play(factory, lines, fault, met, 0, cut));
    std::erase(different, whole);
    EXPECT_TRUE(different.empty()) << "whole " << whole << "\ncut " << different.front();
    return whole;
}

/// Expects of each kind that is no message of the protocol, in each mode, that it ends a talk of one question
/// and its answer. `meet` plays this talk.
inline void expect_wordless_kinds(const std::function<Talk(const Fault&)>& meet, const std::string& question,
                                  const std::string& answer) {
    for (const std::string kind : {"close", "reset", "hang"}) {
        const auto ending = kind == "hang" ? "hold" : kind;
        const auto instead = meet({.kind = kind});
        EXPECT_EQ(instead.client + instead.server, "");
        EXPECT_EQ(instead.ending, ending);
        const auto after = meet({.kind = kind, .mode = Mode::after});
        EXPECT_EQ(after.client, "");
        EXPECT_EQ(after.server, question);
        EXPECT_EQ(after.ending, ending);
        const auto cut = meet({.kind = kind, .bytes = 13});
        EXPECT_EQ(cut.client, answer.substr(0, 13));
        EXPECT_EQ(cut.ending, ending);
        const auto late = meet({.kind = kind, .bytes = 9999});
        EXPECT_EQ(late.client, answer);
        EXPECT_EQ(late.ending, ending);
    }
    EXPECT_EQ(meet({.kind = "garbage"}).client, std::string(64, '\x80'));
}

}  // namespace homespun::seism::wire
