#include "sys/terminal.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>

namespace homespun::sys {
namespace {

constexpr std::size_t longest_line = 4096;
constexpr std::array ending{SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP};

volatile std::sig_atomic_t caught = 0;

void note(int number) {
    caught = number;
}

/// Waits for input, or for one of the signals that `waiting` lets through. Null: for input alone.
ssize_t read_byte(char& byte, const sigset_t* waiting) {
    pollfd input{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0};
    // A signal that came just before is met here, too: outside of ppoll they are held up.
    if (waiting != nullptr && ::ppoll(&input, 1, nullptr, waiting) < 0) return -1;
    return ::read(STDIN_FILENO, &byte, 1);
}

/// Reads byte by byte, so that what follows the line stays for whoever reads next.
base::Result<std::string> read_line(const sigset_t* waiting = nullptr) {
    std::string line;
    line.reserve(longest_line);  // so that a secret lies in one place
    for (;;) {
        char byte = 0;
        const auto got = read_byte(byte, waiting);
        if (got < 0) {
            if (errno == EINTR && caught == 0) continue;
            return base::fail(fmt::format("nothing can be read from standard input: {}",
                                          caught != 0 ? "interrupted" : std::strerror(errno)));
        }
        if (got == 0 && line.empty()) return base::fail("standard input ended where an answer was expected");
        if (got == 0 || byte == '\n') break;
        if (line.size() == longest_line) return base::fail("the answer is too long");
        line += byte;
    }
    if (line.ends_with('\r')) line.pop_back();
    return line;
}

void show(std::string_view question) {
    if (!stdin_is_terminal()) return;
    fmt::print(stderr, "{}", question);
    std::fflush(stderr);
}

/// No echo while it lives; signals wait until it has gone.
class Silence {
  public:
    Silence() {
        caught = 0;
        silent_ = ::tcgetattr(STDIN_FILENO, &before_) == 0;
        if (!silent_) return;
        struct sigaction action{};
        action.sa_handler = note;
        sigset_t held;
        sigemptyset(&held);
        for (const int number : ending)
            sigaddset(&held, number);
        ::pthread_sigmask(SIG_BLOCK, &held, &mask_);
        for (std::size_t i = 0; i < ending.size(); ++i)
            ::sigaction(ending.at(i), &action, &actions_.at(i));
        auto quiet = before_;
        quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
        quiet.c_lflag |= ECHONL;
        ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
    }
    Silence(const Silence&) = delete;
    Silence& operator=(const Silence&) = delete;
    ~Silence() {
        if (!silent_) return;
        ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
        for (std::size_t i = 0; i < ending.size(); ++i)
            ::sigaction(ending.at(i), &actions_.at(i), nullptr);
        ::pthread_sigmask(SIG_SETMASK, &mask_, nullptr);
        if (caught != 0) ::raise(caught);
    }

    /// The signals that end the waiting; null without a terminal.
    [[nodiscard]] const sigset_t* waiting() const { return silent_ ? &mask_ : nullptr; }

  private:
    termios before_{};
    sigset_t mask_{};
    std::array<struct sigaction, ending.size()> actions_{};
    bool silent_ = false;
};

}  // namespace

bool stdin_is_terminal() {
    return ::isatty(STDIN_FILENO) == 1;
}

base::Result<std::string> ask(std::string_view question) {
    show(question);
    caught = 0;
    return read_line();
}

base::Result<std::string> ask_secret(std::string_view question) {
    show(question);
    const Silence silence;
    return read_line(silence.waiting());
}

}  // namespace homespun::sys
