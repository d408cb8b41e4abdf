#include "stampede/capacity/watch.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "base/text.hpp"
#include "sys/processes.hpp"

namespace homespun::stampede {
namespace {

constexpr double mb = 1024.0 * 1024.0;

std::vector<int> tree_of(const std::vector<int>& pids) {
    std::vector<int> tree;
    for (const int pid : pids) {
        for (const int each : sys::process_tree(pid)) {
            if (std::ranges::find(tree, each) == tree.end()) tree.push_back(each);
        }
    }
    return tree;
}

}  // namespace

base::Result<Watched> Watched::parse(std::string_view text) {
    const auto bad = [&](std::string_view why) {
        return base::fail(fmt::format(
            "--watch {}: {}; write it like service=pid:1234,dir:/var/lib/homespun or other=http://host:5099",
            text, why));
    };
    const auto equals = text.find('=');
    if (equals == 0 || equals == std::string_view::npos) return bad("it must begin with a name and =");
    Watched watched;
    watched.name = text.substr(0, equals);
    if (text.substr(equals + 1).starts_with("http")) {
        auto remote = Target::parse(text.substr(equals + 1));
        if (!remote) return bad(remote.error().message);
        watched.remote = std::move(*remote);
        return watched;
    }
    for (const auto part : base::split(text.substr(equals + 1), ',')) {
        const auto colon = part.find(':');
        const auto kind = part.substr(0, colon);
        const auto value = colon == std::string_view::npos ? std::string_view() : part.substr(colon + 1);
        if (kind == "pid") {
            const auto pid = base::parse_integer<int>(value);
            if (!pid || *pid < 1) return bad("a pid is a number above 0");
            watched.pids.push_back(*pid);
        } else if (kind == "port") {
            const auto port = base::parse_integer<std::uint16_t>(value);
            if (!port || *port == 0) return bad("a port is a number from 1 to 65535");
            watched.port = *port;
        } else if (kind == "dir" && !value.empty()) {
            watched.directory = value;
        } else {
            return bad(fmt::format("\"{}\" is neither pid:, port: nor dir:", part));
        }
    }
    return watched;
}

std::optional<Watched> watch_listener(std::uint16_t port) {
    auto pids = sys::listeners_on(port);
    if (pids.empty()) return std::nullopt;
    // Parent and workers hold the same socket: the tree of the eldest has them all.
    const int eldest = std::ranges::min(pids);
    return Watched{.name = "service", .pids = {eldest}, .port = port, .directory = {}, .remote = {}};
}

Watch::Watch(std::vector<Watched> what) {
    for (auto& watched : what) {
        if (watched.remote) {
            remote_.push_back(std::make_unique<RemoteWatch>(watched.name, *watched.remote));
        } else {
            what_.push_back(std::move(watched));
        }
    }
    before_.resize(what_.size());
    sample();
}

std::vector<ServerSample> Watch::sample() {
    std::vector<ServerSample> samples;
    for (std::size_t i = 0; i < what_.size(); ++i)
        samples.push_back(sample_one(what_[i], before_[i]));
    sample_machine(samples);
    for (const auto& remote : remote_)
        std::ranges::move(remote->latest(), std::back_inserter(samples));
    return samples;
}

void Watch::sample_machine(const std::vector<ServerSample>& watched_here) {
    const auto now = std::chrono::steady_clock::now();
    const auto time = sys::machine_time();
    const double passed = std::chrono::duration<double>(now - machine_at_).count();
    machine_.reset();
    bool known = !watched_here.empty();
    double watched = 0;
    for (const auto& server : watched_here) {
        known = known && server.cpu_cores;
        watched += server.cpu_cores.value_or(0);
    }
    if (known && time && machine_before_ && passed > 0) {
        machine_ = {.idle_cores = (time->idle - machine_before_->idle) / passed,
                    .other_cores = (time->busy - machine_before_->busy) / passed - watched};
    }
    machine_before_ = time;
    machine_at_ = now;
}

ServerSample Watch::sample_one(const Watched& watched, Before& before) {
    ServerSample sample;
    sample.name = watched.name;
    const auto now = std::chrono::steady_clock::now();
    if (!watched.pids.empty()) {
        constexpr int tree_life = 5;
        if (before.tree.empty() || ++before.age >= tree_life) {
            before.tree = tree_of(watched.pids);
            before.age = 0;
        }
        const auto figures = sys::read_figures(before.tree);
        const double passed = std::chrono::duration<double>(now - before.at).count();
        // Processes that came or went take their history with them: such a second has no rate.
        if (figures.processes == before.processes && passed > 0) {
            sample.cpu_cores = std::max(0.0, (figures.cpu_seconds - before.cpu_seconds) / passed);
            const auto rate = [&](auto after, auto earlier) -> std::optional<double> {
                if (!after || !earlier || *after < *earlier) return std::nullopt;
                return static_cast<double>(*after - *earlier) / mb / passed;
            };
            sample.read_mb_s = rate(figures.read_bytes, before.read_bytes);
            sample.write_mb_s = rate(figures.written_bytes, before.written_bytes);
        }
        before.cpu_seconds = figures.cpu_seconds;
        before.read_bytes = figures.read_bytes;
        before.written_bytes = figures.written_bytes;
        before.processes = figures.processes;
        if (figures.processes > 0) {
            sample.resident_mb = static_cast<double>(figures.resident_bytes) / mb;
            sample.threads = static_cast<double>(figures.threads);
            if (figures.descriptors) sample.descriptors = static_cast<double>(*figures.descriptors);
        }
    }
    before.at = now;
    if (watched.port != 0) {
        if (const auto queue = sys::accept_queue(watched.port))
            sample.accept_queue = static_cast<double>(*queue);
    }
    if (!watched.directory.empty()) {
        sample.storage_mb = static_cast<double>(sys::disk_use(watched.directory)) / mb;
        if (const auto free = sys::disk_free(watched.directory))
            sample.storage_free_mb = static_cast<double>(*free) / mb;
    }
    return sample;
}

}  // namespace homespun::stampede
