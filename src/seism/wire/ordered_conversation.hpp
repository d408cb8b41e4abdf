#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>

#include "seism/wire/conversation.hpp"
#include "seism/wire/fault_effects.hpp"
#include "seism/wire/turns.hpp"

namespace homespun::seism::wire {

/// A protocol in which the server answers commands in the order in which they came, so that a client may send
/// many before the first answer. This class keeps each answer, the server's or a fault's, with its command; a
/// protocol adds what is particular to it.
///
/// `Command` and `Reply` find where commands and replies end:
/// - `std::size_t feed(std::string_view)` uses up bytes to the end; a Command first stops where it
///   is decided
/// - `bool ended()`, `bool malformed()`, `void restart()`
/// - `bool Command::decided()`: enough is known for judging; up to there the command is held back
/// - `bool Reply::known()`: it is known whom it answers; up to there the reply is held back
/// - `bool Reply::at_rest()`: between two replies
///
/// `Note` is what must be remembered of a command until its reply.
template <class Command, class Reply, class Note>
class OrderedConversation : public Conversation {
  public:
    explicit OrderedConversation(Judge& judge) : judge_(judge) {}

    void opened(Effects& effects) override {
        const typename Turns<Note>::Turn turn{.at_server = false, .verb = "connect"};
        const auto* fault = judge_.judge(turn.request());
        if (fault == nullptr) return;
        auto met = turn;
        met.fault = fault;
        say(met, effects);
        if (!over_) effects.close();
        over_ = true;
    }

    void from_client(std::string_view bytes, Effects& effects) override {
        if (over_ || doomed_ || bytes.empty()) return;
        if (!began_) gave_up_ = bytes[0] == tls_handshake;
        began_ = true;
        std::string out;
        while (!bytes.empty() && !gave_up_ && !doomed_)
            bytes.remove_prefix(read(bytes, out));
        if (gave_up_) {
            out += held_;
            held_.clear();
            out += bytes;
        }
        if (!out.empty()) effects.to_server(out);
        say_what_is_due(effects);
    }

    void from_server(std::string_view bytes, Effects& effects) override {
        std::string out;
        while (!bytes.empty() && !over_) {
            if (is_opaque()) {
                out += bytes;
                break;
            }
            const auto used = reply_.feed(bytes);
            held_reply_ += bytes.substr(0, used);
            bytes.remove_prefix(used);
            if (reply_.known()) take(std::exchange(held_reply_, {}), out, effects);
            if (over_) return;
            if (reply_.malformed()) lose(out, effects);
            if (reply_.ended()) reply_ended(out, effects);
        }
        if (!over_) flush(out, effects);
    }

    void client_ended(Effects& effects) override {
        if (over_) return;
        if (!held_.empty() && !doomed_) effects.to_server(held_);
        held_.clear();
        effects.end_to_server();
    }
    void server_ended(Effects& effects) override {
        if (over_) return;
        flush(held_reply_, effects);
        effects.end_to_client();
    }

    [[nodiscard]] bool is_opaque() const override {
        return gave_up_ && (lost_ || (turns_.empty() && reply_.at_rest()));
    }

  protected:
    using Turn = typename Turns<Note>::Turn;

    /// The command is decided: asks the judge, adds a turn if an answer is owed, and says through `passes_`
    /// whether the server sees the command. What the server gets in its place goes to `out`.
    virtual void decide(std::string& out) = 0;
    /// What the client is told, the connection itself (ordinal 0) included.
    [[nodiscard]] virtual std::string text(const Turn& turn) const = 0;
    /// Whether the connection ends behind the words of this fault, whatever its mode.
    [[nodiscard]] virtual bool always_closes(const Fault& fault) const = 0;
    /// Whether the reply under way answers no turn.
    [[nodiscard]] virtual bool is_unasked() const = 0;
    /// Whether another reply to the same turn follows this one.
    [[nodiscard]] virtual bool continues() const { return false; }
    /// The whole reply to the first turn is there: tells what the turn wants told, and takes it away.
    virtual void answered(std::string& out, Effects& effects) {
        if (turns_.front().fault != nullptr) {
            flush(out, effects);
            say(turns_.front(), effects);
        }
        if (!over_) turns_.pop();
    }
    /// Whether the server's answer to a turn without a fault is swallowed.
    [[nodiscard]] virtual bool swallows(const Note&) const { return false; }
    /// Before the first turn is looked at for what is due.
    virtual void settle() {}

