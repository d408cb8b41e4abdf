#include "seism/wire/mysql_conversation.hpp"

#include <algorithm>
#include <array>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "seism/wire/chosen_fault.hpp"
#include "seism/wire/message_cutter.hpp"
#include "seism/wire/mysql_answer.hpp"
#include "seism/wire/mysql_bytes.hpp"
#include "seism/wire/mysql_command.hpp"
#include "seism/wire/mysql_errors.hpp"
#include "seism/wire/outlet.hpp"

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

class MysqlConversation final : public Conversation {
  public:
    MysqlConversation(Judge& judge, const ConversationOptions& options) : judge_(judge), options_(options) {}

    void opened(Effects& effects) override;
    void from_client(std::string_view bytes, Effects& effects) override;
    void from_server(std::string_view bytes, Effects& effects) override;
    void client_ended(Effects& effects) override;
    void server_ended(Effects& effects) override;
    [[nodiscard]] bool is_opaque() const override { return life_ == Life::opaque; }

  private:
    enum class Life : std::uint8_t { speaking, opaque, ended };
    enum class Tls : std::uint8_t { none, asked, begun };
    enum class Phase : std::uint8_t { greeting, login, answered_login, commands };

    struct ClientSide {
        MysqlConversation& self;
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
        MysqlConversation& self;
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
    [[nodiscard]] bool starts_command(MysqlSequence number) const {
        return phase_ != Phase::login && number == 0 && !client_continues_ && !file_comes_;
    }
    bool login(std::string_view start, Outlet& out);
    bool command(std::string_view start, Outlet& out);
    void judge(const MysqlCommand& command);
    void choose(const Fault& fault, const Request& request);

    // What the server says.
    [[nodiscard]] Extent measure_server(std::string_view start) const;
    bool begin_server(std::string_view start, Outlet& out);
    bool pass_to_client(std::string_view bytes, Outlet& out);
    bool end_server(Outlet& out);
    bool greeting(std::string_view start, Outlet& out);
    void read_answer(std::string_view start);
    bool finish(Outlet& out);
    bool login_done(Outlet& out);

    // Both.
    bool tell_ours(Outlet& out);
    void meet(const ChosenFault& chosen, MysqlSequence number, bool is_greeting, Outlet& out);
    void say_and_forget(std::string_view command, MysqlShape shape, Outlet& out);
    void forget_long_data(Outlet& out);
    void roll_back(const Awaited& told, Outlet& out);
    bool give_up(Outlet& out);
    [[nodiscard]] bool is_swallowing() const { return !awaited_.empty() && awaited_.front().is_swallowed; }
    [[nodiscard]] std::size_t chosen_count() const {
        return static_cast<std::size_t>(
            std::ranges::count_if(awaited_, [](const auto& a) { return a.chosen.has_value(); }));
    }

    Judge& judge_;
    ConversationOptions options_;
    Life life_ = Life::speaking;
    Phase phase_ = Phase::greeting;
    Tls tls_ = Tls::none;  // that ends here
    std::uint64_t capabilities_ = 0;
    std::uint64_t ordinal_ = 0;
    std::optional<ChosenFault> at_login_;
    std::deque<Awaited> awaited_;
    MysqlStatements statements_;

    MessageCutter client_;
    std::optional<Awaited> forming_;  // of the command that is coming in
    MysqlSequence client_number_ = 0;
    bool client_passes_ = true;
    bool client_full_ = false, client_continues_ = false;
    bool ending_ = false;  // a fault that ends the connection is chosen: no more commands
    bool file_comes_ = false;
    std::optional<std::uint32_t> reset_statement_;  // its long data was for an EXECUTE that never came

