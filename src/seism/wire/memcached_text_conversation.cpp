#include <cstdint>
#include <string>
#include <string_view>

#include "seism/wire/memcached_text.hpp"
#include "seism/wire/memcached_words.hpp"
#include "seism/wire/ordered_conversation.hpp"

namespace homespun::seism::wire {
namespace {

using memcached_text::CommandLine;

/// What must be remembered of a command until its reply.
struct Note {
    enum class Role : std::uint8_t {
        plain,
        storage,  ///< brings a block of data
        silent,   ///< gets nothing, not even for a fault
        quiet,    ///< commands, of which nobody knows which ones are answered before an MN
        noop,     ///< the `mn` behind quiet ones
    } role = Role::plain;
    std::string echo = {};  ///< what a meta command wants back with its answer

    bool operator==(const Note&) const = default;
};
using Role = Note::Role;

std::string echo_of(const CommandLine& command) {
    std::string echo;
    if (!command.opaque.empty()) echo += ' ' + std::string(command.opaque.substr(0, 33));
    if (command.wants_key) echo += " k" + std::string(command.key.substr(0, 250));
    return echo;
}

std::string miss(const Fault& fault, std::string_view verb, const Note& note) {
    if (verb == "get" || verb == "gets" || verb == "gat" || verb == "gats" || verb == "stats") return "END";
    if (verb == "mg" || verb == "me") return "EN";
    if (verb == "ms") return "NS" + note.echo;
    if (verb == "md" || verb == "ma") return "NF" + note.echo;
    if (verb == "cas" && fault.kind == "miss") return "NOT_FOUND";
    return note.role == Role::storage ? "NOT_STORED" : "NOT_FOUND";
}

class TextConversation final
    : public OrderedConversation<memcached_text::CommandReader, memcached_text::ReplyReader, Note> {
  public:
    using OrderedConversation::OrderedConversation;

  private:
    void decide(std::string&) override {
        const auto& command = command_.command();
        const bool ends_order = command.ends_order || turns_.full();
        const Request request{++ordinal_, command.name, command.key, {}, command.writes};
        const auto* fault = ends_order ? nullptr : judge_.judge(request);
        fault != nullptr ? meet_command(*fault, request) : add_turn(command);
        gave_up_ = ends_order;
    }

    void add_turn(const CommandLine& command) {
        if (command.noreply) return;
        const bool noop = command.name == "mn";
        if (command.quiet || (after_quiet_ && !noop))
            turns_.add({Role::quiet});
        else if (noop && after_quiet_)
            turns_.add({Role::noop});
        else
            turns_.add({command.storage ? Role::storage : Role::plain});
        after_quiet_ = !noop && (after_quiet_ || command.quiet);
    }

    void meet_command(const Fault& fault, const Request& request) {
        const auto& command = command_.command();
        const bool after = fault.mode == Mode::after;
        if (command.noreply && after && !is_abrupt(fault)) return;
        const bool told = !command.noreply && !(command.quiet && command.name == "mg" && is_miss(fault));
        const auto role = !told ? Role::silent : command.storage ? Role::storage : Role::plain;
        const bool counted = !command.noreply && !command.quiet && !after_quiet_;
        meet({role, echo_of(command)}, fault, after && counted, request);
    }

    [[nodiscard]] bool is_unasked() const override {
        return !turns_.empty() && turns_.front().note.role == Role::quiet && reply_.last_line() != "MN";
    }

    void answered(std::string& out, Effects& effects) override {
        if (turns_.front().note.role == Role::quiet) {  // this is the MN behind them
            turns_.pop_entry();
            if (!turns_.empty() && turns_.front().note.role == Role::noop) turns_.pop();
            return;
        }
        const bool refused =
            turns_.front().note.role == Role::storage && reply_.last_line().starts_with("CLIENT_ERROR");
        OrderedConversation::answered(out, effects);
        if (refused && !over_) lose(out, effects);
    }

    /// Faults of quiet commands, and of those between them and their MN, wait for no answer.
    void settle() override {
        while (turns_.entries() > 1 && turns_.front().note.role == Role::quiet) {
            if (!turns_.second().at_server) {
                turns_.swap_first_two();
            } else if (turns_.second().note.role == Role::quiet) {
                turns_.pop_entry();  // what stood between them has been said
            } else {
                return;
            }
        }
    }

    [[nodiscard]] bool always_closes(const Fault& fault) const override { return fault.kind == "too_many"; }

    [[nodiscard]] std::string text(const Turn& turn) const override {
        const Fault& fault = *turn.fault;
        if (turn.note.role == Role::silent) return {};
        if (fault.kind == "garbage") return garbage(fault) + "\r\n";
        if (is_miss(fault)) return miss(fault, turn.verb, turn.note) + "\r\n";
        return memcached_words(fault).line + "\r\n";
    }

    bool after_quiet_ = false;  ///< a quiet command passed, and no `mn` since
};

}  // namespace

std::unique_ptr<Conversation> make_memcached_text_conversation(Judge& judge) {
    return std::make_unique<TextConversation>(judge);
}

}  // namespace homespun::seism::wire
