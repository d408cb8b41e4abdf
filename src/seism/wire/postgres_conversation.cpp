#include "seism/wire/postgres_conversation.hpp"

#include <algorithm>
#include <array>
#include <deque>
#include <optional>
#include <string>
#include <utility>

#include "seism/wire/chosen_fault.hpp"
#include "seism/wire/message_cutter.hpp"
#include "seism/wire/outlet.hpp"
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

/// How the server's answer, up to its ReadyForQuery, is treated.
enum class Role : std::uint8_t {
    plain,    ///< it passes
    ours,     ///< there is none: the server knows nothing of it, or will not come to answer
    failing,  ///< the server got what fails; its error becomes ours
    after,   ///< the server did it; the answer is swallowed from the faulty request's on, then the fault told
    cut,     ///< some bytes of it pass, from the faulty request's on, then the connection ends
    silent,  ///< only its ReadyForQuery is for the client
};

struct Awaited {
    Role role = Role::plain;
    std::optional<ChosenFault> chosen = {};
    std::size_t asked = 0;      ///< of the extended protocol: messages that are answered one by one
    std::size_t answered = 0;   ///< so many of them
    std::size_t before = 0;     ///< that come before the faulty request's answer
    std::uint64_t passing = 0;  ///< bytes of a cut answer
    bool is_login = false;
    bool is_followed = false;  ///< what fails was sent behind it, its ReadyForQuery comes from there

    [[nodiscard]] bool at_fault() const { return chosen.has_value() && answered >= before; }
};

bool is_error(const Fault& fault) {
    static constexpr std::array<std::string_view, 4> others = {"close", "reset", "hang", "garbage"};
    return std::ranges::find(others, fault.kind) == others.end();
}
bool cuts_answer(const Fault& fault) {
    return !is_error(fault) && fault.bytes > 0;
}
bool ends_connection(const ChosenFault& chosen) {
    const auto& fault = chosen.fault();
    return chosen.is_of_connection() || !is_error(fault) || fault.mode == Mode::before_close ||
           is_postgres_fatal(postgres_state(fault, false));
}
bool needs_client_data(std::string_view verb, std::string_view statement) {
    static constexpr std::string_view word = "stdin";
    const auto is_same = [](char a, char b) { return (a | 0x20) == b; };
    return verb == "COPY" && !std::ranges::search(statement, word, is_same).empty();
}

class PostgresConversation final : public Conversation {
  public:
    PostgresConversation(Judge& judge, const ConversationOptions& options)
        : judge_(judge), options_(options) {}

    void opened(Effects& effects) override;
    void from_client(std::string_view bytes, Effects& effects) override;
    void from_server(std::string_view bytes, Effects& effects) override;
    void client_ended(Effects& effects) override;
    void server_ended(Effects& effects) override;
    [[nodiscard]] bool is_opaque() const override { return life_ == Life::opaque; }

  private:
    enum class Life : std::uint8_t { speaking, opaque, ended };
    enum class Phase : std::uint8_t { startup, encryption_asked, messages };

    struct ClientSide {
        PostgresConversation& self;
        Outlet& out;
        Extent measure(std::string_view start) const { return self.measure_client(start); }
        bool begin(std::string_view start) { return self.begin_client(start, out); }
        bool rest(std::string_view bytes) {
            if (self.client_passes_) out.pass_to_server(bytes);
            return true;
        }
        bool end() { return self.end_client(out); }
        void settle() { out.settle(); }
    };
    struct ServerSide {
        PostgresConversation& self;
        Outlet& out;
        Extent measure(std::string_view start) const { return self.measure_server(start); }
        bool begin(std::string_view start) { return self.begin_server(start, out); }
        bool rest(std::string_view bytes) { return self.pass_to_client(bytes, out); }
        bool end() { return self.end_server(out); }
        void settle() { out.settle(); }
    };

    // What the client says.
    [[nodiscard]] Extent measure_client(std::string_view start) const;
    bool begin_client(std::string_view start, Outlet& out);
    bool end_client(Outlet& out);
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
    [[nodiscard]] Extent measure_server(std::string_view start) const;
    bool begin_server(std::string_view start, Outlet& out);
    bool pass_to_client(std::string_view bytes, Outlet& out);
    bool end_server(Outlet& out);
    bool encryption_answered(std::string_view start, Outlet& out);
    void read_answer(std::string_view start, Outlet& out);
    bool ready(Outlet& out);

    // Both.
    bool tell_ours(Outlet& out);
    void meet(const ChosenFault& chosen, Outlet& out);
    void fail_transaction(Outlet& out);
    bool give_up(Outlet& out);
    bool stop_at(std::string_view start, bool by_client, Outlet& out);

    Judge& judge_;
    ConversationOptions options_;
    Life life_ = Life::speaking;
    Phase phase_ = Phase::startup;
    bool asked_tls_ = false, has_tls_ = false;  // which is to end here
    char status_ = 'I';       // as the last ReadyForQuery told
    std::uint64_t ordinal_ = 0;
    std::optional<ChosenFault> at_login_;
    std::deque<Awaited> awaited_;
    PostgresStatements statements_;

    MessageCutter client_;
    bool client_passes_ = true;
    bool is_open_ = false;      // messages of the extended protocol came, no Sync yet
    bool is_skipping_ = false;  // as the server does behind an error, up to Sync
    bool ending_ = false;       // a fault that ends the connection is chosen: nothing new is taken

    MessageCutter server_;
    char type_ = '\0';
    bool server_passes_ = true;
};

