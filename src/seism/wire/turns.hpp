#pragma once
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <utility>

#include "seism/wire/conversation.hpp"

namespace homespun::seism::wire {

/// What a client is owed, in the order in which it asked: answers stay with their requests however many are
/// under way. `Note` is what a protocol must remember of a request until its answer comes. Neighbours that
/// only pass and have equal notes are one entry, and `full` says when no more faults may be added, so the
/// memory is bounded whatever a client sends.
template <class Note>
class Turns {
  public:
    static constexpr std::size_t most = 4096;

    struct Turn {
        Note note{};
        const Fault* fault = nullptr;  ///< null: the server's answer passes
        bool at_server = true;         ///< the server was asked and will answer
        std::int64_t passed = 0;       ///< bytes of an answer that is cut
        std::uint64_t count = 1;
        std::uint64_t ordinal = 0;
        std::string verb = {}, subject = {};

        [[nodiscard]] Request request() const { return {ordinal, verb, subject}; }
    };

    [[nodiscard]] bool empty() const { return turns_.empty(); }
    [[nodiscard]] bool full() const { return turns_.size() >= most; }
    [[nodiscard]] std::size_t entries() const { return turns_.size(); }
    [[nodiscard]] Turn& front() { return turns_.front(); }
    [[nodiscard]] const Turn& front() const { return turns_.front(); }

    void add(const Note& note) {
        if (!turns_.empty() && turns_.back().fault == nullptr && turns_.back().note == note)
            ++turns_.back().count;
        else
            turns_.push_back({.note = note});
    }
    /// Keeps the first 256 bytes of verb and subject, for telling of the bite.
    void add(const Note& note, const Fault& fault, bool at_server, const Request& request) {
        static constexpr std::size_t kept = 256;
        turns_.push_back({.note = note,
                          .fault = &fault,
                          .at_server = at_server,
                          .ordinal = request.ordinal,
                          .verb = std::string(request.verb.substr(0, kept)),
                          .subject = std::string(request.subject.substr(0, kept))});
    }
    void pop() {
        if (--turns_.front().count == 0) turns_.pop_front();
    }
    /// The whole first entry, however many turns it stands for.
    void pop_entry() { turns_.pop_front(); }
    void swap_first_two() { std::swap(turns_[0], turns_[1]); }
    [[nodiscard]] const Turn& second() const { return turns_[1]; }
    void clear() { turns_.clear(); }

  private:
    std::deque<Turn> turns_;
};

}  // namespace homespun::seism::wire
