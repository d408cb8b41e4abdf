#include "seism/run/log_reader.hpp"

#include <fmt/format.h>
#include <re2/re2.h>

#include <csignal>
#include <filesystem>

#include "base/text.hpp"
#include "sys/child.hpp"
#include "sys/files.hpp"

namespace homespun::seism {

base::Result<Printed> run_command(const std::vector<std::string>& command, const std::string& output,
                                  std::chrono::milliseconds within) {
    std::error_code ignored;
    std::filesystem::remove(output, ignored);
    auto child = sys::Child::start({.command = command, .output = output});
    if (!child) return base::fail(child.error().message);
    Printed printed;
    if (const auto end = child->wait_for(within)) {
        printed.succeeded = end->code == 0 && end->signal == 0;
        printed.how = end->text();
    } else {
        child->stop(SIGTERM, std::chrono::seconds(1));
        printed.how = fmt::format("did not end within {}", duration_text(within));
    }
    auto text = sys::read_file(output);
    if (!text) return base::fail(text.error().message);
    printed.text = std::move(*text);
    return printed;
}

LogReader::LogReader(const LogPlan& plan, std::string own_output, std::string scratch)
    : plan_(plan), own_output_(std::move(own_output)), scratch_(std::move(scratch)) {}

base::Result<std::string> LogReader::read() const {
    if (plan_.output) return sys::read_file(own_output_);
    if (!plan_.file.empty()) return sys::read_file(plan_.file);
    const auto command = plan_.unit.empty()
                             ? plan_.command
                             : std::vector<std::string>{"journalctl", "--no-pager", "--output=cat", "--boot",
                                                        "--unit=" + plan_.unit};
    auto printed = run_command(command, scratch_, std::chrono::seconds(20));
    if (!printed) return base::fail(printed.error().message);
    if (!printed->succeeded) return base::fail(fmt::format("{} {}", command.front(), printed->how));
    return std::move(printed->text);
}

void LogReader::mark() {
    marked_ = read().value_or("").size();
}

LogReader::Found LogReader::look_for(const std::string& expression) const {
    const auto text = read();
    if (!text) return {.note = text.error().message};
    // One that became shorter was begun anew.
    const auto gained = std::string_view(*text).substr(text->size() < marked_ ? 0 : marked_);
    const re2::RE2 matcher(expression, re2::RE2::Quiet);
    std::size_t lines = 0;
    for (const auto line : base::split(gained, '\n')) {
        if (line.empty()) continue;
        ++lines;
        constexpr std::size_t most = 200;
        if (re2::RE2::PartialMatch(re2::StringPiece(line.data(), line.size()), matcher))
            return {.matched = true, .note = std::string(line.substr(0, most))};
    }
    return {.note = lines == 0 ? "nothing was logged"
                               : fmt::format("none of {} new lines matches {}", lines, expression)};
}

}  // namespace homespun::seism
