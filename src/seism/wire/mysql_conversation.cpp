#include "seism/wire/mysql_conversation.hpp"

#include <algorithm>
#include <deque>
#include <optional>
#include <string>
#include <utility>

#include "seism/wire/framed_conversation.hpp"
#include "seism/wire/mysql_answer.hpp"
#include "seism/wire/mysql_bytes.hpp"
#include "seism/wire/mysql_command.hpp"
#include "seism/wire/mysql_errors.hpp"
#include "seism/wire/mysql_login.hpp"

namespace homespun::seism::wire {
namespace {

namespace capability = mysql_capability;
using Step = MysqlAnswer::Step;

constexpr std::size_t header_size = 4;
constexpr std::uint64_t full_packet = 0xffffff;  // another one belongs to it
constexpr std::size_t longest_greeting = 4096;
constexpr std::size_t longest_statement = 64 * 1024;
constexpr std::size_t tls_request_size = 36;  // all of it
constexpr std::size_t start_of_login = 36;    // up to MariaDB's capabilities
constexpr std::size_t start_of_answer = 32;   // enough for MysqlAnswer
constexpr std::size_t most_awaited = 1024;
constexpr std::size_t most_chosen = 64;

std::uint64_t length_of(std::string_view packet) {
    return MysqlBytes(packet).number(3);
}
MysqlSequence sequence_of(std::string_view packet) {
    return static_cast<MysqlSequence>(packet[3]);
}

/// An answer that the client waits for, or one that only we do.
struct Awaited {
    explicit Awaited(MysqlShape shape) : shape(shape), reader(shape) {}

    MysqlShape shape;
    MysqlAnswer reader;
    bool is_ours = false;  ///< the server knows nothing of it
    bool is_swallowed = false;
    bool is_login = false;
    MysqlSequence number = 1;  ///< what is told instead bears it
    std::optional<ChosenFault> chosen = {};
    std::optional<std::uint64_t> passing = {};  ///< so many bytes pass before the fault
    std::string prepared = {};
    bool asked_file = false;
};

class MysqlConversation final : public FramedConversation {
  public:
    using FramedConversation::FramedConversation;

  private:
    enum class Tls : std::uint8_t { none, asked, begun };
    enum class Phase : std::uint8_t { greeting, login, answered_login, commands };

    void met_at_opening(const ChosenFault& chosen, Outlet& out) override;

    // What the client says.
    [[nodiscard]] Extent measure_client(std::string_view start) const override;
    bool begin_client(std::string_view start, Outlet& out) override;
    bool end_client(Outlet& out) override;
    bool starts_tls() override;
    [[nodiscard]] bool starts_command(MysqlSequence number) const {
        return phase_ != Phase::login && number == 0 && !client_continues_ && !file_comes_;
    }
    bool login(std::string_view start, Outlet& out);
    bool command(std::string_view start, Outlet& out);
    void judge(const MysqlCommand& command);
    void choose(const Fault& fault, const Request& request);

    // What the server says.
    [[nodiscard]] Extent measure_server(std::string_view start) const override;
    bool begin_server(std::string_view start, Outlet& out) override;
    bool pass_to_client(std::string_view bytes, Outlet& out) override;
    bool end_server(Outlet& out) override;
    bool greeting(std::string_view start, Outlet& out);
    void read_answer(std::string_view start);
    bool finish(Outlet& out);
    bool login_done(Outlet& out);

    // Both.
    bool tell_ours(Outlet& out);
    bool meet(const ChosenFault& chosen, MysqlSequence number, bool is_greeting, Outlet& out);
    void say_and_forget(std::string_view command, MysqlShape shape, Outlet& out);
    void forget_long_data(Outlet& out);
    void roll_back(const Awaited& told, Outlet& out);
    [[nodiscard]] bool owes_client() const override;
    void forget_awaited() override { awaited_.clear(); }
    [[nodiscard]] bool is_swallowing() const override {
        return !awaited_.empty() && awaited_.front().is_swallowed;
    }
    [[nodiscard]] std::size_t chosen_count() const {
        return static_cast<std::size_t>(
            std::ranges::count_if(awaited_, [](const auto& a) { return a.chosen.has_value(); }));
    }

