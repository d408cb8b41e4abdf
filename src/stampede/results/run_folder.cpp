#include "stampede/results/run_folder.hpp"

#include <fmt/format.h>

#include <filesystem>

#include "base/text.hpp"
#include "stampede/results/level_histograms.hpp"
#include "stampede/results/run_json.hpp"
#include "stampede/results/run_tables.hpp"
#include "sys/files.hpp"

namespace homespun::stampede {
namespace {

// Far above what a run writes in a day; keeps a wrong file from filling the memory.
constexpr std::uintmax_t largest_file = std::uintmax_t{1} << 30;

constexpr const char* data_files[] = {"head.json", "samples.jsonl", "levels.jsonl", "histograms.hlog",
                                      "run.json"};

std::string join(const std::string& path, std::string_view name) {
    return (std::filesystem::path(path) / name).string();
}

bool exists(const std::string& path) {
    std::error_code error;
    return std::filesystem::exists(path, error);
}

std::unexpected<base::Error> in_file(const std::string& path, const base::Error& error) {
    return base::fail(fmt::format("{}: {}", path, error.message));
}

base::Result<std::string> read_checked(const std::string& path) {
    std::error_code error;
    if (exists(path)) {
        if (!std::filesystem::is_regular_file(path, error)) return base::fail(path + " is no regular file");
        if (std::filesystem::file_size(path, error) > largest_file)
            return base::fail(path + " is too large for a file of a run");
    }
    return sys::read_file(path);
}

/// The text without a last line that has no end: a crash cut it short.
std::string_view whole_lines(std::string_view text) {
    const auto end = text.rfind('\n');
    return text.substr(0, end == std::string_view::npos ? 0 : end + 1);
}

/// Reads a file of one JSON value a line.
template <class T>
base::Result<std::vector<T>> read_lines(const std::string& path, bool torn,
                                        base::Result<T> (*from_json)(std::string_view)) {
    const auto text = read_checked(path);
    if (!text) return std::unexpected(text.error());
    std::vector<T> parts;
    std::string_view rest = torn ? whole_lines(*text) : std::string_view(*text);
    for (std::size_t number = 1; !rest.empty(); ++number) {
        const auto line = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(std::min(line.size() + 1, rest.size()));
        if (base::trim(line).empty()) continue;
        auto part = from_json(line);
        if (!part) return in_file(fmt::format("{} line {}", path, number), part.error());
        parts.push_back(std::move(*part));
    }
    return parts;
}

base::Result<Run> read_run(const std::string& path) {
    const auto text = read_checked(path);
    if (!text) return std::unexpected(text.error());
    auto run = run_from_json(*text);
    if (!run) return in_file(path, run.error());
    return run;
}

std::string level_lines(const Run& run) {
    std::string text;
    for (const auto& level : run.levels)
        text += to_json(level) + "\n";
    return text;
}

std::string sample_lines(const Run& run) {
    std::string text;
    for (const auto& sample : run.samples)
        text += to_json(sample) + "\n";
    return text;
}

std::string histogram_log(const Run& run) {
    auto text = base::histogram_log_head(static_cast<double>(run.started_at_s));
    for (std::size_t i = 0; i < run.levels.size(); ++i)
        text += histogram_lines(run.types, run.levels[i], i + 1);
    return text;
}

}  // namespace

RunFolder::RunFolder(std::string path, FileLock lock)
    : path_(std::move(path)),
      lock_(std::move(lock)),
      samples_(file("samples.jsonl")),
      levels_(file("levels.jsonl")),
      histograms_(file("histograms.hlog")) {}

std::string RunFolder::file(std::string_view name) const {
    return join(path_, name);
}

base::Result<RunFolder> RunFolder::make(const std::string& path) {
    std::error_code error;
    std::filesystem::create_directories(path, error);
    if (error) return base::fail(fmt::format("cannot make the folder {}: {}", path, error.message()));
    auto lock = FileLock::take(join(path, "lock"));
    if (!lock)
        return base::fail(fmt::format("the run folder {} cannot be used: {}", path, lock.error().message));
    // Only now: a run that another process had begun in between would be seen.
    for (const auto* name : data_files) {
        if (exists(join(path, name)))
            return base::fail(fmt::format("{} holds a run already ({}); choose another folder", path, name));
    }
    return RunFolder(path, std::move(*lock));
}

base::Result<void> RunFolder::begin(const Run& run) {
    if (auto written = sys::write_file_atomically(file("head.json"), run_to_json(run), 0644); !written)
        return written;
    // Empty files rather than none: a reader can tell "nothing yet" from "lost".
    for (auto* each : {&samples_, &levels_}) {
        if (auto written = each->append(""); !written) return written;
    }
    auto written = histograms_.append(base::histogram_log_head(static_cast<double>(run.started_at_s)));
    complete_ = written.has_value();
    return written;
}

base::Result<void> RunFolder::add_sample(const Sample& sample) {
    auto written = samples_.append(to_json(sample) + "\n");
    written ? void(++samples_added_) : void(complete_ = false);
    return written;
}

base::Result<void> RunFolder::add_level(const Run& run, const Level& level) {
    // The histograms first: a level whose line is there has them all.
    auto written = histograms_.append(histogram_lines(run.types, level, levels_added_ + 1));
    if (written) {
        written = levels_.append(to_json(level) + "\n");
        if (!written) histograms_.undo();
    }
    written ? void(++levels_added_) : void(complete_ = false);
    return written;
}

base::Result<void> RunFolder::make_up(const Run& run) {
    samples_.close();
    levels_.close();
    histograms_.close();
    auto written = sys::write_file_atomically(file("samples.jsonl"), sample_lines(run), 0644);
    if (written) written = sys::write_file_atomically(file("histograms.hlog"), histogram_log(run), 0644);
    if (written) written = sys::write_file_atomically(file("levels.jsonl"), level_lines(run), 0644);
    if (!written) return written;
    complete_ = true;
    samples_added_ = run.samples.size();
    levels_added_ = run.levels.size();
    return {};
}

base::Result<void> RunFolder::finish(const Run& run) {
    base::Result<void> first;
    const auto note = [&](base::Result<void> written) {
        if (first && !written) first = std::move(written);
        return first.has_value();
    };
    const bool complete =
        complete_ && samples_added_ == run.samples.size() && levels_added_ == run.levels.size();
    // run.json vouches for the other files, so it comes after them and not without them.
    if (complete || note(make_up(run)))
        note(sys::write_file_atomically(file("run.json"), run_to_json(run), 0644));
    note(sys::write_file_atomically(file("levels.csv"), levels_csv(run), 0644));
    note(sys::write_file_atomically(file("samples.csv"), samples_csv(run), 0644));
    note(sys::write_file_atomically(file("junit.xml"), junit_of(run), 0644));
    return first;
}

base::Result<Run> RunFolder::read(const std::string& path) {
    const bool whole = exists(join(path, "run.json"));
    if (!whole && !exists(join(path, "head.json")))
        return base::fail(fmt::format("{} holds no run: neither run.json nor head.json is there", path));
    auto run = read_run(join(path, whole ? "run.json" : "head.json"));
    if (!run) return run;
    if (!whole) {
        auto levels = read_lines<Level>(join(path, "levels.jsonl"), true, level_from_json);
        if (!levels) return std::unexpected(levels.error());
        run->levels = std::move(*levels);
        run->interrupted = true;
        if (run->verdict.empty()) run->verdict = "the run ended before its end: no verdict";
    }
    auto samples = read_lines<Sample>(join(path, "samples.jsonl"), !whole, sample_from_json);
    if (!samples) return std::unexpected(samples.error());
    run->samples = std::move(*samples);
    const auto log = read_checked(join(path, "histograms.hlog"));
    if (!log) return std::unexpected(log.error());
    auto restored = restore_histograms(whole ? std::string_view(*log) : whole_lines(*log), run->types,
                                       run->levels, !whole);
    if (!restored) return in_file(join(path, "histograms.hlog"), restored.error());
    return run;
}

}  // namespace homespun::stampede
