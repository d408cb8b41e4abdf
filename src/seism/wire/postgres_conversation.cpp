#include "seism/wire/postgres_conversation.hpp"

#include <algorithm>
#include <deque>
#include <optional>
#include <string>
#include <utility>

#include "seism/wire/framed_conversation.hpp"
#include "seism/wire/postgres_awaited.hpp"
#include "seism/wire/postgres_messages.hpp"
#include "seism/wire/sql_statement.hpp"

namespace homespun::seism::wire {
namespace {

constexpr std::size_t header_size = 5;  // type and length
constexpr std::size_t start_of_startup = 8;
constexpr std::uint32_t longest_startup = 10000;
constexpr std::size_t longest_statement = 64 * 1024;
constexpr std::size_t start_of_extended = 600;  // two names
constexpr std::size_t most_awaited = 1024;

constexpr std::uint32_t cancel_request = 80877102, tls_request = 80877103, gss_request = 80877104;
constexpr std::uint32_t major_version = 3;

using Awaited = PostgresAwaited;
using Role = Awaited::Role;

bool ends_connection(const ChosenFault& chosen) {
    const auto& fault = chosen.fault();
    return chosen.is_of_connection() || is_wordless(fault) || fault.mode == Mode::before_close ||
           is_postgres_fatal(postgres_state(fault, false));
}
bool needs_client_data(std::string_view verb, std::string_view statement) {
    static constexpr std::string_view word = "stdin";
    const auto is_same = [](char a, char b) { return (a | 0x20) == b; };
    return verb == "COPY" && !std::ranges::search(statement, word, is_same).empty();
}

class PostgresConversation final : public FramedConversation {
  public:
    using FramedConversation::FramedConversation;

  private:
    enum class Phase : std::uint8_t { startup, encryption_asked, messages };

    void met_at_opening(const ChosenFault& chosen, Outlet& out) override;

    // What the client says.
    [[nodiscard]] Extent measure_client(std::string_view start) const override;
    bool begin_client(std::string_view start, Outlet& out) override;
    bool end_client(Outlet& out) override { return tell_ours(out); }
    bool startup(std::string_view start, Outlet& out);
    bool ask_encryption(bool is_tls, Outlet& out);
    void login();
    bool message(char type, std::string_view payload, Outlet& out);
    bool simple(char type, std::string_view payload, Outlet& out);
    bool extended(char type, std::string_view payload, Outlet& out);
    bool sync(Outlet& out);
    bool await(Outlet& out);
    const Fault* judge(const Request& request);
    bool choose(Awaited& awaited, const Fault& fault, const Request& request);
    void judge_extended(char type, std::string_view payload, Outlet& out);

    // What the server says.
    [[nodiscard]] Extent measure_server(std::string_view start) const override;
    bool begin_server(std::string_view start, Outlet& out) override;
    bool pass_to_client(std::string_view bytes, Outlet& out) override;
    bool end_server(Outlet& out) override;
    bool encryption_answered(std::string_view start, Outlet& out);
    void read_answer(std::string_view start, Outlet& out);
    bool ready(Outlet& out);

    // Both.
    bool tell_ours(Outlet& out);
    bool meet(const ChosenFault& chosen, Outlet& out);
    void fail_transaction(Outlet& out);
    [[nodiscard]] bool is_swallowing() const override {
        return !awaited_.empty() && awaited_.front().role != Role::plain;
    }
    [[nodiscard]] bool owes_client() const override {
        return is_skipping_ ||
               std::ranges::any_of(awaited_, [](const auto& a) { return a.role != Role::plain; });
    }
    void forget_awaited() override { awaited_.clear(); }

    Phase phase_ = Phase::startup;
    bool asked_tls_ = false, has_tls_ = false;  // which is to end here
    char status_ = 'I';                         // as the last ReadyForQuery told
    std::optional<ChosenFault> at_login_;
    std::deque<Awaited> awaited_;
    PostgresStatements statements_;

    bool is_open_ = false;      // messages of the extended protocol came, no Sync yet
    bool is_skipping_ = false;  // as the server does behind an error, up to Sync

