#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "operator_commands.hpp"

using namespace homespun;
using base::json::Value;

namespace {

void show_blacklist(const Value& answer) {
    const auto* all = answer.array();
    fmt::print("{:<40} {:<13} {:>12}\n", "address", "for", "seconds left");
    for (const auto& listed : all ? *all : base::json::Array{}) {
        const auto* address = listed.string("address");
        const auto* why = listed.string("why");
        const auto* left = listed.integer("seconds_left");
        fmt::print("{:<40} {:<13} {:>12}\n", address ? *address : "", why ? *why : "", left ? *left : 0);
    }
}

std::string clear_body(const std::string& address) {
    std::string body;
    base::json::Writer writer(body);
    writer.begin_object();
    if (!address.empty()) writer.member("address", std::string_view(address));
    writer.end_object();
    return body;
}

}  // namespace

void add_key_exchange_commands(CLI::App& app, const OperatorTools& tools) {
    auto& exchange = *app.add_subcommand("keyexchange", "Easy Setup: pairing of old browsers and phones");
    exchange.require_subcommand(1);
    auto& blacklist = *exchange.add_subcommand("blacklist", "Addresses that called too often");
    blacklist.require_subcommand(1);
    tools
        .add(blacklist, "list", "Show them",
             [ask = tools.ask] { return ask("GET", "/keyexchange/blacklist", {}, show_blacklist); })
        .add_flag("--json", *tools.json);
    const auto address = std::make_shared<std::string>();
    auto& clear = tools.add(blacklist, "clear", "Let an address in again, or all", [=, ask = tools.ask] {
        return ask("POST", "/keyexchange/blacklist/clear", clear_body(*address), [](const Value& answer) {
            const auto* count = answer.integer("cleared");
            fmt::print("{} cleared\n", count ? *count : 0);
        });
    });
    clear.add_option("address", *address, "As the list shows it; all without one");
    clear.add_flag("--json", *tools.json);
}