    Phase phase_ = Phase::greeting;
    Tls tls_ = Tls::none;  // that ends here
    std::uint64_t capabilities_ = 0;
    std::optional<ChosenFault> at_login_;
    std::deque<Awaited> awaited_;
    MysqlStatements statements_;

    std::optional<Awaited> forming_;  // of the command that is coming in
    MysqlSequence client_number_ = 0;
    bool client_full_ = false, client_continues_ = false;
    bool file_comes_ = false;
    std::optional<std::uint32_t> reset_statement_;  // its long data was for an EXECUTE that never came

    Step step_ = Step::more;
    bool server_full_ = false, server_continues_ = false;
};

bool lost_connection(const Fault& fault) {
    return fault.code == 2006 || fault.code == 2013;
}
bool ends_connection(const Fault& fault) {
    return is_wordless(fault) || fault.mode == Mode::before_close || fault.code == 1053 ||
           lost_connection(fault);
}

void MysqlConversation::met_at_opening(const ChosenFault& chosen, Outlet& out) {
    const auto& fault = chosen.fault();
    if (cuts_answer(fault)) {
        auto& cut = awaited_.emplace_back(MysqlShape::one);
        cut.passing = static_cast<std::uint64_t>(fault.bytes);
        cut.chosen = chosen;
    } else if (fault.mode == Mode::after || (!is_wordless(fault) && is_mysql_login_error(fault.code))) {
        at_login_ = chosen;
    } else {
        meet(chosen, 0, true, out);
    }
}

// What the client says.

Extent MysqlConversation::measure_client(std::string_view start) const {
    if (start.size() < header_size) return Extent::unknown();
    if (phase_ == Phase::greeting) return Extent::wrong();
    const auto wanted = phase_ == Phase::login               ? start_of_login
                        : starts_command(sequence_of(start)) ? longest_statement
                                                             : 0;
    return Extent::of(header_size + length_of(start), header_size + wanted);
}

bool MysqlConversation::begin_client(std::string_view start, Outlet& out) {
    const auto number = sequence_of(start);
    client_number_ = number;
    client_full_ = length_of(start) == full_packet;
    if (!client_continues_) {
        client_passes_ = true;
        bool understood = true;
        if (phase_ == Phase::login)
            understood = login(start, out);
        else if (file_comes_)
            file_comes_ = length_of(start) > 0;
        else if (number == 0)
            understood = command(start, out);
        if (!understood) return false;
    }
    if (client_passes_) out.pass_to_server(start);
    return true;
}

bool MysqlConversation::end_client(Outlet& out) {
    client_continues_ = client_full_;
    if (client_continues_ || !forming_) return true;
    forming_->number = static_cast<MysqlSequence>(client_number_ + 1);
    forget_long_data(out);
    if (forming_->chosen && ends_connection(forming_->chosen->fault())) ending_ = true;
    awaited_.push_back(std::move(*forming_));
    forming_.reset();
    return tell_ours(out);
}

bool MysqlConversation::starts_tls() {
    if (tls_ != Tls::asked) return false;
    tls_ = Tls::begun;
    return true;
}

/// The client's answer to the greeting.
bool MysqlConversation::login(std::string_view start, Outlet& out) {
    const auto offered = read_mysql_login(start.substr(header_size));
    const bool wants_tls = offered && (*offered & capability::tls) != 0 && tls_ != Tls::begun;
    if (wants_tls && options_.terminate_tls && start.size() == tls_request_size) {
        tls_ = Tls::asked;
        out.pass_to_server(start);
        return false;
    }
    if (!offered || wants_tls || (*offered & capability::protocol_41) == 0)
        return give_up_at_client(start, out);
    capabilities_ &= *offered;
    phase_ = Phase::answered_login;
    forming_.emplace(MysqlShape::login);
    forming_->is_login = true;
    if (!at_login_) return true;
    forming_->is_swallowed = at_login_->fault().mode == Mode::after;
    forming_->is_ours = !forming_->is_swallowed;
    client_passes_ = forming_->is_swallowed;
    forming_->chosen = std::exchange(at_login_, std::nullopt);
    return true;
}

bool MysqlConversation::command(std::string_view start, Outlet& out) {
    using Kind = MysqlCommand::Kind;
    if (ending_) {
        client_passes_ = false;
        return true;
    }
    const auto command = MysqlCommand::read(start.substr(header_size), capabilities_, statements_);
    if (!command || awaited_.size() >= most_awaited) return give_up_at_client(start, out);
    if (command->kind == Kind::close_statement) statements_.forget(command->statement);
    if (command->kind == Kind::long_data) statements_.long_data_came(command->statement);
    if (!command->is_answered) return true;
    forming_.emplace(command->shape);
    judge(*command);
    const bool had_long_data =
        command->kind == Kind::execute && statements_.take_long_data(command->statement);
    if (had_long_data && forming_->is_ours) reset_statement_ = command->statement;
    if (command->kind == Kind::new_session && client_passes_) statements_.forget_all();
    return true;
}

void MysqlConversation::judge(const MysqlCommand& command) {
    const Request request{
        .ordinal = ++ordinal_, .verb = command.verb, .subject = command.subject, .writes = command.writes};
    const auto* fault = chosen_count() < most_chosen ? judge_.judge(request) : nullptr;
    if (command.kind == MysqlCommand::Kind::prepare) {
        forming_->prepared = command.subject.substr(0, most_kept_subject);
        statements_.begun(command.subject);
        if (fault != nullptr) statements_.last_fails();
    }
    if (fault != nullptr) return choose(*fault, request);
    if (command.kind != MysqlCommand::Kind::execute || command.statement != MysqlStatements::last_prepared ||
        !statements_.last_failed())
        return;
    // Sent on the heels of a PREPARE that was told an error: the server would take the one before it.
    forming_->is_ours = true;
    client_passes_ = false;
}

void MysqlConversation::choose(const Fault& fault, const Request& request) {
    forming_->chosen.emplace(fault, request);
    if (cuts_answer(fault)) {
        forming_->passing = static_cast<std::uint64_t>(fault.bytes);
    } else if (fault.mode == Mode::after) {
        forming_->is_swallowed = true;
    } else {
        forming_->is_ours = true;
        client_passes_ = false;
    }
}

// What the server says.

Extent MysqlConversation::measure_server(std::string_view start) const {
    if (start.size() < header_size) return Extent::unknown();
    const auto wanted = phase_ == Phase::greeting ? longest_greeting : start_of_answer;
    return Extent::of(header_size + length_of(start), header_size + wanted);
}

bool MysqlConversation::begin_server(std::string_view start, Outlet& out) {
    server_full_ = length_of(start) == full_packet;
    if (server_continues_) return pass_to_client(start, out);
    step_ = Step::more;
    server_passes_ = true;
    if (phase_ == Phase::greeting && awaited_.empty()) return greeting(start, out);
    if (!awaited_.empty() && !awaited_.front().is_ours) read_answer(start);
    return pass_to_client(start, out);
}

bool MysqlConversation::pass_to_client(std::string_view bytes, Outlet& out) {
    const bool is_cut = server_passes_ && !awaited_.empty() && awaited_.front().passing;
    if (!is_cut) return FramedConversation::pass_to_client(bytes, out);
    auto& answer = awaited_.front();
    return pass_limited(bytes, *answer.passing, out) || meet(*answer.chosen, answer.number, false, out);
}

bool MysqlConversation::end_server(Outlet& out) {
    server_continues_ = server_full_;
    if (server_continues_) return true;
    if (step_ != Step::last && step_ != Step::error) return tell_ours(out);
    return finish(out) && tell_ours(out);
}

bool MysqlConversation::greeting(std::string_view start, Outlet& out) {
    std::string payload(start.substr(header_size));
    const auto offered =
        payload.size() == length_of(start) ? read_mysql_greeting(payload, options_.strip_tls) : std::nullopt;
    if (!offered) return give_up_at_server(start, out);
    capabilities_ = *offered;
    phase_ = Phase::login;
    out.to_client(mysql_packet(sequence_of(start), payload));
    return true;
}

/// Sets what is done with this packet and whether the answer ends with it.
void MysqlConversation::read_answer(std::string_view start) {
    auto& answer = awaited_.front();
    step_ = answer.reader.packet(start.substr(header_size), length_of(start), capabilities_);
    server_passes_ = !answer.is_swallowed;
    if (step_ == Step::asks_file) {
        answer.asked_file = file_comes_ = true;
        server_passes_ = true;
    }
    if (!answer.is_swallowed) return;
    const bool ends = step_ == Step::last || step_ == Step::error;
    if (answer.asked_file || answer.shape == MysqlShape::login) answer.number = sequence_of(start);
    if (answer.shape == MysqlShape::login && !ends) server_passes_ = true;
    if (answer.is_login && step_ == Step::error) {
        // Refused by the server itself: that is what the client is told.
        answer.chosen.reset();
        server_passes_ = true;
    }
}

/// The first answer awaited is whole.
bool MysqlConversation::finish(Outlet& out) {
    auto answer = std::move(awaited_.front());
    awaited_.pop_front();
    if (answer.shape == MysqlShape::prepare && step_ == Step::last) {
        const auto id = answer.reader.statement_id();
        if (!answer.chosen)
            statements_.remember(id, std::move(answer.prepared));
        else
            out.to_server(mysql_packet(0, mysql_close_statement(id)));
    }
    if (answer.chosen) {
        if (!meet(*answer.chosen, answer.number, false, out)) return false;
        roll_back(answer, out);
    }
    return !answer.is_login || step_ == Step::error || login_done(out);
}

bool MysqlConversation::login_done(Outlet& out) {
    static constexpr std::uint64_t not_understood =
        capability::compress | capability::zstd | capability::optional_metadata;
    phase_ = Phase::commands;
    if ((capabilities_ & not_understood) == 0) return true;
    return give_up(out);
}

// Both.

/// Tells what is to be told now, unless the server is in the midst of a packet. Whether the conversation goes
/// on.
bool MysqlConversation::tell_ours(Outlet& out) {
    static const Fault unknown_statement{.code = 1243};
    while (!awaited_.empty() && awaited_.front().is_ours && server_.at_start() && !server_continues_) {
        const auto told = std::move(awaited_.front());
        awaited_.pop_front();
        if (!told.chosen) {
            out.to_client(mysql_error_packet(unknown_statement, unknown_statement.code, told.number, true));
            continue;
        }
        if (!meet(*told.chosen, told.number, false, out)) return false;
        roll_back(told, out);
    }
    return true;
}

/// Whether the conversation goes on.
bool MysqlConversation::meet(const ChosenFault& chosen, MysqlSequence number, bool is_greeting, Outlet& out) {
    const auto& fault = chosen.fault();
    const auto code = fault.code != 0 ? fault.code : chosen.is_of_connection() ? 1040 : 1105;
    const bool has_words = !is_wordless(fault) && !lost_connection(fault);
    return tell(chosen, has_words ? mysql_error_packet(fault, code, number, !is_greeting) : std::string(),
                ends_connection(fault) || chosen.is_of_connection(), out);
}

/// Asks the server for what the client knows nothing of.
void MysqlConversation::say_and_forget(std::string_view command, MysqlShape shape, Outlet& out) {
    out.to_server(mysql_packet(0, command));
    awaited_.emplace_back(shape).is_swallowed = true;
}

/// Long data stays with the statement until it is executed; the client believes that it is gone.
void MysqlConversation::forget_long_data(Outlet& out) {
    if (!reset_statement_) return;
    say_and_forget(mysql_reset_statement(*reset_statement_), MysqlShape::one, out);
    reset_statement_.reset();
}

/// A real deadlock takes the whole transaction with it.
void MysqlConversation::roll_back(const Awaited& told, Outlet& out) {
    const auto& fault = told.chosen->fault();
    if (is_wordless(fault) || fault.code != 1213) return;
    say_and_forget(mysql_query("ROLLBACK", capabilities_), MysqlShape::result, out);
}

bool MysqlConversation::owes_client() const {
    const bool is_ours = std::ranges::any_of(
        awaited_, [](const auto& a) { return a.chosen.has_value() || a.is_swallowed || a.is_ours; });
    return is_ours || forming_ || !client_passes_;
}

}  // namespace

std::unique_ptr<Conversation> make_mysql_conversation(Judge& judge, const ConversationOptions& options) {
    return std::make_unique<MysqlConversation>(judge, options);
}

}  // namespace homespun::seism::wire
