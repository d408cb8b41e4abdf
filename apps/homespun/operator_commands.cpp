#include "operator_commands.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <chrono>
#include <cstdint>
#include <optional>

using namespace homespun;
using base::json::Value;
using base::json::Writer;

namespace {

void show_nothing(const Value&) {}

std::int64_t number(const Value& object, std::string_view name) {
    const auto* value = object.integer(name);
    return value ? *value : 0;
}

std::string_view text(const Value& object, std::string_view name) {
    const auto* value = object.string(name);
    return value ? std::string_view(*value) : std::string_view();
}

bool flag(const Value& object, std::string_view name) {
    const auto* value = object.boolean(name);
    return value != nullptr && *value;
}

void show_nodes(const Value& answer) {
    const auto* nodes = answer.array();
    fmt::print("{:<44} {:>9} {:>9} {:>11} {:>9}  {}\n", "node", "users", "load", "capacity", "available",
               "state");
    for (const auto& node : nodes ? *nodes : base::json::Array{}) {
        fmt::print("{:<44} {:>9} {:>9} {:>11} {:>9}  {}{}\n", text(node, "url"), number(node, "users"),
                   number(node, "current_load"), number(node, "capacity"), number(node, "available"),
                   flag(node, "downed")    ? "down"
                   : flag(node, "backoff") ? "backing off"
                                           : "up",
                   flag(node, "own") ? ", this server" : "");
    }
}

std::string moment(const Value& row, std::string_view name) {
    const auto* ms = row.integer(name);
    if (ms == nullptr) return "-";
    return fmt::format("{:%Y-%m-%d %H:%M}", fmt::gmtime(static_cast<std::time_t>(*ms / 1000)));
}

void show_rows(const Value& answer) {
    const auto* rows = answer.member("rows");
    fmt::print("{:>10}  {:<16}  {:<16}  {}\n", "uid", "since", "replaced", "node");
    for (const auto& row : rows && rows->array() ? *rows->array() : base::json::Array{}) {
        const auto node = text(row, "node");
        fmt::print("{:>10}  {:<16}  {:<16}  {}\n", number(row, "uid"), moment(row, "created_at_ms"),
                   moment(row, "replaced_at_ms"), node.empty() ? "(no such node)" : node);
    }
}

/// What the node commands are told.
struct NodeOptions {
    std::string url;
    std::optional<std::int64_t> capacity, available, current_load;
    std::optional<bool> downed, backing_off;

    [[nodiscard]] std::string body() const {
        std::string out;
        Writer writer(out);
        writer.begin_object().member("url", std::string_view(url));
        if (capacity) writer.member("capacity", *capacity);
        if (available) writer.member("available", *available);
        if (current_load) writer.member("current_load", *current_load);
        if (downed) writer.member("downed", *downed);
        if (backing_off) writer.member("backoff", *backing_off);
        writer.end_object();
        return out;
    }
};

void add_numbers(CLI::App& command, NodeOptions& options) {
    command.add_option("--capacity", options.capacity, "Users it may hold");
    command.add_option("--available", options.available, "Users it takes until capacity is released again");
    command.add_option("--current-load", options.current_load, "Users it is counted to hold");
    command.add_option("--downed", options.downed,
                       "true: takes nobody new, and its old users wait to be purged");
    command.add_option("--backoff", options.backing_off, "true: takes nobody new");
}

std::string email_body(const std::string& email, const std::string& url = {}) {
    std::string out;
    Writer writer(out);
    writer.begin_object().member("email", std::string_view(email));
    if (!url.empty()) writer.member("url", std::string_view(url));
    writer.end_object();
    return out;
}

}  // namespace

void add_node_commands(CLI::App& app, const OperatorTools& tools) {
    auto& node = *app.add_subcommand("node", "The storage servers that users are sent to");
    node.require_subcommand(1);
    // Filled while the command line is parsed, read when a command runs.
    const auto options = std::make_shared<NodeOptions>();
    const auto post = [&](const char* name, const char* help, std::string target,
                          std::function<void(const Value&)> show = show_nothing) -> CLI::App& {
        auto& command = tools.add(
            node, name, help, [=, ask = tools.ask] { return ask("POST", target, options->body(), show); });
        command.add_option("url", options->url, "Like https://sync2.example/storage")->required();
        command.add_flag("--json", *tools.json);
        return command;
    };
    tools.add(node, "list", "All nodes", [ask = tools.ask] { return ask("GET", "/nodes", {}, show_nodes); })
        .add_flag("--json", *tools.json);
    add_numbers(post("add", "Send users to a further server, which has the same token secret", "/nodes"),
                *options);
    add_numbers(post("set", "Change a node", "/nodes/set"), *options);
    for (const auto& [name, help, down] :
         {std::tuple("down", "Send nobody new to a node; who is there stays", true),
          std::tuple("up", "Send users to a node again", false)}) {
        auto& command = tools.add(node, name, help, [=, down = down, ask = tools.ask] {
            options->downed = down;
            if (!down) options->backing_off = false;
            return ask("POST", "/nodes/set", options->body(), show_nothing);
        });
        command.add_option("url", options->url)->required();
        command.add_flag("--json", *tools.json);
    }
    post("drain", "Send a node's users elsewhere, at their next token, and nobody new to it", "/nodes/drain",
         [](const Value& answer) { fmt::print("{} users will move\n", number(answer, "users")); });
    post("remove", "Forget a node; its users go elsewhere", "/nodes/remove");
}

