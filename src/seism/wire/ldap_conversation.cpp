#include "seism/wire/ldap_conversation.hpp"

#include <algorithm>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "seism/wire/framed_conversation.hpp"
#include "seism/wire/ldap_messages.hpp"

namespace homespun::seism::wire {
namespace {

constexpr std::size_t most_of_request = 64 * 1024;
constexpr std::size_t start_of_answer = 40;  // up to the result's code
constexpr std::size_t most_pending = 64;
constexpr unsigned char search_request = 0x63, abandon_request = 0x50, extended_request = 0x77;
constexpr unsigned char search_entry = 0x64, search_reference = 0x73, intermediate = 0x79;
constexpr std::string_view success("\x0a\x01\0", 3);

/// An answer that we make, or have made, of an operation that the server does.
struct Pending {
    ChosenFault chosen;
    unsigned char answer;
    std::uint64_t entries = 0;  ///< that pass before
    bool is_told = false;       ///< what the server still says is swallowed
};
/// What is told instead of asking the server.
struct Ours {
    std::optional<ChosenFault> chosen;  ///< none: StartTLS is refused
    std::string id;
    unsigned char answer;
};

bool is_error(const Fault& fault) {
    return !is_wordless(fault) && fault.kind != "disconnect";
}
bool ends_connection(const Fault& fault) {
    return !is_error(fault) || fault.mode == Mode::before_close;
}

class LdapConversation final : public FramedConversation {
  public:
    using FramedConversation::FramedConversation;

  private:
    void met_at_opening(const ChosenFault& chosen, Outlet& out) override { meet(chosen, {}, 0, out); }

    static Extent measure(std::string_view start, std::size_t wanted);
    [[nodiscard]] Extent measure_client(std::string_view start) const override {
        return measure(start, most_of_request);
    }
    bool begin_client(std::string_view start, Outlet& out) override;
    bool end_client(Outlet& out) override { return tell_ours(out); }
    void request(const LdapMessage& message, const LdapOperation& operation);
    void choose(const Fault& fault, const Request& request, const LdapMessage& message,
                const LdapOperation& operation);

    [[nodiscard]] Extent measure_server(std::string_view start) const override {
        return measure(start, start_of_answer);
    }
    bool begin_server(std::string_view start, Outlet& out) override;
    void answer(const LdapMessage& message, Pending& pending);
    bool end_server(Outlet& out) override;

    bool tell_ours(Outlet& out);
    bool meet(const ChosenFault& chosen, std::string_view id, unsigned char answer, Outlet& out);
    [[nodiscard]] bool is_swallowing() const override { return !pending_.empty(); }
    [[nodiscard]] bool owes_client() const override { return !pending_.empty() || !ours_.empty() || ending_; }

    std::map<std::string, Pending, std::less<>> pending_;  // by the bytes of the number
    std::deque<Ours> ours_;
    std::optional<std::string> asked_tls_;

