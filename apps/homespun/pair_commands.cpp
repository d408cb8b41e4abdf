#include "pair_commands.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>

#include "admin_client.hpp"
#include "base/text.hpp"
#include "pair_explanations.hpp"
#include "sync/client/printable.hpp"
#include "sync/easysetup/party_driver.hpp"
#include "sync/easysetup/receiver.hpp"
#include "sync/easysetup/sender.hpp"
#include "sync/easysetup/sync_key.hpp"
#include "sys/files.hpp"
#include "sys/signals.hpp"
#include "sys/terminal.hpp"

using namespace homespun;
using namespace sync::easysetup;

namespace {

constexpr int exit_wrong_pin = 3;
constexpr int exit_interrupted = 128 + SIGINT;
constexpr std::initializer_list<int> ending_signals = {SIGINT, SIGTERM, SIGHUP};
constexpr std::chrono::milliseconds signal_interval{50};
constexpr unsigned secret_mode = 0600;

/// Progress is for people: what a program may want to read is on standard output.
void tell(std::string_view line) {
    fmt::print(stderr, "{}\n", line);
    std::fflush(stderr);
}

/// One side on its way: ^C gives it up, so that the other device is told; a second one ends at once.
class Pairing {
  public:
    Pairing(const net::ClientSettings& settings, net::http::Url server, Party& party)
        : client_(loop_, settings), driver_(loop_, client_, std::move(server), party) {
        sys::block_signals(ending_signals);
        loop_.every(signal_interval, [this] {
            if (sys::wait_for_signal(ending_signals, 0) == 0) return;
            if (interrupted_) std::_Exit(exit_interrupted);
            interrupted_ = true;
            driver_.abort();
        });
    }

    std::optional<Failure> run(const std::function<void()>& changed) {
        return net::run_here(loop_, driver_.run([&] {
            const auto& trouble = driver_.trouble();
            if (!trouble.empty()) tell(fmt::format("No answer: {}", trouble));
            changed();
        }));
    }

  private:
    net::Loop loop_;
    net::Client client_;
    PartyDriver driver_;
    bool interrupted_ = false;
};

int exit_status(const Failure& failure) {
    switch (failure.code) {
        case ErrorCode::keymismatch:
            return exit_wrong_pin;
        case ErrorCode::userabort:
            return exit_interrupted;
        default:
            return exit_failed;
    }
}

/// Spaced out, to be read across a room; blanks and hyphens do not count when it is typed or copied.
void show_pin(const Pin& pin) {
    const bool terminal = ::isatty(STDERR_FILENO) == 1;
    std::string spaced;
    for (const char c : pin.shown())
        (spaced += ' ') += c;
    tell(fmt::format(
        "\nType this PIN at the device that has the account:\n\n   {}{}{}\n\nWaiting for it, up to "
        "five minutes; ^C gives up.",
        terminal ? "\033[1m" : "", spaced, terminal ? "\033[0m" : ""));
}

base::Result<void> save(const Credentials& credentials, const std::string& path) {
    return sys::write_file_atomically(path, write_credentials(credentials) + "\n", secret_mode);
}

void show_credentials(const Credentials& credentials, bool secrets) {
    // The other device sent these: a terminal must not act on them, a file gets the very bytes.
    const auto shown = [terminal = ::isatty(STDOUT_FILENO) == 1](const std::string& text) {
        return terminal ? sync::client::printable_text(text) : text;
    };
    const auto secret = [&](const std::string& text) { return secrets ? shown(text) : "(hidden)"; };
    fmt::print("account   {}\npassword  {}\nsync key  {}\nserver    {}\n", shown(credentials.account),
               secret(credentials.password), secret(credentials.sync_key), shown(credentials.server_url));
}

/// Before a person types anything: where the result is to go must take it.
base::Result<void> may_save(const std::string& path) {
    const auto parent = std::filesystem::path(path).parent_path();
    const auto folder = parent.empty() ? std::string(".") : parent.string();
    if (std::filesystem::is_directory(path))
        return base::fail(fmt::format("--save {}: is a directory", path));
    if (::access(folder.c_str(), W_OK) == 0) return {};
    return base::fail(fmt::format("--save {}: cannot write to {}: {}", path, folder, std::strerror(errno)));
}

}  // namespace

void PairCommands::add_to(CLI::App& app, const AddCommand& command) {
    auto& pair = *app.add_subcommand(
        "pair", "Hand an account from one machine to another by a PIN (Easy Setup, as Firefox 4 to 28)");
    pair.require_subcommand(1);
    const auto add = [&](const char* name, const char* help, std::function<int()> run) -> CLI::App& {
        auto& made = command(pair, name, help, std::move(run));
        made.add_option("--server", server_,
                        "The key exchange, like https://sync.example/keyexchange/; without it that of this "
                        "machine's running server");
        made.add_option("--protocol", protocol_, "1, 2 or 3: what to speak, for trials with old clients")
            ->check(CLI::Range(1, newest_version))
            ->capture_default_str();
        made.add_option("--poll", poll_s_, "Seconds between two questions to the key exchange")
            ->check(CLI::Range(0.05, 5.0))
            ->capture_default_str();
        return made;
    };
    auto& receive = add("receive", "Show a PIN, and get the account from the device where it is typed",
                        [this] { return this->receive(); });
    receive.add_option("--save", save_, "Write the account to this file (JSON, mode 0600)");
    receive.add_flag("--show", show_, "Print password and sync key too");
    auto& send = add("send", "Type the PIN that a new device shows, and hand the account to it",
                     [this] { return this->send(); });
    send.add_option(
        "PIN", pin_,
        "As the new device shows it; better without: then it is asked for, or read from standard input");
    auto* saved = send.add_option("--credentials", saved_, "The account, as `pair receive --save` wrote it");
    send.add_option("--account", account_, "Name of the account")->excludes(saved);
    send.add_option("--password-file", password_file_, "File whose first line is its password")
        ->excludes(saved);
    send.add_option("--sync-key-file", sync_key_file_, "File whose first line is its sync key")
        ->excludes(saved);
    send.add_option("--url", url_, "The server with which the new device shall sync")->excludes(saved);
}