    /// Adds the turn of a command that is met; the server sees the command if `at_server`.
    void meet(const Note& note, const Fault& fault, bool at_server, const Request& request) {
        passes_ = at_server;
        turns_.add(note, fault, at_server, request);
        // The client will have no connection to ask over behind this one.
        const bool ends = is_abrupt(fault) || fault.mode == Mode::before_close || always_closes(fault);
        doomed_ = ends && !at_server;
        doom_after_command_ = ends;
    }

    void say(const Turn& turn, Effects& effects) {
        const Fault& fault = *turn.fault;
        judge_.bitten(fault, turn.request());
        if (is_abrupt(fault)) {
            over_ = true;
            end_abruptly(fault, effects);
            return;
        }
        const auto words = text(turn);
        if (!words.empty()) effects.to_client(words);
        if (fault.mode != Mode::before_close && !always_closes(fault)) return;
        over_ = true;
        effects.close();
    }

    static void flush(std::string& out, Effects& effects) {
        if (!out.empty()) effects.to_client(out);
        out.clear();
    }

    /// The server is understood no more: from here on everything passes as it is.
    void lose(std::string& out, Effects& effects) {
        out += std::exchange(held_reply_, {});
        flush(out, effects);
        lost_ = gave_up_ = true;
        turns_.clear();
        if (!held_.empty()) effects.to_server(held_);
        held_.clear();
    }

    Judge& judge_;
    Command command_;
    Reply reply_;
    Turns<Note> turns_;
    std::uint64_t ordinal_ = 0;
    bool passes_ = true;  ///< the command under way
    bool gave_up_ =
        false;  ///< the client is understood no more; what is owed to it is still answered in order
    bool over_ = false;

  private:
    std::size_t read(std::string_view bytes, std::string& out) {
        const bool undecided = !command_.decided();
        const auto used = command_.feed(bytes);
        if (undecided)
            held_ += bytes.substr(0, used);
        else if (passes_)
            out += bytes.substr(0, used);
        if (command_.malformed()) {
            gave_up_ = true;
            return used;
        }
        if (undecided && command_.decided()) {
            passes_ = true;
            decide(out);
            if (passes_) out += held_;
            if (held_.size() > 4096) held_ = {};  // an idle connection need not keep it
            held_.clear();
        }
        if (command_.ended()) {
            doomed_ = doom_after_command_;
            command_.restart();
        }
        return used;
    }

    /// A piece of what the server says: to the client, or swallowed.
    void take(std::string_view piece, std::string& out, Effects& effects) {
        if (turns_.empty() || is_unasked() ||
            (turns_.front().fault == nullptr && !swallows(turns_.front().note))) {
            out += piece;
            return;
        }
        auto& turn = turns_.front();
        if (turn.fault == nullptr || !is_abrupt(*turn.fault) || turn.fault->mode != Mode::after ||
            turn.fault->bytes <= 0)
            return;
        const auto passing = std::min<std::int64_t>(turn.fault->bytes - turn.passed, std::ssize(piece));
        out += piece.substr(0, static_cast<std::size_t>(passing));
        turn.passed += passing;
        if (turn.passed < turn.fault->bytes) return;
        flush(out, effects);
        say(turn, effects);
    }

    void reply_ended(std::string& out, Effects& effects) {
        if (!is_unasked() && !continues() && !turns_.empty()) answered(out, effects);
        reply_.restart();
        if (over_ || turns_.empty()) return;
        flush(out, effects);
        say_what_is_due(effects);
    }

    void say_what_is_due(Effects& effects) {
        for (settle(); !over_ && !turns_.empty() && !turns_.front().at_server && reply_.at_rest(); settle()) {
            say(turns_.front(), effects);
            if (!over_) turns_.pop();
        }
    }

    std::string held_;        ///< the head of a command that is not decided yet
    std::string held_reply_;  ///< the beginning of a reply of which nobody can say yet whom it answers
    bool began_ = false;
    bool doom_after_command_ = false;
    bool doomed_ = false;  ///< the connection will end: nothing more is asked of the server
    bool lost_ = false;    ///< the server is understood no more
};

}  // namespace homespun::seism::wire