    bool starts_tls_ = false, has_tls_ = false;
    std::string due_;  // the number of the operation whose fault is due at the end of this message
    bool is_due_ = false, is_over_ = false;
};

Extent LdapConversation::measure(std::string_view start, std::size_t wanted) {
    if (!start.empty() && start.front() != '\x30') return Extent::wrong();
    const auto head = ber_head(start);
    if (head.is_wrong) return Extent::wrong();
    return head.size == 0 ? Extent::unknown()
                          : Extent::of(head.size + head.content, std::max(wanted, head.size));
}

// What the client says.

bool LdapConversation::begin_client(std::string_view start, Outlet& out) {
    client_passes_ = !ending_;
    if (ending_) return true;
    const auto message = read_ldap_message(start);
    if (!message) return give_up_at_client(start, out);
    if (message->tag == abandon_request) {
        const auto abandoned = pending_.find(message->content);
        if (abandoned != pending_.end() && !abandoned->second.is_told) pending_.erase(abandoned);
    }
    if (const auto* operation = ldap_operation(message->tag)) request(*message, *operation);
    if (client_passes_) out.pass_to_server(start);
    return true;
}

void LdapConversation::request(const LdapMessage& message, const LdapOperation& operation) {
    const auto subject = ldap_subject(message);
    const Request request{
        .ordinal = ++ordinal_,
        .verb = operation.verb,
        .subject = subject,
        .writes = operation.writes || (message.tag == extended_request && subject == password_modify)};
    const bool is_free = pending_.size() + ours_.size() < most_pending && !pending_.contains(message.id);
    if (const auto* fault = is_free ? judge_.judge(request) : nullptr)
        return choose(*fault, request, message, operation);
    if (message.tag != extended_request || subject != start_tls) return;
    if (options_.strip_tls) {
        client_passes_ = false;
        if (ours_.size() < most_pending)
            ours_.push_back({.chosen = {}, .id = std::string(message.id), .answer = operation.answer});
    } else {
        asked_tls_ = std::string(message.id);
    }
}

void LdapConversation::choose(const Fault& fault, const Request& request, const LdapMessage& message,
                              const LdapOperation& operation) {
    ending_ = ends_connection(fault);
    const auto entries =
        message.tag == search_request && fault.bytes > 0 ? static_cast<std::uint64_t>(fault.bytes) : 0;
    const bool wants_tls = message.tag == extended_request && request.subject == start_tls;
    if (entries > 0 || (fault.mode == Mode::after && !wants_tls)) {
        pending_.emplace(
            message.id,
            Pending{.chosen = ChosenFault(fault, request), .answer = operation.answer, .entries = entries});
        return;
    }
    client_passes_ = false;
    ours_.push_back(
        {.chosen = ChosenFault(fault, request), .id = std::string(message.id), .answer = operation.answer});
}

// What the server says.

bool LdapConversation::begin_server(std::string_view start, Outlet& out) {
    server_passes_ = true;
    starts_tls_ = is_due_ = is_over_ = false;
    const auto message = read_ldap_message(start);
    if (!message) return give_up_at_server(start, out);
    const auto found = pending_.find(message->id);
    if (found != pending_.end()) {
        due_ = found->first;
        answer(*message, found->second);
    } else if (asked_tls_ == message->id) {
        starts_tls_ = message->content.starts_with(success);
        asked_tls_.reset();
    }
    if (server_passes_) out.pass_to_client(start);
    return true;
}

/// Sets whether this part of an answer passes, and what happens at its end.
void LdapConversation::answer(const LdapMessage& message, Pending& pending) {
    const bool is_part =
        message.tag == search_entry || message.tag == search_reference || message.tag == intermediate;
    server_passes_ = is_part && pending.entries > 0;
    if (server_passes_ && message.tag == search_entry) is_due_ = --pending.entries == 0;
    if (is_part) return;
    is_over_ = true;
    is_due_ = !pending.is_told;
}

bool LdapConversation::end_server(Outlet& out) {
    if (starts_tls_) {
        if (!options_.terminate_tls || std::exchange(has_tls_, true)) return give_up(out);
        out.effects().start_tls({});
    }
    const auto found = is_due_ || is_over_ ? pending_.find(due_) : pending_.end();
    if (found != pending_.end()) {  // it may have been abandoned meanwhile
        found->second.is_told = true;
        if (is_due_ && !meet(found->second.chosen, due_, found->second.answer, out)) return false;
        if (is_over_) pending_.erase(found);
    }
    return tell_ours(out);
}

// Both.

/// Tells what is to be told now, unless the server is in the midst of a message. Whether the conversation
/// goes on.
bool LdapConversation::tell_ours(Outlet& out) {
    static constexpr std::int64_t protocol_error = 2;
    while (!ours_.empty() && server_.at_start()) {
        const auto told = std::move(ours_.front());
        ours_.pop_front();
        if (!told.chosen) {
            out.to_client(
                ldap_result(told.id, told.answer, protocol_error, "unsupported extended operation"));
            continue;
        }
        if (!meet(*told.chosen, told.id, told.answer, out)) return false;
    }
    return true;
}

/// Whether the conversation goes on.
bool LdapConversation::meet(const ChosenFault& chosen, std::string_view id, unsigned char answer,
                            Outlet& out) {
    static constexpr std::int64_t busy = 51, unavailable = 52;
    const auto& fault = chosen.fault();
    std::string words;
    if (fault.kind == "disconnect" || (is_error(fault) && chosen.is_of_connection()))
        words = notice_of_disconnection(fault.code != 0 ? fault.code : unavailable, fault.message);
    else if (is_error(fault))
        words = ldap_result(id, answer, fault.code != 0 ? fault.code : busy, fault.message);
    return tell(chosen, words, ends_connection(fault) || chosen.is_of_connection(), out);
}

}  // namespace

std::unique_ptr<Conversation> make_ldap_conversation(Judge& judge, const ConversationOptions& options) {
    return std::make_unique<LdapConversation>(judge, options);
}

}  // namespace homespun::seism::wire