    MessageCutter server_;
    Step step_ = Step::more;
    bool server_passes_ = true;
    bool server_full_ = false, server_continues_ = false;
};

bool is_error(const Fault& fault) {
    static constexpr std::array<std::string_view, 4> others = {"close", "reset", "hang", "garbage"};
    return std::ranges::find(others, fault.kind) == others.end();
}
bool lost_connection(const Fault& fault) {
    return fault.code == 2006 || fault.code == 2013;
}
bool ends_connection(const Fault& fault) {
    return !is_error(fault) || fault.mode == Mode::before_close || fault.code == 1053 ||
           lost_connection(fault);
}
bool cuts_answer(const Fault& fault) {
    return !is_error(fault) && fault.bytes > 0;
}

void MysqlConversation::opened(Effects& effects) {
    const Request request{.verb = "connect", .subject = {}};
    const auto* fault = judge_.judge(request);
    if (fault == nullptr) return;
    ChosenFault chosen(*fault, request);
    Outlet out(effects);
    if (cuts_answer(*fault)) {
        auto& cut = awaited_.emplace_back(MysqlShape::one);
        cut.passing = static_cast<std::uint64_t>(fault->bytes);
        cut.chosen = std::move(chosen);
    } else if (fault->mode == Mode::after || (is_error(*fault) && is_mysql_login_error(fault->code))) {
        at_login_ = std::move(chosen);
    } else {
        meet(chosen, 0, true, out);
    }
}

void MysqlConversation::from_client(std::string_view bytes, Effects& effects) {
    if (life_ == Life::ended) return;
    if (life_ == Life::opaque) return effects.to_server(bytes);
    Outlet out(effects);
    ClientSide side{*this, out};
    if (client_.feed(bytes, side)) return;
    if (tls_ == Tls::asked) {
        tls_ = Tls::begun;
        out.effects().start_tls(client_.left());
        return;
    }
    if (life_ == Life::speaking) give_up(out);
    if (life_ != Life::opaque) return;
    out.to_server(client_.take_kept());
    out.to_server(client_.left());
    out.to_client(server_.take_kept());
}

void MysqlConversation::from_server(std::string_view bytes, Effects& effects) {
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

void MysqlConversation::client_ended(Effects& effects) {
    if (const auto kept = client_.take_kept(); !kept.empty() && life_ == Life::speaking)
        effects.to_server(kept);
    effects.end_to_server();
}

void MysqlConversation::server_ended(Effects& effects) {
    if (const auto kept = server_.take_kept(); !kept.empty() && life_ == Life::speaking && !is_swallowing())
        effects.to_client(kept);
    effects.end_to_client();
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

/// The client's answer to the greeting.
bool MysqlConversation::login(std::string_view start, Outlet& out) {
    MysqlBytes bytes(start.substr(header_size));
    auto offered = bytes.number(4);
    bytes.take(24);
    const auto of_mariadb = bytes.number(4);
    const bool wants_tls = (offered & capability::tls) != 0 && tls_ != Tls::begun;
    if (wants_tls && options_.terminate_tls && start.size() == tls_request_size) {
        tls_ = Tls::asked;
        out.pass_to_server(start);
        return false;
    }
    if (!bytes || wants_tls || (offered & capability::protocol_41) == 0) {
        if (give_up(out); life_ == Life::opaque) out.pass_to_server(start);
        return false;
    }
    if ((offered & capability::is_mysql) == 0) offered |= of_mariadb << 32;
    capabilities_ &= offered;
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
    if (!command || awaited_.size() >= most_awaited) {
        if (give_up(out); life_ == Life::opaque) out.pass_to_server(start);
        return false;
    }
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
    if (!server_passes_) return true;
    auto* limited = !awaited_.empty() && awaited_.front().passing ? &awaited_.front() : nullptr;
    if (limited == nullptr) {
        out.pass_to_client(bytes);
        return true;
    }
    const auto part =
        bytes.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(*limited->passing, bytes.size())));
    out.pass_to_client(part);
    *limited->passing -= part.size();
    if (*limited->passing > 0) return true;
    meet(*limited->chosen, limited->number, false, out);
    return false;
}

bool MysqlConversation::end_server(Outlet& out) {
    server_continues_ = server_full_;
    if (server_continues_) return true;
    if (step_ != Step::last && step_ != Step::error) return tell_ours(out);
    return finish(out) && tell_ours(out);
}

/// Takes TLS and compression out of what is offered, if it is asked to.
bool MysqlConversation::greeting(std::string_view start, Outlet& out) {
    static constexpr std::uint64_t unreadable = capability::tls | capability::compress | capability::zstd;
    std::string changed(start);
    const auto version_end = changed.find('\0', header_size + 1);
    const auto low_at = version_end == std::string::npos ? changed.size() : version_end + 14;
    if (changed.size() < low_at + 18 || changed[header_size] != '\x0a' ||
        header_size + length_of(start) != start.size()) {
        if (give_up(out); life_ == Life::opaque) out.pass_to_client(start);
        return false;
    }
    const auto high_at = low_at + 5, mariadb_at = low_at + 14;
    const auto number_at = [&](std::size_t at, std::size_t size) {
        return MysqlBytes(std::string_view(changed).substr(at)).number(size);
    };
    capabilities_ = number_at(low_at, 2) | number_at(high_at, 2) << 16;
    if (options_.strip_tls) {
        capabilities_ &= ~unreadable;
        for (std::size_t i = 0; i < 2; ++i) {
            changed[low_at + i] = static_cast<char>(capabilities_ >> 8 * i & 0xff);
            changed[high_at + i] = static_cast<char>(capabilities_ >> (16 + 8 * i) & 0xff);
        }
    }
    if ((capabilities_ & capability::is_mysql) == 0) capabilities_ |= number_at(mariadb_at, 4) << 32;
    phase_ = Phase::login;
    out.to_client(changed);
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
        meet(*answer.chosen, answer.number, false, out);
        if (life_ != Life::speaking) return false;
        roll_back(answer, out);
    }
    return !answer.is_login || step_ == Step::error || login_done(out);
}

