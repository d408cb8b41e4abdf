#include "sys/child.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <thread>

namespace homespun::sys {
namespace {

std::vector<std::string> environment_with(const std::vector<std::pair<std::string, std::string>>& added) {
    std::vector<std::string> lines;
    for (char** each = environ; *each != nullptr; ++each) {
        const std::string_view line(*each);
        const auto name = line.substr(0, line.find('='));
        if (std::ranges::none_of(added, [&](const auto& other) { return other.first == name; }))
            lines.emplace_back(line);
    }
    for (const auto& [name, value] : added)
        lines.push_back(fmt::format("{}={}", name, value));
    return lines;
}

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
    std::vector<char*> pointers;
    for (auto& text : texts)
        pointers.push_back(text.data());
    pointers.push_back(nullptr);
    return pointers;
}

}  // namespace

base::Result<Child> Child::start(const ChildPlan& plan) {
    if (plan.command.empty()) return base::fail("there is no command to start");
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawnattr_init(&attributes);
    if (!plan.output.empty()) {
        constexpr mode_t mode = 0600;
        ::posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, plan.output.c_str(),
                                           O_WRONLY | O_CREAT | O_APPEND, mode);
        ::posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
    }
    if (!plan.directory.empty()) ::posix_spawn_file_actions_addchdir_np(&actions, plan.directory.c_str());
    sigset_t none, standard;
    ::sigemptyset(&none);
    ::sigfillset(&standard);
    ::posix_spawnattr_setsigmask(&attributes, &none);
    ::posix_spawnattr_setsigdefault(&attributes, &standard);
    ::posix_spawnattr_setpgroup(&attributes, 0);
    ::posix_spawnattr_setflags(&attributes,
                               POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    auto words = plan.command;
    auto lines = environment_with(plan.environment);
    auto arguments = pointers_to(words);
    auto environment = pointers_to(lines);
    int pid = -1;
    const int error =
        ::posix_spawnp(&pid, arguments.front(), &actions, &attributes, arguments.data(), environment.data());
    ::posix_spawn_file_actions_destroy(&actions);
    ::posix_spawnattr_destroy(&attributes);
    if (error != 0)
        return base::fail(
            fmt::format("{} cannot be started: {}", plan.command.front(), std::strerror(error)));
    return Child(pid);
}

Child::Child(Child&& other) noexcept : pid_(std::exchange(other.pid_, -1)), end_(other.end_) {}

Child& Child::operator=(Child&& other) noexcept {
    std::swap(pid_, other.pid_);
    std::swap(end_, other.end_);
    return *this;
}

Child::~Child() {
    if (pid_ > 0) stop(SIGKILL, std::chrono::milliseconds(0));
}

std::string Child::End::text() const {
    return signal != 0 ? fmt::format("was ended by signal {}", signal)
                       : fmt::format("ended with status {}", code);
}

std::optional<Child::End> Child::ended() {
    if (end_) return end_;
    int status = 0;
    if (pid_ > 0 && ::waitpid(pid_, &status, WNOHANG) == pid_)
        end_ = WIFSIGNALED(status) ? End{.signal = WTERMSIG(status)} : End{.code = WEXITSTATUS(status)};
    return end_;
}

std::optional<Child::End> Child::wait_for(std::chrono::milliseconds longest) {
    const auto until = std::chrono::steady_clock::now() + longest;
    while (!ended() && std::chrono::steady_clock::now() < until)
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    return end_;
}

void Child::signal(int number) {
    if (pid_ > 0) ::kill(-pid_, number);
}

Child::End Child::stop(int number, std::chrono::milliseconds patience) {
    signal(number);
    wait_for(patience);
    signal(SIGKILL);  // descendants that stayed, too
    int status = 0;
    if (!end_ && ::waitpid(pid_, &status, 0) == pid_)
        end_ = WIFSIGNALED(status) ? End{.signal = WTERMSIG(status)} : End{.code = WEXITSTATUS(status)};
    pid_ = -1;
    return end_.value_or(End{});
}

}  // namespace homespun::sys
