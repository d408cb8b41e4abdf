#include "seism/wire/redis_conversation.hpp"

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/text.hpp"
#include "seism/wire/fault_effects.hpp"
#include "seism/wire/redis_replies.hpp"
#include "seism/wire/resp.hpp"
#include "seism/wire/turns.hpp"

namespace homespun::seism::wire {
namespace {

constexpr std::string_view discard = "*1\r\n$7\r\nDISCARD\r\n";

/// What must be remembered of a command until its reply.
struct Note {
    enum class Role : std::uint8_t {
        plain,
        hello,      ///< its reply tells the version of the protocol
        reset,      ///< back to RESP2
        exec,       ///< an EXEC that is met: the server got DISCARD, or did it (`after`)
        exec_lost,  ///< an EXEC whose transaction had an error: the server got DISCARD
    } role = Role::plain;
    std::int64_t size = 0;  ///< words; only for commands with a fault

    bool operator==(const Note&) const = default;
};
using Role = Note::Role;

class RedisConversation final : public Conversation {
  public:
    explicit RedisConversation(Judge& judge) : judge_(judge) {}

    void opened(Effects& effects) override {
        const Request request{0, "connect", {}};
        const auto* fault = judge_.judge(request);
        if (fault == nullptr) return;
        judge_.bitten(*fault, request);
        over_ = true;
        if (!is_abrupt(*fault)) effects.to_client(text(*fault, {}, request));
        is_abrupt(*fault) ? end_abruptly(*fault, effects) : effects.close();
    }

    void from_client(std::string_view bytes, Effects& effects) override {
        if (over_ || doomed_) return;
        if (!began_ && !bytes.empty()) {
            began_ = true;
            gave_up_ = bytes[0] == tls_handshake;
        }
        std::string out;
        while (!bytes.empty() && !gave_up_ && !doomed_) {
            const bool undecided = !command_.decided();
            const auto used = command_.feed(bytes);
            const auto piece = bytes.substr(0, used);
            bytes.remove_prefix(used);
            if (undecided)
                held_ += piece;
            else if (passes_)
                out += piece;
            if (command_.malformed()) give_up();
            if (undecided && command_.decided() && !gave_up_) decide(out);
            if (!command_.ended()) continue;
            doomed_ = doom_after_command_;
            command_.restart();
        }
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
            if (lost_ || (gave_up_ && turns_.empty() && reply_.at_rest())) {
                out += bytes;
                break;
            }
            const auto used = reply_.feed(bytes);
            take(bytes.substr(0, used), out, effects);
            bytes.remove_prefix(used);
            if (over_) return;
            if (reply_.malformed()) lose(effects, out);
            if (reply_.ended()) reply_ended(effects, out);
        }
        if (!out.empty() && !over_) effects.to_client(out);
    }

    void client_ended(Effects& effects) override {
        if (over_) return;
        if (!held_.empty() && !doomed_) effects.to_server(held_);
        held_.clear();
        effects.end_to_server();
    }
    void server_ended(Effects& effects) override {
        if (!over_) effects.end_to_client();
    }

    [[nodiscard]] bool is_opaque() const override {
        return gave_up_ && (lost_ || (turns_.empty() && reply_.at_rest()));
    }

  private:
    /// The client is understood no more; what is owed to it is still answered in order.
    void give_up() {
        gave_up_ = true;
        if (!command_.decided()) return;
        held_.clear();
    }

    void decide(std::string& out) {
        passes_ = true;
        if (command_.name().empty()) {  // an empty line or array: Redis says nothing to it
            pass_held(out);
            return;
        }
        const auto name = command_.name();
        const bool ends_order = breaks_order() || turns_.full();
        const Request request{++ordinal_, name, command_.key(), {}, resp::is_write(name)};
        const auto* fault = ends_order || no_reply() ? nullptr : judge_.judge(request);
        if (fault != nullptr)
            meet(*fault, request, out);
        else if (name == "EXEC" && in_transaction_ && transaction_failed_)
            replace_exec({.role = Role::exec_lost}, out);
        else if (!no_reply())
            turns_.add({.role = role()});
        if (fault == nullptr) follow_transaction(name);
        if (passes_) pass_held(out);
        held_.clear();
        gave_up_ = ends_order;
    }

    void pass_held(std::string& out) {
        out += held_;
        held_.clear();
    }

    void meet(const Fault& fault, const Request& request, std::string& out) {
        const auto name = request.verb;
        Note note{.size = command_.size()};
        bool at_server = fault.mode == Mode::after;
        if (name == "MULTI" || name == "HELLO" || name == "RESET") at_server = false;
        if (name == "DISCARD") at_server = true;
        const bool ends = is_abrupt(fault) || fault.mode == Mode::before_close || fault.kind == "max_clients";
        passes_ = at_server;
        if (name == "EXEC" && in_transaction_) {
            note.role = Role::exec;
            if (!at_server || transaction_failed_) {
                out += discard;
                at_server = true;
                passes_ = false;
            }
            in_transaction_ = transaction_failed_ = false;
        } else if (name == "DISCARD") {
            in_transaction_ = transaction_failed_ = false;
        } else if (in_transaction_) {
            transaction_failed_ = true;
        }
        turns_.add(note, fault, at_server, request);
        // The client will have no connection to ask over behind this one. A command that passes must be
        // whole.
        doom_after_command_ = ends;
        doomed_ = ends && !passes_;
    }

    void replace_exec(const Note& note, std::string& out) {
        out += discard;
        turns_.add(note);
        passes_ = false;
    }