bool MysqlConversation::login_done(Outlet& out) {
    static constexpr std::uint64_t not_understood =
        capability::compress | capability::zstd | capability::optional_metadata;
    phase_ = Phase::commands;
    if ((capabilities_ & not_understood) == 0) return true;
    give_up(out);
    return false;
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
        meet(*told.chosen, told.number, false, out);
        if (life_ != Life::speaking) return false;
        roll_back(told, out);
    }
    return true;
}

void MysqlConversation::meet(const ChosenFault& chosen, MysqlSequence number, bool is_greeting, Outlet& out) {
    const auto& fault = chosen.fault();
    const auto code = fault.code != 0 ? fault.code : chosen.is_of_connection() ? 1040 : 1105;
    if (fault.kind == "garbage")
        out.to_client(garbage());
    else if (is_error(fault) && !lost_connection(fault))
        out.to_client(mysql_error_packet(fault, code, number, !is_greeting));
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
    if (!is_error(fault) || fault.code != 1213) return;
    say_and_forget(mysql_query("ROLLBACK", capabilities_), MysqlShape::result, out);
}

/// Passes all on from here, or ends the connection, if the client still waits for what is told by us. Always
/// false, for those who stop with it.
bool MysqlConversation::give_up(Outlet& out) {
    const bool is_ours = std::ranges::any_of(
        awaited_, [](const auto& a) { return a.chosen.has_value() || a.is_swallowed || a.is_ours; });
    if (is_ours || forming_ || !client_passes_) {
        life_ = Life::ended;
        out.effects().close();
        return false;
    }
    life_ = Life::opaque;
    awaited_.clear();
    return false;
}

}  // namespace

std::unique_ptr<Conversation> make_mysql_conversation(Judge& judge, const ConversationOptions& options) {
    return std::make_unique<MysqlConversation>(judge, options);
}

}  // namespace homespun::seism::wire
