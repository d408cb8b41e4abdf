// barrel: check, list and format contracts. Exit codes: 0 well, 1 something is wrong in a contract, 2 the
// work could not be done (wrong usage, a file that cannot be read or written).

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <expected>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>
#include <system_error>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "barrel/rbr/check.hpp"
#include "barrel/rbr/format.hpp"
#include "barrel/rbr/parser.hpp"
#include "barrel/rbr/routes.hpp"

namespace {

namespace rbr = homespun::barrel::rbr;

constexpr int well = 0;
constexpr int wrong = 1;
constexpr int failed = 2;

void complain(const std::string& text) {
    fmt::print(stderr, "{}", text);
}

std::expected<std::string, std::string> read_file(const std::string& name) {
    std::error_code ignored;
    if (std::filesystem::is_directory(name, ignored))
        return std::unexpected(fmt::format("barrel: {}: is a directory\n", name));
    errno = 0;
    std::ifstream file(name, std::ios::binary);
    if (!file) return std::unexpected(fmt::format("barrel: {}: {}\n", name, std::strerror(errno)));
    std::ostringstream text;
    if (file.peek() != std::ifstream::traits_type::eof()) text << file.rdbuf();
    if (file.bad() || text.fail()) return std::unexpected(fmt::format("barrel: {}: cannot be read\n", name));
    return std::move(text).str();
}

/// Reads and parses; what goes wrong is told, `code` says how bad it is.
std::optional<rbr::File> load(const std::string& name, int& code) {
    const auto text = read_file(name);
    if (!text) {
        complain(text.error());
        code = failed;
        return std::nullopt;
    }
    auto file = rbr::parse(*text, name);
    if (!file) {
        complain(file.error().render());
        code = std::max(code, wrong);
        return std::nullopt;
    }
    return std::move(*file);
}

int check(const std::vector<std::string>& names) {
    int code = well;
    for (const std::string& name : names) {
        const auto file = load(name, code);
        if (!file) continue;
        const rbr::Diagnostics problems = rbr::check(*file);
        complain(rbr::render(problems));
        if (!problems.empty())
            code = std::max(code, wrong);
        else
            fmt::print("{}: well\n", name);
    }
    return code;
}

int routes(const std::string& name) {
    int code = well;
    const auto file = load(name, code);
    if (!file) return code;
    const rbr::Diagnostics problems = rbr::check(*file);
    complain(rbr::render(problems));
    if (!problems.empty()) return wrong;
    fmt::print("{}", rbr::routes_table(*file));
    return well;
}

int format(const std::vector<std::string>& names, bool write, bool only_check) {
    int code = well;
    for (const std::string& name : names) {
        const auto file = load(name, code);
        if (!file) continue;
        const std::string text = rbr::format(*file);
        const bool same = text == file->source.text;
        if (only_check) {
            if (same) continue;
            complain(fmt::format("{}: not in the canonical layout\n", name));
            code = std::max(code, wrong);
        } else if (!write) {
            fmt::print("{}", text);
        } else if (!same) {
            std::ofstream out(name, std::ios::binary | std::ios::trunc);
            out << text;
            out.close();
            if (out) continue;
            complain(fmt::format("barrel: {}: cannot be written\n", name));
            code = failed;
        }
    }
    return code;
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app{"barrel: contracts of web services, written in RBR"};
    app.require_subcommand(1);

    std::vector<std::string> names;
    CLI::App* check_command = app.add_subcommand("check", "Say what is wrong in contracts");
    check_command->add_option("FILE", names, "Contracts (.rbr)")->required();

    std::string name;
    CLI::App* routes_command = app.add_subcommand("routes", "List the paths of a contract");
    routes_command->add_option("FILE", name, "Contract (.rbr)")->required();

    bool write = false;
    bool only_check = false;
    CLI::App* format_command = app.add_subcommand("fmt", "Put contracts into the canonical layout");
    format_command->add_option("FILE", names, "Contracts (.rbr)")->required();
    CLI::Option* write_flag =
        format_command->add_flag("--write", write, "Write the files instead of showing them");
    format_command->add_flag("--check", only_check, "Only say which files differ")->excludes(write_flag);

    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? well : failed;
    }
    if (check_command->parsed()) return check(names);
    if (routes_command->parsed()) return routes(name);
    return format(names, write, only_check);
}
