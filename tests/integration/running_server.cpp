#include "running_server.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <random>
#include <thread>
#include <utility>

#include "net/io/client.hpp"
#include "sys/files.hpp"

namespace homespun::tests {
namespace {

using namespace std::chrono_literals;

pid_t start(const std::vector<std::string>& arguments, const std::string& output,
            const std::vector<std::string>& more_environment = {}) {
    std::vector<char*> argv;
    std::string program = HOMESPUN_BINARY;
    argv.push_back(program.data());
    for (const auto& argument : arguments)
        argv.push_back(const_cast<char*>(argument.c_str()));
    argv.push_back(nullptr);
    std::vector<char*> environment;
    for (const auto& entry : more_environment)
        environment.push_back(const_cast<char*>(entry.c_str()));
    for (char** entry = environ; *entry != nullptr; ++entry)
        environment.push_back(*entry);
    environment.push_back(nullptr);
    const pid_t pid = fork();
    if (pid == 0) {
        const int file = open(output.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
        dup2(file, 1);
        dup2(file, 2);
        execve(argv.front(), argv.data(), environment.data());
        _exit(127);
    }
    return pid;
}

int wait_for_end(pid_t pid) {
    int status = 0;
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

/// Without taking its status: somebody waits for it later.
bool has_ended(pid_t pid) {
    siginfo_t seen{};
    return waitid(P_PID, static_cast<id_t>(pid), &seen, WEXITED | WNOHANG | WNOWAIT) == 0 &&
           seen.si_pid == pid;
}

}  // namespace

Finished run_homespun(std::vector<std::string> arguments, const std::vector<std::string>& environment) {
    const sys::ScratchFolder scratch;
    const auto file = scratch.path() + "/output";
    const int status = wait_for_end(start(arguments, file, environment));
    return {status, sys::read_file(file).value_or("")};
}

std::uint16_t free_port() {
    // Below the ports that the kernel gives to connections: those would take it while a server is restarted.
    static std::mt19937 dice(std::random_device{}());
    std::uniform_int_distribution<std::uint16_t> ports(12'000, 31'999);
    while (true) {
        const auto port = ports(dice);
        const int probe = socket(AF_INET, SOCK_STREAM, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        address.sin_port = htons(port);
        const bool is_free = bind(probe, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0;
        close(probe);
        if (is_free) return port;
    }
}

RunningServer::RunningServer(const std::string& data, std::vector<std::string> more, std::uint16_t port,
                             const std::vector<std::string>& environment)
    : port_(port) {
    std::vector<std::string> arguments = {"serve", "--data", data, "--listen",
                                          "127.0.0.1:" + std::to_string(port)};
    arguments.insert(arguments.end(), more.begin(), more.end());
    pid_ = start(arguments, scratch_.path() + "/output", environment);
    ready_ = answers(20);
}

RunningServer::~RunningServer() {
    if (pid_ > 0) stop();
}

std::string RunningServer::root() const {
    return "http://127.0.0.1:" + std::to_string(port_);
}

int RunningServer::stop() {
    kill(pid_, SIGTERM);
    const int status = wait_for_end(pid_);
    pid_ = -1;
    return status;
}

void RunningServer::ask_to_stop() const {
    kill(pid_, SIGTERM);
}

void RunningServer::kill_now() {
    kill(pid_, SIGKILL);
    wait_for_end(pid_);
    pid_ = -1;
}

std::optional<int> RunningServer::ended(std::chrono::milliseconds limit) {
    const auto until = std::chrono::steady_clock::now() + limit;
    while (!has_ended(pid_)) {
        if (std::chrono::steady_clock::now() >= until) return std::nullopt;
        std::this_thread::sleep_for(2ms);
    }
    return wait_for_end(std::exchange(pid_, -1));
}

std::string RunningServer::output() const {
    return sys::read_file(scratch_.path() + "/output").value_or("");
}

bool RunningServer::answers(int seconds) const {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
    while (std::chrono::steady_clock::now() < until) {
        net::Loop loop;
        net::Client client(loop);
        net::ClientRequest request;
        request.target = "/__lbheartbeat__";
        const auto response =
            net::run_here(loop, client.send({"127.0.0.1", port_, {}}, std::move(request), 1s));
        if (response && response->status == 200) return true;
        if (pid_ > 0 && has_ended(pid_)) return false;
        std::this_thread::sleep_for(20ms);
    }
    return false;
}

}  // namespace homespun::tests
