#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.hpp"

namespace homespun::sys {

/// What /proc says of some processes, summed. What may not be read (another user's files) is left out.
struct ProcessFigures {
    std::size_t processes = 0;  ///< how many of them were there
    double cpu_seconds = 0;     ///< user and system, since they began
    std::uint64_t resident_bytes = 0;
    std::uint64_t threads = 0;
    std::optional<std::uint64_t> descriptors;
    std::optional<std::uint64_t> read_bytes, written_bytes;  ///< to and from disks
};

/// `pid` and all its descendants.
std::vector<int> process_tree(int pid);
ProcessFigures read_figures(const std::vector<int>& pids);
/// When it began, in ticks since the machine did: with the pid it names a process for ever. Nothing when
/// there is none, or it has ended and only waits for its parent to hear of it.
std::optional<std::uint64_t> start_ticks(int pid);
/// Memory with shared pages divided among those who share them (Pss), summed. Takes the kernel milliseconds.
std::optional<std::uint64_t> proportional_bytes(const std::vector<int>& pids);
/// The processes that listen on a TCP port of this machine (those whose descriptors may be read).
std::vector<int> listeners_on(std::uint16_t port);
struct ListeningAddress {
    std::string host;  ///< numeric; `0.0.0.0` or `::` for every address
    std::uint16_t port = 0;
    bool operator==(const ListeningAddress&) const = default;
};
/// Where these processes listen for TCP connections, what was opened first in front.
std::vector<ListeningAddress> listening_addresses(const std::vector<int>& pids);
/// Connections on that port that wait to be accepted, over all its listening sockets.
std::optional<std::uint64_t> accept_queue(std::uint16_t port);

/// Bytes that the files below `directory` take up on disk; files that vanish meanwhile count as none.
std::uint64_t disk_use(const std::string& directory);
/// Bytes that may still be written there.
std::optional<std::uint64_t> disk_free(const std::string& directory);

/// What all cores of this machine did since it began, in seconds of one core.
struct MachineTime {
    double busy = 0;  ///< what a hypervisor gave to others counts too
    double idle = 0;  ///< waiting for disks counts too
};
/// Nothing where /proc/stat cannot be read.
std::optional<MachineTime> machine_time();

/// Machine facts for reports: "kernel", "cpu", "cores", "memory_mb".
std::vector<std::pair<std::string, std::string>> machine_facts();

}  // namespace homespun::sys