    char type_ = '\0';
};

void PostgresConversation::met_at_opening(const ChosenFault& chosen, Outlet& out) {
    const auto& fault = chosen.fault();
    at_login_ = chosen;
    if (is_wordless(fault) && !cuts_answer(fault) && fault.mode != Mode::after) meet(chosen, out);
}

// What the client says.

Extent PostgresConversation::measure_client(std::string_view start) const {
    if (phase_ == Phase::encryption_asked) return Extent::wrong();
    const bool has_type = phase_ == Phase::messages;
    if (start.size() < (has_type ? header_size : 4)) return Extent::unknown();
    const std::uint64_t length = postgres_number(start.substr(has_type ? 1 : 0));
    if (!has_type) {
        const bool fits = length >= start_of_startup && length <= longest_startup;
        return fits ? Extent::of(length, longest_startup) : Extent::wrong();
    }
    if (length < 4) return Extent::wrong();
    const auto type = start.front();
    const auto wanted = type == 'Q' || type == 'P'                                 ? longest_statement
                        : type == 'B' || type == 'C' || type == 'D' || type == 'E' ? start_of_extended
                                                                                   : 0;
    return Extent::of(1 + length, header_size + wanted);
}

bool PostgresConversation::begin_client(std::string_view start, Outlet& out) {
    client_passes_ = true;
    const bool goes_on = phase_ == Phase::startup ? startup(start, out)
                                                  : message(start.front(), start.substr(header_size), out);
    if (!goes_on) return give_up_at_client(start, out);
    if (client_passes_) out.pass_to_server(start);
    return true;
}

/// False: not understood.
bool PostgresConversation::startup(std::string_view start, Outlet& out) {
    const auto code = postgres_number(start.substr(4));
    if (code == tls_request || code == gss_request) return ask_encryption(code == tls_request, out);
    if (code >> 16 != major_version || code == cancel_request) return false;
    phase_ = Phase::messages;
    login();
    return true;
}

bool PostgresConversation::ask_encryption(bool is_tls, Outlet& out) {
    asked_tls_ = is_tls && options_.terminate_tls && !has_tls_;
    if (options_.strip_tls || (at_login_ && !asked_tls_)) {
        client_passes_ = false;
        out.to_client("N");
    } else {
        phase_ = Phase::encryption_asked;
    }
    return true;
}

void PostgresConversation::login() {
    auto& answer = awaited_.emplace_back();
    answer.is_login = true;
    if (!at_login_) return;
    const auto& fault = at_login_->fault();
    answer.role = cuts_answer(fault) ? Role::cut : fault.mode == Mode::after ? Role::after : Role::ours;
    answer.passing = static_cast<std::uint64_t>(std::max<std::int64_t>(fault.bytes, 0));
    answer.before = answer.role == Role::after ? 1 : 0;
    client_passes_ = answer.role != Role::ours;
    answer.chosen = std::exchange(at_login_, std::nullopt);
}

/// False: not understood.
bool PostgresConversation::message(char type, std::string_view payload, Outlet& out) {
    if (ending_ && (type == 'Q' || type == 'F' || !is_open_)) {
        client_passes_ = false;
        return true;
    }
    if (type == 'Q' || type == 'F') return simple(type, payload, out);
    if (type == 'S') return sync(out);
    static constexpr std::string_view of_extended = "PBCDEH", passing = "Xpdcf";
    return of_extended.contains(type) ? extended(type, payload, out) : passing.contains(type);
}

/// One more ReadyForQuery will come. False: too many.
bool PostgresConversation::await(Outlet& out) {
    if (awaited_.size() >= most_awaited) return false;
    auto* last = awaited_.empty() ? nullptr : &awaited_.back();
    if (last != nullptr && last->role == Role::after && !last->is_login && !last->is_followed) {
        // What the client sends ahead would find a transaction that has not failed.
        last->is_followed = true;
        fail_transaction(out);
    }
    awaited_.emplace_back();
    return true;
}

const Fault* PostgresConversation::judge(const Request& request) {
    const auto* fault = judge_.judge(request);
    const bool cannot = fault != nullptr && fault->mode == Mode::after && !cuts_answer(*fault) &&
                        needs_client_data(request.verb, request.subject);
    return cannot ? nullptr : fault;
}

bool PostgresConversation::simple(char type, std::string_view payload, Outlet& out) {
    if (is_open_) return false;
    const bool is_alone = awaited_.empty();
    if (!await(out)) return false;
    const auto statement = type == 'Q' ? take_text(payload) : std::string_view();
    auto verb = type == 'Q' ? verb_of_statement(statement) : "FUNCTION";
    if (verb.empty()) verb = "QUERY";
    const Request request{
        .ordinal = ++ordinal_, .verb = verb, .subject = statement, .writes = verb_writes(verb)};
    const auto* fault = judge(request);
    auto& answer = awaited_.back();
    if (fault == nullptr || choose(answer, *fault, request)) return true;
    client_passes_ = false;
    if (answer.role == Role::ours || (is_alone && status_ != 'T')) {
        answer.role = Role::ours;
        return true;
    }
    out.to_server(failing_query());
    return true;
}

/// Whether the server gets the request.
bool PostgresConversation::choose(Awaited& awaited, const Fault& fault, const Request& request) {
    awaited.chosen.emplace(fault, request);
    awaited.before = awaited.asked;
    ending_ = ends_connection(*awaited.chosen);
    if (cuts_answer(fault)) {
        awaited.role = Role::cut;
        awaited.passing = static_cast<std::uint64_t>(fault.bytes);
    } else if (fault.mode == Mode::after) {
        awaited.role = Role::after;
    } else {
        awaited.role = ending_ ? Role::ours : Role::failing;
    }
    return awaited.role == Role::cut || awaited.role == Role::after;
}

bool PostgresConversation::extended(char type, std::string_view payload, Outlet& out) {
    if (is_skipping_) {
        client_passes_ = false;
        return true;
    }
    if (!is_open_ && !await(out)) return false;
    is_open_ = true;
    auto name = take_text(payload);
    if (type == 'P') statements_.parsed(name, payload.substr(0, payload.find('\0')));
    if (type == 'B') statements_.bound(name, take_text(payload));
    if (type == 'C' && !name.empty()) statements_.closed(name.front(), name.substr(1));
    const bool is_request = type == 'E' || (type == 'P' && !name.empty());
    if (is_request && !awaited_.back().chosen) judge_extended(type, type == 'P' ? payload : name, out);
    if (type != 'H' && client_passes_) ++awaited_.back().asked;
    return true;
}

/// `about`: of an Execute its portal, of a Parse its text.
void PostgresConversation::judge_extended(char type, std::string_view about, Outlet& out) {
    Request request{.ordinal = ++ordinal_, .verb = type == 'P' ? "PREPARE" : "EXECUTE", .subject = {}};
    if (type == 'P') {
        request.subject = about.substr(0, about.find('\0'));
    } else if (const auto* statement = statements_.of_portal(about); statement != nullptr) {
        if (!statement->verb.empty()) request.verb = statement->verb;
        request.subject = statement->text;
        request.writes = verb_writes(statement->verb);
    }
    const auto* fault = judge(request);
    if (fault == nullptr) return;
    auto& answer = awaited_.back();
    client_passes_ = choose(answer, *fault, request);
    is_skipping_ = answer.role != Role::cut;
    if (answer.role == Role::failing) out.to_server(failing_execute());
}

bool PostgresConversation::sync(Outlet& out) {
    if (!is_open_ && !await(out)) return false;
    is_open_ = is_skipping_ = false;
    return true;
}

// What the server says.

Extent PostgresConversation::measure_server(std::string_view start) const {
    if (phase_ == Phase::startup) return Extent::wrong();
    if (phase_ == Phase::encryption_asked) return Extent::of(1, 1);
    if (start.size() < header_size) return Extent::unknown();
    const std::uint64_t length = postgres_number(start.substr(1));
    const bool is_wrong = length < 4 || (start.front() == 'Z' && length != 5);
    return is_wrong ? Extent::wrong() : Extent::of(1 + length, header_size + 4);
}

bool PostgresConversation::begin_server(std::string_view start, Outlet& out) {
    if (phase_ == Phase::encryption_asked) return encryption_answered(start, out);
    type_ = start.front();
    server_passes_ = true;
    // Nobody has asked for a ReadyForQuery yet, or both sides talk at will from here.
    const bool is_early = type_ == 'Z' && is_open_ && awaited_.size() == 1;
    if (type_ == 'W' || is_early) return give_up_at_server(start, out);
    if (type_ == 'Z') status_ = start.back();
    if (!awaited_.empty()) read_answer(start, out);
    return pass_to_client(start, out);
}

bool PostgresConversation::encryption_answered(std::string_view start, Outlet& out) {
    type_ = '\0';
    const bool starts_tls = asked_tls_ && start == "S";
    if (start != "N" && !starts_tls) return give_up_at_server(start, out);
    phase_ = Phase::startup;
    out.pass_to_client(start);
    if (starts_tls) out.effects().start_tls({});
    has_tls_ |= starts_tls;
    return true;
}

/// Sets whether the message passes.
void PostgresConversation::read_answer(std::string_view start, Outlet& out) {
    auto& answer = awaited_.front();
    if ((type_ == 'S' || type_ == 'A') && !answer.is_login) return;  // of the session, not of the answer
    if (answer.is_login && type_ == 'R' && postgres_number(start.substr(header_size)) == 0) ++answer.answered;
    if (type_ == 'E' && answer.chosen && !answer.at_fault()) {
        // Something before it has really failed: that is what the client is told.
        answer.chosen.reset();
        if (answer.role != Role::after || !answer.is_followed) answer.role = Role::plain;
    }
    if (type_ == 'Z' && answer.role != Role::cut) server_passes_ = false;
    if (answer.role == Role::silent) server_passes_ = false;
    if (answer.role == Role::failing && answer.at_fault() && type_ == 'E') server_passes_ = false;
    if (answer.role != Role::after || !answer.at_fault()) return;
    server_passes_ = false;
    if (type_ != 'G') return;
    // A COPY that nobody saw coming waits for data, and takes what was sent behind it for such.
    if (answer.is_followed)
        awaited_.erase(awaited_.begin() + 1);
    else
        out.to_server(copy_fail());
    answer.is_followed = false;
}

bool PostgresConversation::pass_to_client(std::string_view bytes, Outlet& out) {
    const bool is_cut = server_passes_ && !awaited_.empty() && awaited_.front().role == Role::cut &&
                        awaited_.front().at_fault();
    if (!is_cut) return FramedConversation::pass_to_client(bytes, out);
    auto& answer = awaited_.front();
    return pass_limited(bytes, answer.passing, out) || meet(*answer.chosen, out);
}

bool PostgresConversation::end_server(Outlet& out) {
    static constexpr std::string_view completing = "123TnCIs";
    if (!awaited_.empty()) {
        auto& answer = awaited_.front();
        if (type_ == 'Z') return ready(out) && tell_ours(out);
        if (!answer.is_login && completing.find(type_) != std::string_view::npos) ++answer.answered;
        if (answer.role == Role::failing && type_ == 'E' && !server_passes_) {
            meet(*answer.chosen, out);
            answer.role = Role::plain;
            answer.chosen.reset();
        }
    }
    return tell_ours(out);
}

/// An answer is whole.
bool PostgresConversation::ready(Outlet& out) {
    const auto answer = std::move(awaited_.front());
    awaited_.pop_front();
    if (answer.chosen && (answer.role == Role::after || answer.role == Role::cut)) {
        if (!meet(*answer.chosen, out)) return false;
        if (status_ == 'T' && !answer.is_followed) {
            fail_transaction(out);
            return true;
        }
    }
    if (!answer.is_followed && answer.role != Role::cut) out.to_client(postgres_ready(status_));
    return true;
}

// Both.

/// Tells what is to be told now, unless the server is in the midst of a message. Whether the conversation
/// goes on.
bool PostgresConversation::tell_ours(Outlet& out) {
    while (!awaited_.empty() && awaited_.front().role == Role::ours && server_.at_start()) {
        const auto told = std::move(awaited_.front());
        awaited_.pop_front();
        if (!meet(*told.chosen, out)) return false;
        out.to_client(postgres_ready(status_));
    }
    return true;
}

/// Whether the conversation goes on.
bool PostgresConversation::meet(const ChosenFault& chosen, Outlet& out) {
    const auto& fault = chosen.fault();
    const auto words =
        is_wordless(fault) ? std::string() : postgres_error(fault, chosen.verb(), chosen.is_of_connection());
    return tell(chosen, words, ends_connection(chosen), out);
}

/// The client believes that its transaction has failed.
void PostgresConversation::fail_transaction(Outlet& out) {
    out.to_server(failing_query());
    awaited_.emplace_back().role = Role::silent;
}

}  // namespace

std::unique_ptr<Conversation> make_postgres_conversation(Judge& judge, const ConversationOptions& options) {
    return std::make_unique<PostgresConversation>(judge, options);
}

}  // namespace homespun::seism::wire
