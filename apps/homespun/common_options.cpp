#include "common_options.hpp"

#include <fmt/format.h>

#include <iterator>

#include "settings.hpp"

using namespace homespun;
namespace config = base::config;

void CommonOptions::add_to(CLI::App& command) {
    command.add_option("--config", file,
                       "Configuration file (TOML); default /etc/homespun.toml if it is there");
    command.add_option("--data", data, "Data directory");
    command.add_option("--set", set, "Any setting, as name=value; `homespun config --template` lists them")
        ->allow_extra_args(false);  // one value each: what follows is the command's own
}

base::Result<config::Overrides> CommonOptions::overrides() const {
    config::Overrides flags;
    if (!data.empty()) flags.emplace_back("data", data);
    for (const auto& pair : set) {
        const auto equals = pair.find('=');
        if (equals == std::string::npos) return base::fail(fmt::format("--set {}: write name=value", pair));
        flags.emplace_back(pair.substr(0, equals), pair.substr(equals + 1));
    }
    return flags;
}

base::Result<config::Settings> CommonOptions::settings(config::Overrides more) const {
    auto flags = overrides();
    if (!flags) return std::unexpected(flags.error());
    std::ranges::move(more, std::back_inserter(*flags));
    return load_settings(file, std::move(*flags));
}

int complain(std::string_view text, int status) {
    fmt::print(stderr, "homespun: {}\n", text);
    return status;
}
