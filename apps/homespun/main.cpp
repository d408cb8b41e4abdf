#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <functional>

#include "admin_client.hpp"
#include "client_commands.hpp"
#include "common_options.hpp"
#include "data_commands.hpp"
#include "operator_commands.hpp"
#include "pair_commands.hpp"
#include "serve.hpp"
#include "settings.hpp"

using namespace homespun;
namespace config = base::config;

namespace {

constexpr int seeds_at_once = 500;  // that the server makes for one request

std::string joined(const std::vector<std::string>& texts) {
    return fmt::format("{}", fmt::join(texts, " "));
}

struct Commands {
    CommonOptions common;
    std::vector<std::string> listen, public_url, only, arguments;
    std::string signup;
    bool no_arbiter = false, json = false, show_template = false;
    int hours = 24 * 7;
    int seed_count = 0;
    std::int64_t offset_s = 0;

    base::Result<config::Settings> settings() const {
        config::Overrides flags;
        if (!listen.empty()) flags.emplace_back("listen", joined(listen));
        if (!public_url.empty()) flags.emplace_back("public_url", joined(public_url));
        if (!only.empty()) flags.emplace_back("services", joined(only));
        if (!signup.empty()) flags.emplace_back("signup", signup);
        return common.settings(std::move(flags));
    }

    /// Asks the running server and hands its answer to `show`.
    int ask(std::string method, std::string target, std::string body,
            const std::function<void(const base::json::Value&)>& show) const {
        const auto settings = this->settings();
        if (!settings) return complain(settings.error().message, exit_usage);
        const auto answer =
            ask_server(settings->text("data"), std::move(method), std::move(target), std::move(body));
        if (!answer) return complain(answer.error().message, exit_failed);
        if (json) {
            fmt::print("{}\n", base::json::to_text(*answer));
        } else {
            show(*answer);
        }
        return 0;
    }

    int run_serve() const {
        auto settings = this->settings();
        if (!settings) return complain(settings.error().message, exit_usage);
        return serve({std::move(*settings), no_arbiter, arguments});
    }

    int run_config() const {
        if (show_template) {
            fmt::print("{}", config::template_text(setting_keys()));
            return 0;
        }
        const auto settings = this->settings();
        if (!settings) return complain(settings.error().message, exit_usage);
        fmt::print("{}", config::describe(setting_keys(), *settings));
        return 0;
    }

    int run_invite() const {
        return ask("POST", "/invites", fmt::format("{{\"hours\":{}}}", hours),
                   [](const base::json::Value& answer) {
                       const auto* link = answer.string("link");
                       fmt::print("{}\n", link ? *link : "");
                   });
    }

    int run_user_list() const {
        return ask("GET", "/users", {}, [](const base::json::Value& answer) {
            const auto* users = answer.array();
            fmt::print("{:<34} {:<32} {:>8} {:>8}\n", "account", "e-mail", "sessions", "devices");
            for (const auto& user : users ? *users : base::json::Array{}) {
                const auto text = [&](std::string_view name) {
                    return user.string(name) ? *user.string(name) : std::string();
                };
                const auto number = [&](std::string_view name) {
                    return user.integer(name) ? *user.integer(name) : 0;
                };
                fmt::print("{:<34} {:<32} {:>8} {:>8}\n", text("uid"), text("email"), number("sessions"),
                           number("devices"));
            }
        });
    }

    /// One JSON line an account, for `stampede --accounts`. What was made before an error is written.
    int run_seed() const {
        const auto settings = this->settings();
        if (!settings) return complain(settings.error().message, exit_usage);
        for (int left = seed_count; left > 0; left -= seeds_at_once) {
            const auto answer = ask_server(settings->text("data"), "POST", "/seed",
                                           fmt::format("{{\"count\":{}}}", std::min(left, seeds_at_once)));
            if (!answer) return complain(answer.error().message, exit_failed);
            const auto* accounts = answer->array();
            for (const auto& account : accounts ? *accounts : base::json::Array{})
                fmt::print("{}\n", base::json::to_text(account));
            if (std::fflush(stdout) != 0) return complain("the accounts cannot be written", exit_failed);
        }
        return 0;
    }

