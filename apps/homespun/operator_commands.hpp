#pragma once
#include <functional>
#include <string>

#include "base/json.hpp"
#include "common_options.hpp"

/// How the commands below reach the running server: method, target, body, and what shows its answer to
/// people. Gives the exit status.
using AskServer = std::function<int(std::string method, std::string target, std::string body,
                                    const std::function<void(const homespun::base::json::Value&)>& show)>;
struct OperatorTools {
    AddCommand add;
    AskServer ask;
    bool* json = nullptr;  ///< set by --json: answers are printed as they come
};

/// `homespun node …`: the storage servers that users are sent to.
void add_node_commands(CLI::App& app, const OperatorTools& tools);
/// `homespun notice`: what all clients are told.
void add_notice_command(CLI::App& app, const OperatorTools& tools);
/// `homespun keyexchange …`: Easy Setup.
void add_key_exchange_commands(CLI::App& app, const OperatorTools& tools);
/// `homespun user …`, all but `list`.
void add_user_commands(CLI::App& user, const OperatorTools& tools);
