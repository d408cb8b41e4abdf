#include "seism/wire/ldap_conversation.hpp"

#include <algorithm>
#include <array>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "seism/wire/chosen_fault.hpp"
#include "seism/wire/ldap_messages.hpp"
#include "seism/wire/message_cutter.hpp"
#include "seism/wire/outlet.hpp"

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
    static constexpr std::array<std::string_view, 5> others = {"disconnect", "close", "reset", "hang",
                                                               "garbage"};
    return std::ranges::find(others, fault.kind) == others.end();
}
bool ends_connection(const Fault& fault) {
    return !is_error(fault) || fault.mode == Mode::before_close;
}

class LdapConversation final : public Conversation {
  public:
    LdapConversation(Judge& judge, const ConversationOptions& options) : judge_(judge), options_(options) {}

    void opened(Effects& effects) override;
    void from_client(std::string_view bytes, Effects& effects) override;
    void from_server(std::string_view bytes, Effects& effects) override;
    void client_ended(Effects& effects) override;
    void server_ended(Effects& effects) override;
    [[nodiscard]] bool is_opaque() const override { return life_ == Life::opaque; }

  private:
    enum class Life : std::uint8_t { speaking, opaque, ended };

    struct ClientSide {
        LdapConversation& self;
        Outlet& out;
        static Extent measure(std::string_view start) {
            return LdapConversation::measure(start, most_of_request);
        }
        bool begin(std::string_view start) { return self.begin_client(start, out); }
        bool rest(std::string_view bytes) {
            if (self.client_passes_) out.pass_to_server(bytes);
            return true;
        }
        bool end() { return self.tell_ours(out); }
        void settle() { out.settle(); }
    };
    struct ServerSide {
        LdapConversation& self;
        Outlet& out;
        static Extent measure(std::string_view start) {
            return LdapConversation::measure(start, start_of_answer);
        }
        bool begin(std::string_view start) { return self.begin_server(start, out); }
        bool rest(std::string_view bytes) {
            if (self.server_passes_) out.pass_to_client(bytes);
            return true;
        }
        bool end() { return self.end_server(out); }
        void settle() { out.settle(); }
    };

    static Extent measure(std::string_view start, std::size_t wanted);
    bool begin_client(std::string_view start, Outlet& out);
    void request(const LdapMessage& message, const LdapOperation& operation);
    void choose(const Fault& fault, const Request& request, const LdapMessage& message,
                const LdapOperation& operation);
    bool begin_server(std::string_view start, Outlet& out);
    void answer(const LdapMessage& message, Pending& pending);
    bool end_server(Outlet& out);

    bool tell_ours(Outlet& out);
    void meet(const ChosenFault& chosen, std::string_view id, unsigned char answer, Outlet& out);
    bool give_up(std::string_view start, bool by_client, Outlet& out);

    Judge& judge_;
    ConversationOptions options_;
    Life life_ = Life::speaking;
    std::uint64_t ordinal_ = 0;
    std::map<std::string, Pending, std::less<>> pending_;  // by the bytes of the number
    std::deque<Ours> ours_;
    std::optional<std::string> asked_tls_;

    MessageCutter client_;
    bool client_passes_ = true;
    bool ending_ = false;  // a fault that ends the connection is chosen: nothing new is taken

    MessageCutter server_;
    bool server_passes_ = true;
    bool starts_tls_ = false, has_tls_ = false;
    std::string due_;  // the number of the operation whose fault is due at the end of this message
    bool is_due_ = false, is_over_ = false;
};

void LdapConversation::opened(Effects& effects) {
    const Request request{.verb = "connect", .subject = {}};
    const auto* fault = judge_.judge(request);
    if (fault == nullptr) return;
    Outlet out(effects);
    meet(ChosenFault(*fault, request), {}, 0, out);
}

void LdapConversation::from_client(std::string_view bytes, Effects& effects) {
    if (life_ == Life::ended) return;
    if (life_ == Life::opaque) return effects.to_server(bytes);
    Outlet out(effects);
    ClientSide side{*this, out};
    if (client_.feed(bytes, side)) return;
    if (life_ == Life::speaking) give_up({}, true, out);
    if (life_ != Life::opaque) return;
    out.to_server(client_.take_kept());
    out.to_server(client_.left());
    out.to_client(server_.take_kept());
}

void LdapConversation::from_server(std::string_view bytes, Effects& effects) {
    if (life_ == Life::ended) return;
    if (life_ == Life::opaque) return effects.to_client(bytes);
    Outlet out(effects);
    ServerSide side{*this, out};
    if (server_.feed(bytes, side)) return;
    if (life_ == Life::speaking) give_up({}, false, out);
    if (life_ != Life::opaque) return;
    out.to_client(server_.take_kept());
    out.to_client(server_.left());
    out.to_server(client_.take_kept());
}

void LdapConversation::client_ended(Effects& effects) {
    if (const auto kept = client_.take_kept(); !kept.empty() && life_ == Life::speaking)
        effects.to_server(kept);
    effects.end_to_server();
}

void LdapConversation::server_ended(Effects& effects) {
    if (const auto kept = server_.take_kept(); !kept.empty() && life_ == Life::speaking && pending_.empty())
        effects.to_client(kept);
    effects.end_to_client();
}

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
    if (!message) return give_up(start, true, out);
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
    if (!message) return give_up(start, false, out);
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
        if (!options_.terminate_tls || std::exchange(has_tls_, true)) return give_up({}, false, out);
        out.effects().start_tls({});
    }
    const auto found = is_due_ || is_over_ ? pending_.find(due_) : pending_.end();
    if (found != pending_.end()) {  // it may have been abandoned meanwhile
        found->second.is_told = true;
        if (is_due_) meet(found->second.chosen, due_, found->second.answer, out);
        if (life_ != Life::speaking) return false;
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
        meet(*told.chosen, told.id, told.answer, out);
        if (life_ != Life::speaking) return false;
    }
    return true;
}

void LdapConversation::meet(const ChosenFault& chosen, std::string_view id, unsigned char answer,
                            Outlet& out) {
    static constexpr std::int64_t busy = 51, unavailable = 52;
    const auto& fault = chosen.fault();
    if (fault.kind == "garbage")
        out.to_client(garbage());
    else if (fault.kind == "disconnect" || (is_error(fault) && chosen.is_of_connection()))
        out.to_client(notice_of_disconnection(fault.code != 0 ? fault.code : unavailable, fault.message));
    else if (is_error(fault))
        out.to_client(ldap_result(id, answer, fault.code != 0 ? fault.code : busy, fault.message));
    chosen.tell_bitten(judge_);
    if (!ends_connection(fault) && !chosen.is_of_connection()) return;
    life_ = Life::ended;
    if (fault.kind == "reset")
        out.effects().reset();
    else if (fault.kind == "hang")
        out.effects().hold();
    else
        out.effects().close();
}

/// Passes all on from here, or ends the connection, if the client still waits for what is told by us.
/// `start`: of a message that is not understood. Always false, for those who stop with it.
bool LdapConversation::give_up(std::string_view start, bool by_client, Outlet& out) {
    if (!pending_.empty() || !ours_.empty() || ending_) {
        life_ = Life::ended;
        out.effects().close();
        return false;
    }
    life_ = Life::opaque;
    by_client ? out.pass_to_server(start) : out.pass_to_client(start);
    return false;
}

}  // namespace

std::unique_ptr<Conversation> make_ldap_conversation(Judge& judge, const ConversationOptions& options) {
    return std::make_unique<LdapConversation>(judge, options);
}

}  // namespace homespun::seism::wire