std::chrono::milliseconds PairCommands::poll_interval() const {
    return std::chrono::milliseconds(static_cast<std::int64_t>(poll_s_ * 1000));
}

std::expected<PairCommands::Connection, int> PairCommands::connection() const {
    const auto settings = common_.settings();
    if (!settings) return std::unexpected(complain(settings.error().message, exit_usage));
    auto text = server_;
    if (text.empty()) {
        const auto answer = ask_server(settings->text("data"), "GET", "/keyexchange/url", {});
        if (!answer) {
            return std::unexpected(
                complain(answer.error().message + "; or name a key exchange with --server", exit_failed));
        }
        if (const auto* url = answer->string("url")) text = *url;
    }
    auto url = net::http::Url::parse(text);
    if (!url) {
        return std::unexpected(
            complain(fmt::format("--server {}: {}", text, url.error().message), exit_usage));
    }
    tell(fmt::format("Key exchange: {}", text));
    return Connection{std::move(*url),
                      {.ca_file = settings->text("ca_file"), .proxy = settings->text("http_proxy")}};
}

int PairCommands::receive() const {
    if (auto fine = save_.empty() ? base::Result<void>() : may_save(save_); !fine)
        return complain(fine.error().message, exit_usage);
    const auto connection = this->connection();
    if (!connection) return connection.error();
    if (save_.empty() && !show_)
        tell("Password and sync key will not be shown: --show prints them, --save FILE keeps them.");
    base::SystemRandom random;
    Receiver receiver(random, protocol_, poll_interval());
    bool pin_shown = false, begun = false;
    const auto failure = Pairing(connection->client, connection->server, receiver).run([&] {
        if (receiver.ready() && !pin_shown) show_pin(*receiver.pin());
        if (receiver.started() && !begun) tell("The other device answers.");
        pin_shown = receiver.ready();
        begun = receiver.started();
    });
    if (failure) return complain(explain(*failure, Role::receiver, begun), exit_status(*failure));
    const auto& credentials = *receiver.credentials();
    tell("Paired.");
    const auto saved = save_.empty() ? base::Result<void>() : save(credentials, save_);
    show_credentials(credentials, show_);
    if (!saved) return complain(saved.error().message + "; pair again", exit_failed);
    return 0;
}

base::Result<Credentials> PairCommands::credentials() const {
    if (!saved_.empty()) {
        const auto text = sys::read_file(saved_);
        if (!text) return std::unexpected(text.error());
        auto parsed = parse_credentials(*text);
        if (!parsed) return base::fail(fmt::format("{}: {}", saved_, parsed.error().detail));
        return std::move(*parsed);
    }
    for (const auto& [name, value] : {std::pair("--account", &account_),
                                      {"--password-file", &password_file_},
                                      {"--sync-key-file", &sync_key_file_},
                                      {"--url", &url_}}) {
        if (value->empty())
            return base::fail(
                fmt::format("{} is missing: say whose account it is with --account, "
                            "--password-file, --sync-key-file and --url, or with --credentials",
                            name));
    }
    const auto password = sys::read_secret(password_file_);
    if (!password) return std::unexpected(password.error());
    const auto written_key = sys::read_secret(sync_key_file_);
    if (!written_key) return std::unexpected(written_key.error());
    const auto sync_key = parse_sync_key(*written_key);
    if (!sync_key) return base::fail(fmt::format("{}: {}", sync_key_file_, sync_key.error().message));
    if (!base::is_utf8(*password)) return base::fail(password_file_ + ": the password is not UTF-8");
    if (!base::is_utf8(account_) || !base::is_utf8(url_)) return base::fail("--account or --url: not UTF-8");
    return Credentials{account_, *password, *sync_key, url_};
}

base::Result<Pin> PairCommands::ask_for_pin() const {
    if (!pin_.empty()) return Pin::parse(pin_);
    for (;;) {
        const auto line = sys::ask("PIN that the new device shows: ");
        if (!line) return base::fail("no PIN was given: " + line.error().message);
        auto pin = Pin::parse(*line);
        if (pin || !sys::stdin_is_terminal()) return pin;
        tell(pin.error().message);
    }
}

int PairCommands::send() const {
    if (!pin_.empty()) {
        tell(
            "Everybody on this machine can read the PIN in the list of processes. Without it among the "
            "arguments it is asked for, or taken from standard input.");
    }
    const auto credentials = this->credentials();
    if (!credentials) return complain(credentials.error().message, exit_usage);
    const auto connection = this->connection();
    if (!connection) return connection.error();
    auto pin = ask_for_pin();
    if (!pin) return complain(pin.error().message, exit_usage);
    base::SystemRandom random;
    Sender sender(std::move(*pin), random, false, protocol_, poll_interval());
    base::Result<void> handed;
    bool paired = false;
    tell("Talking to the new device.");
    const auto failure = Pairing(connection->client, connection->server, sender).run([&] {
        if (!sender.paired() || paired) return;
        paired = true;
        tell("The PIN is right: handing the account over.");
        handed = sender.send(*credentials);
        if (!handed) sender.abort();
    });
    if (!handed) return complain(handed.error().message, exit_usage);
    if (failure) return complain(explain(*failure, Role::sender, paired), exit_status(*failure));
    fmt::print("The new device can take {} now.\n", credentials->account);
    return 0;
}
