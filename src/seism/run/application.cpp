#include "seism/run/application.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <thread>

#include "base/text.hpp"
#include "net/http/url.hpp"
#include "net/io/client.hpp"
#include "net/io/stream_socket.hpp"
#include "sys/files.hpp"
#include "sys/processes.hpp"

namespace homespun::seism {
namespace {

using std::chrono::steady_clock;
constexpr std::chrono::milliseconds look_again{20};

int signal_number(std::string_view name) {
    constexpr std::array<std::pair<std::string_view, int>, 5> known = {
        {{"TERM", SIGTERM}, {"INT", SIGINT}, {"KILL", SIGKILL}, {"QUIT", SIGQUIT}, {"HUP", SIGHUP}}};
    return std::ranges::find(known, name, &std::pair<std::string_view, int>::first)->second;
}

bool takes_connections(const HostPort& where) {
    const auto address = net::TcpAddress::resolve(where.host, where.port);
    if (!address) return false;
    net::StreamSocket socket;
    int error = socket.connect(*address);
    if (error == 0) error = socket.error();  // it has only begun
    const auto until = steady_clock::now() + std::chrono::seconds(1);
    while (error == EINPROGRESS && steady_clock::now() < until) {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
        error = socket.error();
    }
    return error == 0;
}

bool answers(const std::string& address) {
    const auto url = net::http::Url::parse(address);
    if (!url) return false;
    net::Loop loop;
    net::Client client(loop);
    net::ClientRequest request;
    request.target = url->target;
    const auto answer = net::run_here(
        loop, client.send(net::Endpoint::of(*url), std::move(request), std::chrono::seconds(2)));
    constexpr int first_error = 400;
    return answer && answer->status < first_error;
}

/// Whatever the answer is.
bool speaks_http(const HostPort& where) {
    net::Loop loop;
    net::Client client(loop);
    const net::Endpoint endpoint{.host = where.host, .port = where.port};
    return net::run_here(loop, client.send(endpoint, net::ClientRequest{}, std::chrono::seconds(3)))
        .has_value();
}

/// Where to call what listens there.
HostPort reachable(const sys::ListeningAddress& address) {
    if (address.host == "0.0.0.0") return {.host = "127.0.0.1", .port = address.port};
    return {.host = address.host == "::" ? "::1" : address.host, .port = address.port};
}

}  // namespace

Application::Application(const AppPlan& plan, HostPort upstream, std::string output)
    : plan_(plan), upstream_(std::move(upstream)), output_(std::move(output)) {}

bool Application::find_front() {
    others_.clear();
    for (const auto& address : sys::listening_addresses(sys::process_tree(pid_)))
        others_.push_back(reachable(address));
    const auto front = std::ranges::find_if(others_, speaks_http);
    if (front == others_.end()) return false;
    upstream_ = *front;
    others_.erase(front);
    return true;
}

std::string Application::awaited() const {
    if (!plan_.ready.empty()) return "serve " + plan_.ready;
    if (upstream_.port != 0) return "serve " + upstream_.text();
    if (others_.empty()) return "open a port";
    std::string text;
    for (const auto& each : others_)
        text += fmt::format("{}{}", text.empty() ? "" : ", ", each.text());
    return fmt::format("speak HTTP on any port that it opened: {}", text);
}

bool Application::serves() {
    if (upstream_.port == 0 && !find_front()) return false;
    return plan_.ready.empty() ? takes_connections(upstream_) : answers(plan_.ready);
}

base::Result<void> Application::start(const std::vector<std::pair<std::string, std::string>>& environment,
                                      const Nap& nap) {
    if (is_ours()) {
        // Another program on its port would be taken for it.
        if (!child_ && upstream_.port != 0 && takes_connections(upstream_))
            return base::fail(fmt::format(
                "something listens on {} already; the application cannot start there", upstream_.text()));
        auto child = sys::Child::start({.command = plan_.command,
                                        .environment = environment,
                                        .directory = plan_.directory,
                                        .output = output_});
        if (!child) return base::fail(child.error().message);
        child_ = std::move(*child);
        pid_ = child_->pid();
    } else if (auto found = find(); !found) {
        return found;
    }
    if (auto ready = wait_until_ready(nap); !ready) return ready;
    if (!is_ours() && pid_ == 0) {
        // Parent and workers hold the same socket: the eldest has them all below it.
        const auto pids = sys::listeners_on(upstream_.port);
        if (!pids.empty()) pid_ = std::ranges::min(pids);
    }
    started_ = sys::start_ticks(pid_).value_or(0);
    return {};
}

base::Result<void> Application::find() {
    pid_ = plan_.pid;
    if (!plan_.pidfile.empty()) {
        const auto text = sys::read_file(plan_.pidfile);
        if (!text) return base::fail(fmt::format("app.pidfile: {}", text.error().message));
        const auto number = base::parse_integer<int>(base::trim(*text));
        if (!number || *number < 1)
            return base::fail(fmt::format("app.pidfile: {} holds no pid", plan_.pidfile));
        pid_ = *number;
    }
    if (pid_ != 0 && !sys::start_ticks(pid_)) return base::fail(fmt::format("there is no process {}", pid_));
    return {};
}

base::Result<void> Application::wait_until_ready(const Nap& nap) {
    const auto until = steady_clock::now() + plan_.start_within;
    while (!serves()) {
        if (child_) {
            if (const auto end = child_->ended())
                return base::fail(fmt::format("the application {}; it was to {}; {} has what it wrote",
                                              end->text(), awaited(), output_));
        }
        if (steady_clock::now() > until)
            return base::fail(fmt::format("the application does not {} within {}{}", awaited(),
                                          duration_text(plan_.start_within),
                                          child_ ? fmt::format("; {} has what it wrote", output_) : ""));
        if (!nap(look_again)) return base::fail("interrupted before the application served");
    }
    return {};
}

std::optional<std::string> Application::ended() {
    if (child_) {
        if (const auto end = child_->ended()) return "the process " + end->text();
        return std::nullopt;
    }
    if (pid_ != 0 && sys::start_ticks(pid_) != started_) return "the process has ended";
    return std::nullopt;
}

void Application::stop() {
    constexpr std::chrono::seconds patience{10};
    if (child_) child_->stop(signal_number(plan_.stop), patience);
    child_.reset();
}

}  // namespace homespun::seism
