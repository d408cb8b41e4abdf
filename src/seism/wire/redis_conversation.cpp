#include "seism/wire/redis_conversation.hpp"

#include <cstdint>
#include <string>
#include <string_view>

#include "base/text.hpp"
#include "seism/wire/ordered_conversation.hpp"
#include "seism/wire/redis_replies.hpp"
#include "seism/wire/resp.hpp"

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

class RedisConversation final : public OrderedConversation<resp::CommandReader, resp::ReplyReader, Note> {
  public:
    using OrderedConversation::OrderedConversation;

  private:
    void decide(std::string& out) override {
        const auto name = command_.name();
        if (name.empty()) return;  // an empty line or array: Redis says nothing to it
        const bool ends_order = breaks_order() || turns_.full();
        const Request request{++ordinal_, name, command_.key(), {}, resp::is_write(name)};
        const auto* fault = ends_order || has_no_reply() ? nullptr : judge_.judge(request);
        if (fault != nullptr) {
            meet_command(*fault, request, out);
        } else {
            if (name == "EXEC" && in_transaction_ && transaction_failed_) {
                out += discard;
                passes_ = false;
                turns_.add({.role = Role::exec_lost});
            } else if (!has_no_reply()) {
                turns_.add({.role = role()});
            }
            follow_transaction(name);
        }
        gave_up_ = ends_order;
    }

    void meet_command(const Fault& fault, const Request& request, std::string& out) {
        const auto name = request.verb;
        Note note{.size = command_.size()};
        bool at_server = fault.mode == Mode::after;
        if (name == "MULTI" || name == "HELLO" || name == "RESET") at_server = false;
        if (name == "DISCARD") at_server = true;
        bool replaced = false;
        if (name == "EXEC" && in_transaction_) {
            note.role = Role::exec;
            replaced = !at_server || transaction_failed_;
            if (replaced) out += discard;
            at_server = true;
            in_transaction_ = transaction_failed_ = false;
        } else if (name == "DISCARD") {
            in_transaction_ = transaction_failed_ = false;
        } else if (in_transaction_) {
            transaction_failed_ = true;
        }
        meet(note, fault, at_server, request);
        if (replaced) passes_ = false;
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
    [[nodiscard]] bool has_no_reply() const { return resp3_ && command_.name().ends_with("SUBSCRIBE"); }
    /// Behind these, replies do not follow commands one by one.
    [[nodiscard]] bool breaks_order() const {
        const auto name = command_.name();
        if (name == "MONITOR" || name == "SYNC" || name == "PSYNC") return true;
        if (name == "CLIENT") return base::iequals(command_.second(), "REPLY");
        return !resp3_ && name.ends_with("SUBSCRIBE");
    }

    [[nodiscard]] bool is_unasked() const override { return reply_.is_push(); }
    [[nodiscard]] bool swallows(const Note& note) const override { return note.role == Role::exec_lost; }

    void answered(std::string& out, Effects& effects) override {
        const auto role = turns_.front().note.role;
        if (role == Role::hello && reply_.type() != '-') resp3_ = reply_.type() == '%';
        if (role == Role::reset && reply_.type() == '+') resp3_ = false;
        if (role == Role::exec_lost)
            out += "-EXECABORT Transaction discarded because of previous errors.\r\n";
        OrderedConversation::answered(out, effects);
    }

    [[nodiscard]] bool always_closes(const Fault& fault) const override {
        return fault.kind == "max_clients";
    }

    [[nodiscard]] std::string text(const Turn& turn) const override {
        const Fault& fault = *turn.fault;
        if (fault.kind == "garbage") return garbage(fault) + "\r\n";
        if (fault.kind == "miss") return resp::miss(turn.verb, turn.note.size, resp3_);
        if (fault.kind == "max_clients")
            return "-ERR " +
                   (fault.message.empty() ? "max number of clients reached" : single_line(fault.message)) +
                   "\r\n";
        const auto line = resp::error_line(fault);
        if (turn.note.role == Role::exec && fault.mode != Mode::after)
            return "-EXECABORT Transaction discarded because of: " + line + "\r\n";
        return '-' + line + "\r\n";
    }

    bool resp3_ = false;
    bool in_transaction_ = false, transaction_failed_ = false;
};

}  // namespace

std::unique_ptr<Conversation> make_redis_conversation(Judge& judge, const ConversationOptions&) {
    return std::make_unique<RedisConversation>(judge);
}

}  // namespace homespun::seism::wire
