#include "barrel/arbiter/worker.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <memory>

#include "base/text.hpp"
#include "sys/signals.hpp"

extern char** environ;

namespace homespun::barrel {
namespace {

constexpr const char* hand_down = "BARREL_WORKER";  // "adoption,page,listener,listener…"
constexpr int too_many_deaths = 5;
constexpr std::chrono::seconds death_window{60};

void complain(std::string_view text) {
    fmt::print(stderr, "{}\n", text);
}

void keep_over_exec(int descriptor) {
    fcntl(descriptor, F_SETFD, fcntl(descriptor, F_GETFD) & ~FD_CLOEXEC);
}

/// The metrics page as a descriptor that survives exec.
int make_page() {
    const int descriptor = memfd_create("barrel-page", MFD_CLOEXEC);
    if (descriptor >= 0 && ftruncate(descriptor, sizeof(base::metrics::Page)) != 0) {
        close(descriptor);
        return -1;
    }
    return descriptor;
}

struct Child {
    pid_t pid = -1;
    int adoption = -1;
};

/// fork + exec; everything the child needs is prepared before, since only simple calls are safe between the
/// two.
Child start_worker(const std::vector<net::Listener>& listeners, const std::vector<std::string>& arguments,
                   int page) {
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) return {};
    std::string handed = fmt::format("{}={},{}", hand_down, pair[1], page);
    for (const auto& listener : listeners)
        handed += fmt::format(",{}", listener.descriptor());
    std::vector<char*> argv;
    for (const auto& argument : arguments)
        argv.push_back(const_cast<char*>(argument.c_str()));
    argv.push_back(nullptr);
    std::vector<char*> environment;
    for (char** entry = environ; *entry != nullptr; ++entry)
        environment.push_back(*entry);
    environment.push_back(handed.data());
    environment.push_back(nullptr);

    const pid_t parent = getpid();
    const pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG,
              SIGTERM);  // a parent killed hard must not leave a worker that holds the lease
        if (getppid() != parent) _exit(1);
        keep_over_exec(pair[1]);
        keep_over_exec(page);
        for (const auto& listener : listeners)
            keep_over_exec(listener.descriptor());
        execve("/proc/self/exe", argv.data(), environment.data());
        _exit(127);
    }
    close(pair[1]);
    return {pid, pair[0]};
}

}  // namespace

bool is_worker() {
    return std::getenv(hand_down) != nullptr;
}

int run_worker(const WorkerMain& main) {
    const std::string handed = std::getenv(hand_down);
    unsetenv(hand_down);
    WorkerStart start;
    std::vector<int> numbers;
    for (const auto piece : base::split(handed, ','))
        numbers.push_back(base::parse_integer<int>(piece).value_or(-1));
    if (numbers.size() < 2) {
        complain(
            "this process was started as a worker, but its parent handed nothing down; start the program "
            "without "
            "BARREL_WORKER in its environment");
        return 1;
    }
    start.adoption_socket = numbers[0];
    fcntl(start.adoption_socket, F_SETFD, FD_CLOEXEC);
    void* const page =
        mmap(nullptr, sizeof(base::metrics::Page), PROT_READ | PROT_WRITE, MAP_SHARED, numbers[1], 0);
    close(numbers[1]);
    if (page == MAP_FAILED) {
        complain(fmt::format("cannot map the page shared with the parent: {}", std::strerror(errno)));
        return 1;
    }
    start.page = static_cast<base::metrics::Page*>(page);
    for (std::size_t i = 2; i < numbers.size(); ++i) {
        fcntl(numbers[i], F_SETFD, FD_CLOEXEC);
        auto listener = net::Listener::adopt(numbers[i]);
        if (!listener) {
            complain(listener.error().message);
            return 1;
        }
        start.listeners.push_back(std::move(*listener));
    }
    start.ready = [socket = start.adoption_socket] {
        const char ready = 'R';
        (void)!send(socket, &ready, 1, MSG_NOSIGNAL | MSG_DONTWAIT);
    };
    return main(std::move(start));
}

int run_alone(std::vector<net::Listener> listeners, const WorkerMain& main) {
    const auto page = std::make_unique<base::metrics::Page>();
    WorkerStart start;
    start.listeners = std::move(listeners);
    start.page = page.get();
    start.ready = [] {};
    return main(std::move(start));
}

int run_parent(std::vector<net::Listener> listeners, const std::vector<std::string>& arguments) {
    using Clock = std::chrono::steady_clock;
    // Whoever started us may have ignored SIGCHLD, which survives exec: the death of a worker would go
    // unseen.
    ::signal(SIGCHLD, SIG_DFL);
    sys::block_signals({SIGTERM, SIGINT, SIGCHLD});
    std::deque<Clock::time_point> deaths;
    bool stopping = false;
    while (true) {
        const int page = make_page();
        const auto child = page < 0 ? Child{} : start_worker(listeners, arguments, page);
        if (page >= 0) close(page);
        if (child.pid < 0) {
            complain(fmt::format("cannot start a worker: {}", std::strerror(errno)));
            return 1;
        }
        int status = 0;
        while (waitpid(child.pid, &status, WNOHANG) == 0) {
            const int got = sys::wait_for_signal({SIGTERM, SIGINT, SIGCHLD}, -1);
            if (got != SIGTERM && got != SIGINT) continue;
            stopping = true;
            kill(child.pid, SIGTERM);
        }
        close(child.adoption);
        if (WIFEXITED(status))
            return WEXITSTATUS(status);  // it ended on its own terms, well or with a message
        if (stopping) return 0;
        const auto now = Clock::now();
        deaths.push_back(now);
        while (now - deaths.front() > death_window)
            deaths.pop_front();
        complain(fmt::format("worker {} was ended by signal {} ({}); starting another", child.pid,
                             WTERMSIG(status), strsignal(WTERMSIG(status))));
        if (deaths.size() >= too_many_deaths) {
            complain("five workers died within a minute; giving up");
            return 1;
        }
    }
}

}  // namespace homespun::barrel