void PostgresConversation::opened(Effects& effects) {
    const Request request{.verb = "connect", .subject = {}};
    const auto* fault = judge_.judge(request);
    if (fault == nullptr) return;
    at_login_.emplace(*fault, request);
    if (is_error(*fault) || cuts_answer(*fault) || fault->mode == Mode::after) return;
    Outlet out(effects);
    meet(*at_login_, out);
}

void PostgresConversation::from_client(std::string_view bytes, Effects& effects) {
    if (life_ == Life::ended) return;
    if (life_ == Life::opaque) return effects.to_server(bytes);
    Outlet out(effects);
    ClientSide side{*this, out};
    if (client_.feed(bytes, side)) return;
    if (life_ == Life::speaking) give_up(out);
    if (life_ != Life::opaque) return;
    out.to_server(client_.take_kept());
    out.to_server(client_.left());
    out.to_client(server_.take_kept());
}

void PostgresConversation::from_server(std::string_view bytes, Effects& effects) {
    if (life_ == Life::ended) return;
    if (life_ == Life::opaque) return effects.to_client(bytes);
    Outlet out(effects);
    ServerSide side{*this, out};
    if (server_.feed(bytes, side)) return;
    if (life_ == Life::speaking) give_up(out);
    if (life_ != Life::opaque) return;
    out.to_client(server_.take_kept());
    out.to_client(server_.left());
    out.to_server(client_.take_kept());
}

void PostgresConversation::client_ended(Effects& effects) {
    if (const auto kept = client_.take_kept(); !kept.empty() && life_ == Life::speaking)
        effects.to_server(kept);
    effects.end_to_server();
}

void PostgresConversation::server_ended(Effects& effects) {
    const bool swallows = !awaited_.empty() && awaited_.front().role != Role::plain;
    if (const auto kept = server_.take_kept(); !kept.empty() && life_ == Life::speaking && !swallows)
        effects.to_client(kept);
    effects.end_to_client();
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
    if (!goes_on) return stop_at(start, true, out);
    if (client_passes_) out.pass_to_server(start);
    return true;
}

bool PostgresConversation::end_client(Outlet& out) {
    return tell_ours(out);
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
    switch (type) {
        case 'Q':
        case 'F':
            return simple(type, payload, out);
        case 'P':
        case 'B':
        case 'C':
        case 'D':
        case 'E':
        case 'H':
            return extended(type, payload, out);
        case 'S':
            return sync(out);
        case 'X':
        case 'p':
        case 'd':
        case 'c':
        case 'f':
            return true;
        default:
            return false;
    }
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
    if (type_ == 'W' || is_early) return stop_at(start, false, out);
    if (type_ == 'Z') status_ = start.back();
    if (!awaited_.empty()) read_answer(start, out);
    return pass_to_client(start, out);
}

bool PostgresConversation::encryption_answered(std::string_view start, Outlet& out) {
    type_ = '\0';
    const bool starts_tls = asked_tls_ && start == "S";
    if (start != "N" && !starts_tls) return stop_at(start, false, out);
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
    if (!server_passes_) return true;
    auto* limited = !awaited_.empty() && awaited_.front().role == Role::cut && awaited_.front().at_fault()
                        ? &awaited_.front()
                        : nullptr;
    if (limited == nullptr) {
        out.pass_to_client(bytes);
        return true;
    }
    const auto part =
        bytes.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(limited->passing, bytes.size())));
    out.pass_to_client(part);
    limited->passing -= part.size();
    if (limited->passing > 0) return true;
    meet(*limited->chosen, out);
    return false;
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
        meet(*answer.chosen, out);
        if (life_ != Life::speaking) return false;
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
        meet(*told.chosen, out);
        if (life_ != Life::speaking) return false;
        out.to_client(postgres_ready(status_));
    }
    return true;
}

void PostgresConversation::meet(const ChosenFault& chosen, Outlet& out) {
    const auto& fault = chosen.fault();
    if (fault.kind == "garbage")
        out.to_client(garbage());
    else if (is_error(fault))
        out.to_client(postgres_error(fault, chosen.verb(), chosen.is_of_connection()));
    chosen.tell_bitten(judge_);
    if (!ends_connection(chosen)) return;
    life_ = Life::ended;
    if (fault.kind == "reset")
        out.effects().reset();
    else if (fault.kind == "hang")
        out.effects().hold();
    else
        out.effects().close();
}

/// The client believes that its transaction has failed.
void PostgresConversation::fail_transaction(Outlet& out) {
    out.to_server(failing_query());
    awaited_.emplace_back().role = Role::silent;
}

/// Passes all on from here, or ends the connection, if the client still waits for what is told by us. Always
/// false, for those who stop with it.
bool PostgresConversation::give_up(Outlet& out) {
    const bool is_ours = std::ranges::any_of(awaited_, [](const auto& a) { return a.role != Role::plain; });
    if (is_ours || is_skipping_) {
        life_ = Life::ended;
        out.effects().close();
        return false;
    }
    life_ = Life::opaque;
    awaited_.clear();
    return false;
}

bool PostgresConversation::stop_at(std::string_view start, bool by_client, Outlet& out) {
    give_up(out);
    if (life_ == Life::opaque) by_client ? out.pass_to_server(start) : out.pass_to_client(start);
    return false;
}

}  // namespace

std::unique_ptr<Conversation> make_postgres_conversation(Judge& judge, const ConversationOptions& options) {
    return std::make_unique<PostgresConversation>(judge, options);
}

}  // namespace homespun::seism::wire
