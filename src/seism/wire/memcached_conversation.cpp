#include "seism/wire/memcached_conversation.hpp"

#include <utility>

#include "seism/wire/fault_effects.hpp"
#include "seism/wire/memcached_binary.hpp"
#include "seism/wire/memcached_words.hpp"

namespace homespun::seism::wire {
namespace {

/// The text protocol's until the first byte says that it is the binary one.
class MemcachedConversation final : public Conversation {
  public:
    explicit MemcachedConversation(Judge& judge)
        : judge_(judge), spoken_(make_memcached_text_conversation(judge)) {}

    void opened(Effects& effects) override { spoken_->opened(effects); }
    void from_client(std::string_view bytes, Effects& effects) override {
        if (!std::exchange(began_, began_ || !bytes.empty()) && !bytes.empty() &&
            bytes[0] == memcached_binary::request_magic)
            spoken_ = make_memcached_binary_conversation(judge_);
        spoken_->from_client(bytes, effects);
    }
    void from_server(std::string_view bytes, Effects& effects) override {
        // A server that speaks first does not answer anything.
        began_ ? spoken_->from_server(bytes, effects) : effects.to_client(bytes);
    }
    void client_ended(Effects& effects) override { spoken_->client_ended(effects); }
    void server_ended(Effects& effects) override { spoken_->server_ended(effects); }
    [[nodiscard]] bool is_opaque() const override { return spoken_->is_opaque(); }

  private:
    Judge& judge_;
    std::unique_ptr<Conversation> spoken_;
    bool began_ = false;
};

}  // namespace

MemcachedWords memcached_words(const Fault& fault) {
    const auto& kind = fault.kind;
    MemcachedWords words{"SERVER_ERROR temporary failure", 0x0084, "Internal error"};
    if (kind == "too_many")
        words = {"ERROR Too many open connections", 0x0086, "Temporary failure"};
    else if (kind == "out_of_memory")
        words = {"SERVER_ERROR out of memory storing object", 0x0082, "Out of memory"};
    else if (kind == "too_large")
        words = {"SERVER_ERROR object too large for cache", 0x0003, "Too large."};
    else if (kind == "busy")
        words = {"SERVER_ERROR busy", 0x0085, "Busy"};
    else if (kind == "temporary")
        words = {"SERVER_ERROR temporary failure", 0x0086, "Temporary failure"};
    else if (fault.code > 0 && fault.code <= 0xffff)
        words.status = static_cast<std::uint16_t>(fault.code);
    if (!fault.state.empty()) {
        words.line = single_line(fault.state);
        if (fault.state == "CLIENT_ERROR") words.line += " bad data chunk";
        if (fault.state == "SERVER_ERROR") words.line += " temporary failure";
    }
    if (fault.message.empty()) return words;
    words.line = words.line.substr(0, words.line.find(' ')) + ' ' + single_line(fault.message);
    words.body = fault.message;
    return words;
}

std::unique_ptr<Conversation> make_memcached_conversation(Judge& judge, const ConversationOptions&) {
    return std::make_unique<MemcachedConversation>(judge);
}

}  // namespace homespun::seism::wire