    void follow_transaction(std::string_view name) {
        if (name == "MULTI") {
            in_transaction_ = true;
            transaction_failed_ = false;
        } else if (name == "EXEC" || name == "DISCARD" || name == "RESET") {
            in_transaction_ = transaction_failed_ = false;
        }
    }

    [[nodiscard]] Role role() const {
        return command_.name() == "HELLO"   ? Role::hello
               : command_.name() == "RESET" ? Role::reset
                                            : Role::plain;
    }
    /// RESP3 confirms these by pushes, which are no replies.
    [[nodiscard]] bool no_reply() const { return resp3_ && command_.name().ends_with("SUBSCRIBE"); }
    /// Behind these, replies do not follow commands one by one.
    [[nodiscard]] bool breaks_order() const {
        const auto name = command_.name();
        if (name == "MONITOR" || name == "SYNC" || name == "PSYNC") return true;
        if (name == "CLIENT") return base::iequals(command_.second(), "REPLY");
        return !resp3_ && name.ends_with("SUBSCRIBE");
    }

    /// A piece of what the server says: to the client, or swallowed.
    void take(std::string_view piece, std::string& out, Effects& effects) {
        if (turns_.empty() || reply_.is_push()) {
            out += piece;
            return;
        }
        auto& turn = turns_.front();
        if (turn.note.role == Role::exec_lost) return;
        if (turn.fault == nullptr) {
            out += piece;
            return;
        }
        if (!is_abrupt(*turn.fault) || turn.fault->mode != Mode::after || turn.fault->bytes <= 0) return;
        const auto passing = std::min(turn.fault->bytes - turn.passed, std::ssize(piece));
        out += piece.substr(0, static_cast<std::size_t>(passing));
        turn.passed += passing;
        if (turn.passed == turn.fault->bytes) {
            flush(out, effects);
            say(turn, effects);
        }
    }

    void reply_ended(Effects& effects, std::string& out) {
        const char type = reply_.type();
        const bool push = reply_.is_push();
        reply_.restart();
        if (!push && !turns_.empty()) answered(type, effects, out);
        if (over_ || turns_.empty() || turns_.front().at_server) return;
        flush(out, effects);
        say_what_is_due(effects);
    }

    /// The first turn's reply has come to its end.
    void answered(char type, Effects& effects, std::string& out) {
        auto& turn = turns_.front();
        if (turn.note.role == Role::hello && type != '-') resp3_ = type == '%';
        if (turn.note.role == Role::reset && type == '+') resp3_ = false;
        if (turn.note.role == Role::exec_lost)
            out += "-EXECABORT Transaction discarded because of previous errors.\r\n";
        if (turn.fault != nullptr) {
            flush(out, effects);
            say(turn, effects);
            if (over_) return;
        }
        turns_.pop();
    }

    static void flush(std::string& out, Effects& effects) {
        if (!out.empty()) effects.to_client(out);
        out.clear();
    }

    /// The server left the protocol: from here on everything passes as it is.
    void lose(Effects& effects, std::string& out) {
        flush(out, effects);
        lost_ = gave_up_ = true;
        turns_.clear();
        if (!held_.empty()) effects.to_server(held_);
        held_.clear();
    }

    void say_what_is_due(Effects& effects) {
        while (!over_ && !turns_.empty() && !turns_.front().at_server && reply_.at_rest()) {
            say(turns_.front(), effects);
            if (!over_) turns_.pop();
        }
    }

    void say(const Turns<Note>::Turn& turn, Effects& effects) {
        const Fault& fault = *turn.fault;
        judge_.bitten(fault, turn.request());
        if (is_abrupt(fault)) {
            over_ = true;
            end_abruptly(fault, effects);
            return;
        }
        effects.to_client(text(fault, turn.note, turn.request()));
        if (fault.mode != Mode::before_close && fault.kind != "max_clients") return;
        over_ = true;
        effects.close();
    }

    [[nodiscard]] std::string text(const Fault& fault, const Note& note, const Request& request) const {
        if (fault.kind == "garbage") return garbage(fault) + "\r\n";
        if (fault.kind == "miss") return resp::miss(request.verb, note.size, resp3_);
        if (fault.kind == "max_clients")
            return "-ERR " +
                   (fault.message.empty() ? "max number of clients reached" : single_line(fault.message)) +
                   "\r\n";
        const auto line = resp::error_line(fault);
        if (note.role == Role::exec && fault.mode != Mode::after)
            return "-EXECABORT Transaction discarded because of: " + line + "\r\n";
        return '-' + line + "\r\n";
    }

    Judge& judge_;
    resp::CommandReader command_;
    resp::ReplyReader reply_;
    Turns<Note> turns_;
    std::string held_;  ///< the head of a command that is not decided yet
    std::uint64_t ordinal_ = 0;
    bool began_ = false, resp3_ = false;
    bool in_transaction_ = false, transaction_failed_ = false;
    bool passes_ = true;  ///< the command under way
    bool doom_after_command_ = false;
    bool doomed_ = false;   ///< the connection will end: nothing more is asked of the server
    bool gave_up_ = false;  ///< the client is not understood any more
    bool lost_ = false;     ///< the server neither
    bool over_ = false;
};

}  // namespace

std::unique_ptr<Conversation> make_redis_conversation(Judge& judge, const ConversationOptions&) {
    return std::make_unique<RedisConversation>(judge);
}

}  // namespace homespun::seism::wire
