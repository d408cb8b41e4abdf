#pragma once
#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "barrel/arbiter/life.hpp"
#include "base/metrics.hpp"
#include "base/result.hpp"
#include "net/io/listener.hpp"

namespace homespun::barrel {

/// What a worker process starts with. A worker is fork + exec of the same binary with the same arguments; its
/// parent hands over the open listeners, a socket on which a successor may ask for connections, and a page of
/// shared memory in which the worker shows that it lives and keeps its metrics.
struct WorkerStart {
    std::vector<net::Listener> listeners;
    int adoption_socket = -1;             ///< -1: no parent
    base::metrics::Page* page = nullptr;  ///< shared with the parent, or this process's own
    Tell tell;                            ///< the parent, or who else wants to know
    std::chrono::milliseconds pulse{0};   ///< how often to tell that it is alive; 0: never
};

/// The entry of every worker: sets up, serves until it is told to stop, returns the exit status.
using WorkerMain = std::function<int(WorkerStart)>;

/// True in a process that was started as a worker by `run_parent`.
bool is_worker();

/// In a worker: takes over what the parent handed down and runs `main`.
int run_worker(const WorkerMain& main);

/// `--no-arbiter`: parent and worker in one process, in the foreground. It tells the service manager itself.
int run_alone(std::vector<net::Listener> listeners, const WorkerMain& main);

/// The trivial arbiter: opens nothing and runs no user code itself, starts one worker, passes on SIGTERM and
/// SIGINT and waits for it; a worker that dies by accident is started again, at most five times a minute.
/// Hands on to the service manager what the worker says of its life, and while one is starting says itself
/// that all is well. `arguments` are those of this process. Returns the exit status for the program.
int run_parent(std::vector<net::Listener> listeners, const std::vector<std::string>& arguments);

}  // namespace homespun::barrel
