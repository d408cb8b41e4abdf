#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "seism/wire/memcached_binary.hpp"
#include "seism/wire/memcached_words.hpp"
#include "seism/wire/ordered_conversation.hpp"

namespace homespun::seism::wire {
namespace {

/// What must be remembered of a command until its reply.
struct Note {
    bool stat = false;        ///< has many replies, the last one without a key
    std::uint8_t opcode = 0;  // only for commands with a fault, from here on
    std::array<char, 4> opaque = {};

    bool operator==(const Note&) const = default;
};

/// Quiet commands are no turns: a reply to one carries its opcode, so it is never taken for another
/// command's.
class BinaryConversation final
    : public OrderedConversation<memcached_binary::CommandReader, memcached_binary::ReplyReader, Note> {
  public:
    using OrderedConversation::OrderedConversation;

  private:
    void decide(std::string&) override {
        const auto header = command_.header();
        const auto opcode = memcached_binary::describe(header.opcode);
        const bool full = turns_.full();
        const Request request{++ordinal_, opcode.verb, command_.key(), {}, opcode.writes};
        const auto* fault = full ? nullptr : judge_.judge(request);
        Note note{.stat = header.opcode == memcached_binary::stat};
        if (fault != nullptr) {
            note.opcode = header.opcode;
            header.opaque.copy(note.opaque.data(), note.opaque.size());
            meet(note, *fault, fault->mode == Mode::after && !opcode.quiet, request);
        } else if (!opcode.quiet) {
            turns_.add(note);
        }
        gave_up_ = full;
    }

    [[nodiscard]] bool is_unasked() const override {
        return reply_.has_header() && memcached_binary::describe(reply_.header().opcode).quiet;
    }
    [[nodiscard]] bool continues() const override {
        return !turns_.empty() && turns_.front().note.stat && reply_.header().key_size > 0;
    }

    [[nodiscard]] bool always_closes(const Fault& fault) const override { return fault.kind == "too_many"; }

    [[nodiscard]] std::string text(const Turn& turn) const override {
        const Fault& fault = *turn.fault;
        if (fault.kind == "garbage") return garbage(fault) + "\r\n";
        const auto opcode = memcached_binary::describe(turn.note.opcode);
        const bool is_silent = opcode.quiet && (opcode.verb == "get" || opcode.verb == "gat");
        const std::string_view opaque(turn.note.opaque.data(), turn.note.opaque.size());
        if (is_miss(fault)) return is_silent ? "" : missed(turn.note.opcode, fault, opaque);
        const auto words = memcached_words(fault);
        if (fault.kind == "too_many") return words.line + "\r\n";
        return memcached_binary::response(turn.note.opcode, words.status, opaque, words.body);
    }

    static std::string missed(std::uint8_t opcode, const Fault& fault, std::string_view opaque) {
        const auto verb = memcached_binary::describe(opcode).verb;
        const bool stores =
            verb == "set" || verb == "add" || verb == "replace" || verb == "append" || verb == "prepend";
        if (stores && fault.kind == "not_stored")
            return memcached_binary::response(opcode, 0x0005, opaque, "Not stored.");
        return memcached_binary::response(opcode, 0x0001, opaque, "Not found");
    }
};

}  // namespace

std::unique_ptr<Conversation> make_memcached_binary_conversation(Judge& judge) {
    return std::make_unique<BinaryConversation>(judge);
}

}  // namespace homespun::seism::wire