    static void show_secrets(const base::json::Value& answer) {
        if (const auto* token = answer.member("token"); token != nullptr && token->array() != nullptr) {
            for (const auto& one : *token->array())
                fmt::print("token    {}\n", one.string() ? *one.string() : "");
        }
        for (const char* const name : {"metrics", "salt"}) {
            if (const auto* value = answer.string(name)) fmt::print("{:<8} {}\n", name, *value);
        }
    }
};

}  // namespace

int main(int argc, char** argv) {
    CLI::App app{"Homespun: your own Firefox Sync in one program"};
    app.set_version_flag("--version", HOMESPUN_VERSION);
    app.require_subcommand(1);
    Commands commands;
    commands.arguments.assign(argv, argv + argc);
    int status = 0;
    const AddCommand plain_command = [&](CLI::App& parent, const char* name, const char* help,
                                         std::function<int()> run) -> CLI::App& {
        auto& sub = *parent.add_subcommand(name, help);
        sub.callback([&status, run = std::move(run)] { status = run(); });
        return sub;
    };
    const AddCommand command = [&](CLI::App& parent, const char* name, const char* help,
                                   std::function<int()> run) -> CLI::App& {
        auto& sub = plain_command(parent, name, help, std::move(run));
        commands.common.add_to(sub);
        return sub;
    };

    auto& serve_command =
        command(app, "serve", "Serve accounts, tokens and storage", [&] { return commands.run_serve(); });
    serve_command.add_option("--listen", commands.listen, "HOST:PORT or unix:/path; may be repeated");
    serve_command.add_option("--public-url", commands.public_url,
                             "What clients see, like https://sync.example");
    serve_command.add_option("--only", commands.only,
                             "Which services run here, like token,storage; all without it");
    serve_command.add_option("--signup", commands.signup, "closed, first or open");
    serve_command.add_flag("--no-arbiter", commands.no_arbiter, "Serve in this very process");

    auto& config_command = command(app, "config", "Show the configuration in force and where it comes from",
                                   [&] { return commands.run_config(); });
    config_command.add_flag("--template", commands.show_template,
                            "Print a commented file with every key instead");

    auto& invite = command(app, "invite", "Print a link with which one person may sign up",
                           [&] { return commands.run_invite(); });
    invite.add_option("--hours", commands.hours, "How long the link works")->capture_default_str();
    invite.add_flag("--json", commands.json);

    auto& user = *app.add_subcommand("user", "Accounts");
    user.require_subcommand(1);
    command(user, "list", "All accounts", [&] {
        return commands.run_user_list();
    }).add_flag("--json", commands.json);
    const OperatorTools tools{
        command,
        [&](std::string method, std::string target, std::string body, const auto& show) {
            return commands.ask(std::move(method), std::move(target), std::move(body), show);
        },
        &commands.json};
    add_user_commands(user, tools);
    add_node_commands(app, tools);
    add_notice_command(app, tools);
    add_key_exchange_commands(app, tools);

    command(app, "seed", "Make accounts for a load test; prints a line with an access token for each",
            [&] { return commands.run_seed(); })
        .add_option("count", commands.seed_count, "How many")
        ->required()
        ->check(CLI::Range(1, 1'000'000));

    auto& secret = *app.add_subcommand("secret", "The server's secrets");
    secret.require_subcommand(1);
    command(secret, "show", "Print them", [&] {
        return commands.ask("GET", "/secrets", {}, Commands::show_secrets);
    }).add_flag("--json", commands.json);
    command(secret, "rotate", "Sign storage tokens with a fresh secret; the last ones stay good for checking",
            [&] { return commands.ask("POST", "/secrets/rotate", {}, Commands::show_secrets); })
        .add_flag("--json", commands.json);

    DataCommands data_commands(commands.common);
    data_commands.add_to(app, command);
    PairCommands pair_commands(commands.common);
    pair_commands.add_to(app, command);

    ClientCommands client_commands;  // know nothing of a server's configuration
    client_commands.add_to(app, plain_command);

#ifdef HOMESPUN_TEST_CONTROL
    auto& test = *app.add_subcommand("test", "Test control");
    test.require_subcommand(1);
    command(test, "clock", "Shift the server's clock",
            [&] {
                return commands.ask("POST", "/test/clock",
                                    fmt::format("{{\"offset_ms\":{}}}", commands.offset_s * 1000),
                                    [](const base::json::Value&) {});
            })
        .add_option("--offset", commands.offset_s, "Seconds from the real time")
        ->required();
#endif

    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : exit_usage;
    }
    return status;
}
