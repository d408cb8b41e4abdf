#include "compare.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "base/text.hpp"
#include "stampede/results/diff.hpp"
#include "stampede/results/run_folder.hpp"
#include "stampede/results/trend.hpp"
#include "sys/files.hpp"

using namespace homespun;
using namespace homespun::stampede;

namespace {

base::Result<std::vector<Run>> read_runs(const std::vector<std::string>& folders) {
    std::vector<Run> runs;
    for (const auto& folder : folders) {
        auto run = RunFolder::read(folder);
        if (!run) return std::unexpected(run.error());
        runs.push_back(std::move(*run));
    }
    return runs;
}

std::vector<std::string> folders_of(const std::string& side) {
    std::vector<std::string> folders;
    for (const auto part : base::split(side, ',')) {
        if (!part.empty()) folders.emplace_back(part);
    }
    return folders;
}

/// Prints what was found and keeps it as NAME.html and NAME.json where wanted.
template <class Found>
base::Result<void> tell(const base::Result<Found>& found, const CompareOptions& options,
                        const std::string& name) {
    if (!found) return std::unexpected(found.error());
    fmt::print("{}", options.json ? to_json(*found) + "\n" : to_text(*found));
    if (options.output.empty()) return {};
    std::error_code error;
    std::filesystem::create_directories(options.output, error);
    if (error) return base::fail(fmt::format("cannot make {}: {}", options.output, error.message()));
    const auto path = options.output + "/" + name;
    constexpr unsigned readable = 0644;
    if (auto written = sys::write_file_atomically(path + ".html", to_html(*found), readable); !written)
        return written;
    return sys::write_file_atomically(path + ".json", to_json(*found), readable);
}

int finish(const base::Result<void>& told, int code) {
    constexpr int failed = 2;
    if (told) return code;
    fmt::print(stderr, "stampede: {}\n", told.error().message);
    return failed;
}

}  // namespace

int run_diff(const CompareOptions& options) {
    const auto a = read_runs(folders_of(options.folders.at(0)));
    if (!a) return finish(std::unexpected(a.error()), 0);
    const auto b = read_runs(folders_of(options.folders.at(1)));
    if (!b) return finish(std::unexpected(b.error()), 0);
    DiffOptions how;
    how.name_a = options.folders[0];
    how.name_b = options.folders[1];
    how.force = options.force;
    const auto diff = compare_runs(*a, *b, how);
    return finish(tell(diff, options, "diff"), exit_code(diff));
}

int run_trend(const CompareOptions& options) {
    const auto runs = read_runs(options.folders);
    if (!runs) return finish(std::unexpected(runs.error()), 0);
    TrendOptions how;
    how.recent = static_cast<std::size_t>(std::max(options.recent, 1));
    const auto trend = follow(*runs, how);
    return finish(tell(trend, options, "trend"), exit_code(trend));
}
