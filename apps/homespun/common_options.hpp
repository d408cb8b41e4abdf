#pragma once
#include <CLI/CLI.hpp>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/config.hpp"
#include "base/result.hpp"

constexpr int exit_failed = 1;
constexpr int exit_usage = 2;

/// What all commands share: where the configuration comes from.
struct CommonOptions {
    std::string file;
    std::string data;
    std::vector<std::string> set;

    void add_to(CLI::App& command);
    [[nodiscard]] homespun::base::Result<homespun::base::config::Overrides> overrides() const;
    /// The settings in force, `more` on top of them.
    [[nodiscard]] homespun::base::Result<homespun::base::config::Settings> settings(
        homespun::base::config::Overrides more = {}) const;
};

/// Tells a person what went wrong; returns `status`.
int complain(std::string_view text, int status);

/// Adds a command with the common options; what `run` returns becomes the exit status.
using AddCommand =
    std::function<CLI::App&(CLI::App& parent, const char* name, const char* help, std::function<int()> run)>;
