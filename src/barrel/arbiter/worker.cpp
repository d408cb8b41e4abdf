#include "barrel/arbiter/worker.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <memory>
#include <utility>

#include "base/text.hpp"
#include "sys/signals.hpp"

extern char** environ;

namespace homespun::barrel {
namespace {

constexpr const char* hand_down = "BARREL_WORKER";  // "adoption,page,pulse in ms,listener,listener…"
constexpr std::size_t most_status = 1024;           // bytes of a status line
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
                   int page, std::chrono::milliseconds pulse) {
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) return {};
    std::string handed = fmt::format("{}={},{},{}", hand_down, pair[1], page, pulse.count());
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

/// What a worker says goes through the socket to its parent as one message: a letter and the status.
void tell_parent(int socket, Life life, std::string_view status) {
    std::string message(1, static_cast<char>(life));
    message += status.substr(0, most_status);
    (void)!send(socket, message.data(), message.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
}

/// The parent's side of one worker.
class Watch {
  public:
    Watch(const Child& child, const sys::ServiceManager& manager) : child_(child), manager_(manager) {}

    /// Until the worker has ended: passes signals on to it and what it says to the manager. Returns its
    /// status.
    int until_its_end() {
        const auto pulse = static_cast<int>(pulse_of(manager_).count());
        int status = 0;
        while (waitpid(child_.pid, &status, WNOHANG) == 0) {
            // While it starts, which may take long after a crash, it cannot give signs of life.
            const int wait_ms = !ready_ && pulse > 0 ? pulse : -1;
            const auto woken =
                sys::wait_for_signal_or_input({SIGTERM, SIGINT, SIGCHLD}, child_.adoption, wait_ms);
            if (woken.input) pass_on();
            if (woken.signal == 0 && !woken.input && !ready_) notify(manager_, notification(Life::alive, {}));
            if (woken.signal != SIGTERM && woken.signal != SIGINT) continue;
            stopping_ = true;
            kill(child_.pid, SIGTERM);
        }
        pass_on();
        if (child_.adoption >= 0) close(child_.adoption);
        return status;
    }
    /// Whether it was told to end.
    [[nodiscard]] bool stopping() const { return stopping_; }

  private:
    void pass_on() {
        std::array<char, 1 + most_status> message{};
        while (child_.adoption >= 0) {
            const auto size = recv(child_.adoption, message.data(), message.size(), MSG_DONTWAIT);
            if (size < 0) return;  // no more for now
            if (size == 0) {       // its end: there would be "input" for ever
                close(std::exchange(child_.adoption, -1));
                return;
            }
            const auto life = static_cast<Life>(message[0]);
            if (life == Life::ready) ready_ = true;
            notify(manager_, notification(life, {message.data() + 1, static_cast<std::size_t>(size) - 1}));
        }
    }

    Child child_;
    const sys::ServiceManager& manager_;
    bool ready_ = false;
    bool stopping_ = false;
};

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
    if (numbers.size() < 3) {
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
    start.pulse = std::chrono::milliseconds(std::max(numbers[2], 0));
    for (std::size_t i = 3; i < numbers.size(); ++i) {
        fcntl(numbers[i], F_SETFD, FD_CLOEXEC);
        auto listener = net::Listener::adopt(numbers[i]);
        if (!listener) {
            complain(listener.error().message);
            return 1;
        }
        start.listeners.push_back(std::move(*listener));
    }
    start.tell = [socket = start.adoption_socket](Life life, std::string_view status) {
        tell_parent(socket, life, status);
    };
    return main(std::move(start));
}

int run_alone(std::vector<net::Listener> listeners, const WorkerMain& main) {
    const auto page = std::make_unique<base::metrics::Page>();
    WorkerStart start;
    start.listeners = std::move(listeners);
    start.page = page.get();
    const auto manager = service_manager();
    start.pulse = pulse_of(manager);
    start.tell = [manager](Life life, std::string_view status) {
        notify(manager, notification(life, status));
    };
    return main(std::move(start));
}

int run_parent(std::vector<net::Listener> listeners, const std::vector<std::string>& arguments) {
    using Clock = std::chrono::steady_clock;
    // Whoever started us may have ignored SIGCHLD, which survives exec: the death of a worker would go
    // unseen.
    ::signal(SIGCHLD, SIG_DFL);
    sys::block_signals({SIGTERM, SIGINT, SIGCHLD});
    const auto manager = service_manager();
    std::deque<Clock::time_point> deaths;
    while (true) {
        const int page = make_page();
        const auto child = page < 0 ? Child{} : start_worker(listeners, arguments, page, pulse_of(manager));
        if (page >= 0) close(page);
        if (child.pid < 0) {
            complain(fmt::format("cannot start a worker: {}", std::strerror(errno)));
            return 1;
        }
        Watch watch(child, manager);
        const int status = watch.until_its_end();
        if (WIFEXITED(status))
            return WEXITSTATUS(status);  // it ended on its own terms, well or with a message
        if (watch.stopping()) return 0;
        const auto now = Clock::now();
        deaths.push_back(now);
        while (now - deaths.front() > death_window)
            deaths.pop_front();
        const auto event = fmt::format("worker {} was ended by signal {} ({}); starting another", child.pid,
                                       WTERMSIG(status), strsignal(WTERMSIG(status)));
        complain(event);
        notify(manager, "STATUS=" + event);
        if (deaths.size() >= too_many_deaths) {
            complain("five workers died within a minute; giving up");
            return 1;
        }
    }
}

}  // namespace homespun::barrel