void add_user_commands(CLI::App& user, const OperatorTools& tools) {
    struct Options {
        std::string email, url;
        bool yes = false, force = false;
        std::optional<std::int64_t> grace_s;
    };
    const auto options = std::make_shared<Options>();
    const auto post = [&](const char* name, const char* help, std::string target,
                          std::function<void(const Value&)> show = show_nothing) -> CLI::App& {
        auto& command = tools.add(user, name, help, [=, ask = tools.ask] {
            return ask("POST", target, email_body(options->email, options->url), show);
        });
        command.add_option("email", options->email, "The address of an account; or uid@domain")->required();
        command.add_flag("--json", *tools.json);
        return command;
    };
    post("show", "A user's rows at the token server: storage uid, node, since when", "/users/show",
         show_rows);
    post("move", "Send a user to a node; its devices upload everything there", "/users/move")
        .add_option("url", options->url, "The node")
        ->required();
    post("revoke", "End all sessions and tokens of an account; its devices must sign in again",
         "/users/revoke");
    auto& remove =
        tools.add(user, "remove", "Remove an account with everything it stored", [=, ask = tools.ask] {
            if (!options->yes) {
                fmt::print(stderr, "homespun: this removes {} and all its data; say --yes if you mean it\n",
                           options->email);
                return exit_usage;
            }
            return ask("POST", "/users/remove", email_body(options->email), show_nothing);
        });
    remove.add_option("email", options->email, "The address of an account; or uid@domain")->required();
    remove.add_flag("--yes", options->yes, "Do it");
    remove.add_flag("--json", *tools.json);
    auto& purge =
        tools.add(user, "purge", "End users that were replaced, with their data, now", [=, ask = tools.ask] {
            std::string body;
            Writer writer(body);
            writer.begin_object().member("force", options->force);
            if (options->grace_s) writer.member("grace_s", *options->grace_s);
            writer.end_object();
            return ask("POST", "/users/purge", body, [](const Value& answer) {
                fmt::print("{} removed, {} postponed\n", number(answer, "removed"),
                           number(answer, "postponed"));
            });
        });
    purge.add_flag("--force", options->force, "Ask nodes that are marked as down as well");
    purge.add_option("--grace", options->grace_s, "Seconds since they were replaced; a day without this")
        ->check(CLI::NonNegativeNumber);
    purge.add_flag("--json", *tools.json);
}

void add_notice_command(CLI::App& app, const OperatorTools& tools) {
    struct Options {
        std::optional<std::int64_t> backoff_s, retry_after_s;
        std::optional<std::string> alert;
        bool clear = false;
    };
    const auto options = std::make_shared<Options>();
    const auto show = [](const Value& answer) {
        fmt::print("backoff      {} s\nretry-after  {} s\nalert        {}\n", number(answer, "backoff_s"),
                   number(answer, "retry_after_s"), text(answer, "alert"));
    };
    auto& notice =
        tools.add(app, "notice", "Show or change what the storage tells all clients", [=, ask = tools.ask] {
            auto wanted = *options;
            if (wanted.clear) wanted = {.backoff_s = 0, .retry_after_s = 0, .alert = ""};
            if (!wanted.backoff_s && !wanted.retry_after_s && !wanted.alert)
                return ask("GET", "/notices", {}, show);
            std::string body;
            Writer writer(body);
            writer.begin_object();
            if (wanted.backoff_s) writer.member("backoff_s", *wanted.backoff_s);
            if (wanted.retry_after_s) writer.member("retry_after_s", *wanted.retry_after_s);
            if (wanted.alert) writer.member("alert", std::string_view(*wanted.alert));
            writer.end_object();
            return ask("POST", "/notices", body, show);
        });
    notice.add_option("--backoff", options->backoff_s,
                      "Seconds all clients shall stay away (X-Weave-Backoff)");
    notice.add_option("--retry-after", options->retry_after_s, "Least seconds of Retry-After with a 503");
    notice.add_option("--alert", options->alert, "A line for people (X-Weave-Alert); empty takes it back");
    notice.add_flag("--clear", options->clear, "Take everything back");
    notice.add_flag("--json", *tools.json);
}
