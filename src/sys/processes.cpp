#include "sys/processes.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string_view>

namespace homespun::sys {
namespace {

namespace fs = std::filesystem;

/// Files of /proc have no size: read until the end.
std::optional<std::string> slurp(const std::string& path) {
    std::ifstream file(path);
    if (!file) return std::nullopt;
    std::ostringstream text;
    text << file.rdbuf();
    return std::move(text).str();
}

std::vector<int> all_pids() {
    std::vector<int> pids;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator("/proc", error)) {
        const auto name = entry.path().filename().string();
        int pid = 0;
        const auto [end, failed] = std::from_chars(name.data(), name.data() + name.size(), pid);
        if (failed == std::errc{} && end == name.data() + name.size()) pids.push_back(pid);
    }
    return pids;
}

/// The fields of /proc/PID/stat from the third on: the second is the program's name and may hold anything.
std::vector<std::string> stat_fields(int pid) {
    const auto text = slurp(fmt::format("/proc/{}/stat", pid));
    if (!text) return {};
    const auto close = text->rfind(')');
    if (close == std::string::npos) return {};
    std::istringstream rest(text->substr(close + 1));
    std::vector<std::string> fields;
    for (std::string field; rest >> field;)
        fields.push_back(field);
    return fields;
}

std::uint64_t number(const std::string& text) {
    std::uint64_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

/// The value behind `key:` of a file of such lines.
std::optional<std::uint64_t> keyed(const std::string& text, std::string_view key) {
    const auto at = text.find(fmt::format("\n{}:", key));
    const auto begin = text.starts_with(fmt::format("{}:", key)) ? key.size() + 1
                       : at == std::string::npos                 ? std::string::npos
                                                                 : at + key.size() + 2;
    if (begin == std::string::npos) return std::nullopt;
    const auto digit = text.find_first_of("0123456789", begin);
    return digit == std::string::npos ? std::nullopt : std::optional(number(text.substr(digit, 24)));
}

std::optional<std::uint64_t> count_entries(const std::string& directory) {
    std::error_code error;
    fs::directory_iterator entries(directory, error);
    if (error) return std::nullopt;
    return static_cast<std::uint64_t>(std::distance(fs::begin(entries), fs::end(entries)));
}

struct ListeningSocket {
    ListeningAddress address;
    std::uint64_t queue = 0;
    std::uint64_t inode = 0;
};

ListeningAddress address_of(int family, const inet_diag_sockid& id) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    ::inet_ntop(family, &id.idiag_src, text.data(), text.size());
    return {text.data(), ntohs(id.idiag_sport)};
}

/// Asks the kernel for one family's listening sockets (sock_diag): /proc/net/tcp lists every connection,
/// which takes a second when there are 40,000.
void add_listening(int family, std::vector<ListeningSocket>& sockets) {
    const int netlink = ::socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
    if (netlink < 0) return;
    struct {
        nlmsghdr head;
        inet_diag_req_v2 request;
    } question{};
    constexpr unsigned listening = 10;  // TCP_LISTEN
    question.head.nlmsg_len = sizeof question;
    question.head.nlmsg_type = SOCK_DIAG_BY_FAMILY;
    question.head.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
    question.request.sdiag_family = static_cast<std::uint8_t>(family);
    question.request.sdiag_protocol = IPPROTO_TCP;
    question.request.idiag_states = 1U << listening;
    bool more = ::send(netlink, &question, sizeof question, 0) == static_cast<ssize_t>(sizeof question);
    alignas(nlmsghdr) std::array<char, 32 * 1024> room;
    while (more) {
        const auto got = ::recv(netlink, room.data(), room.size(), 0);
        if (got <= 0) break;
        auto left = static_cast<unsigned>(got);
        for (auto* head = reinterpret_cast<nlmsghdr*>(room.data()); NLMSG_OK(head, left);
             head = NLMSG_NEXT(head, left)) {
            if (head->nlmsg_type == NLMSG_DONE || head->nlmsg_type == NLMSG_ERROR) {
                more = false;
                break;
            }
            inet_diag_msg socket{};
            std::memcpy(&socket, NLMSG_DATA(head), sizeof socket);
            sockets.push_back({address_of(family, socket.id), socket.idiag_rqueue, socket.idiag_inode});
        }
    }
    ::close(netlink);
}

std::vector<ListeningSocket> listening_sockets() {
    std::vector<ListeningSocket> sockets;
    add_listening(AF_INET, sockets);
    add_listening(AF_INET6, sockets);
    return sockets;
}

std::vector<ListeningSocket> listening_sockets(std::uint16_t port) {
    auto sockets = listening_sockets();
    std::erase_if(sockets, [&](const auto& socket) { return socket.address.port != port; });
    return sockets;
}

/// What the descriptors of a process name, as `socket:[INODE]`; nothing of one that may not be looked at.
std::set<std::string> open_files(int pid) {
    std::set<std::string> names;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(fmt::format("/proc/{}/fd", pid), error)) {
        std::error_code unreadable;
        names.insert(fs::read_symlink(entry.path(), unreadable).string());
    }
    return names;
}

std::string descriptor_name(const ListeningSocket& socket) {
    return fmt::format("socket:[{}]", socket.inode);
}

}  // namespace

std::vector<int> process_tree(int pid) {
    std::vector<std::pair<int, int>> parents;
    for (const int each : all_pids()) {
        const auto fields = stat_fields(each);
        if (fields.size() > 1) parents.emplace_back(each, static_cast<int>(number(fields[1])));
    }
    std::vector<int> tree{pid};
    for (std::size_t i = 0; i < tree.size(); ++i) {
        for (const auto& [child, parent] : parents) {
            if (parent == tree[i] && child != pid) tree.push_back(child);
        }
    }
    return tree;
}

ProcessFigures read_figures(const std::vector<int>& pids) {
    static const auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
    static const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
    ProcessFigures sum;
    for (const int pid : pids) {
        const auto fields = stat_fields(pid);
        constexpr std::size_t user = 11, system = 12, threads = 17, resident = 21;
        if (fields.size() <= resident) continue;
        ++sum.processes;
        sum.cpu_seconds += static_cast<double>(number(fields[user]) + number(fields[system])) / ticks;
        sum.threads += number(fields[threads]);
        sum.resident_bytes += number(fields[resident]) * page;
        if (const auto open = count_entries(fmt::format("/proc/{}/fd", pid)))
            sum.descriptors = sum.descriptors.value_or(0) + *open;
        const auto io = slurp(fmt::format("/proc/{}/io", pid));
        if (!io) continue;
        if (const auto read = keyed(*io, "read_bytes")) sum.read_bytes = sum.read_bytes.value_or(0) + *read;
        if (const auto written = keyed(*io, "write_bytes"))
            sum.written_bytes = sum.written_bytes.value_or(0) + *written;
    }
    return sum;
}

std::optional<std::uint64_t> start_ticks(int pid) {
    const auto fields = stat_fields(pid);
    constexpr std::size_t state = 0, start = 19;
    if (fields.size() <= start || fields[state] == "Z" || fields[state] == "X") return std::nullopt;
    return number(fields[start]);
}

std::optional<std::uint64_t> proportional_bytes(const std::vector<int>& pids) {
    std::optional<std::uint64_t> sum;
    for (const int pid : pids) {
        const auto text = slurp(fmt::format("/proc/{}/smaps_rollup", pid));
        const auto kb = text ? keyed(*text, "Pss") : std::nullopt;
        if (kb) sum = sum.value_or(0) + *kb * 1024;
    }
    return sum;
}

std::vector<int> listeners_on(std::uint16_t port) {
    const auto sockets = listening_sockets(port);
    std::vector<int> found;
    if (sockets.empty()) return found;
    for (const int pid : all_pids()) {
        const auto open = open_files(pid);
        if (std::ranges::any_of(sockets,
                                [&](const auto& each) { return open.contains(descriptor_name(each)); }))
            found.push_back(pid);
    }
    return found;
}

std::vector<ListeningAddress> listening_addresses(const std::vector<int>& pids) {
    std::set<std::string> open;
    for (const int pid : pids)
        open.merge(open_files(pid));
    auto sockets = listening_sockets();
    std::ranges::sort(sockets, {}, &ListeningSocket::inode);  // they only grow
    std::vector<ListeningAddress> found;
    for (const auto& socket : sockets) {
        if (open.contains(descriptor_name(socket)) && std::ranges::find(found, socket.address) == found.end())
            found.push_back(socket.address);
    }
    return found;
}

std::optional<std::uint64_t> accept_queue(std::uint16_t port) {
    const auto sockets = listening_sockets(port);
    if (sockets.empty()) return std::nullopt;
    std::uint64_t waiting = 0;
    for (const auto& socket : sockets)
        waiting += socket.queue;
    return waiting;
}

std::uint64_t disk_use(const std::string& directory) {
    constexpr std::uint64_t block = 512;  // st_blocks counts these, whatever the file system's own are
    std::uint64_t bytes = 0;
    std::error_code error;
    for (fs::recursive_directory_iterator it(directory, error), end; !error && it != end;
         it.increment(error)) {
        struct stat facts{};
        if (::lstat(it->path().c_str(), &facts) == 0)
            bytes += static_cast<std::uint64_t>(facts.st_blocks) * block;
    }
    return bytes;
}

std::optional<std::uint64_t> disk_free(const std::string& directory) {
    struct statvfs facts{};
    if (::statvfs(directory.c_str(), &facts) != 0) return std::nullopt;
    return static_cast<std::uint64_t>(facts.f_bavail) * facts.f_frsize;
}

std::optional<MachineTime> machine_time() {
    // proc(5): "cpu", then user, nice, system, idle, iowait, irq, softirq, steal in ticks.
    const auto text = slurp("/proc/stat");
    unsigned long long user = 0, nice = 0, system = 0, idle = 0, iowait = 0, irq = 0, softirq = 0, steal = 0;
    if (!text || std::sscanf(text->c_str(), "cpu %llu %llu %llu %llu %llu %llu %llu %llu", &user, &nice,
                             &system, &idle, &iowait, &irq, &softirq, &steal) < 8)
        return std::nullopt;
    const auto tick = static_cast<double>(::sysconf(_SC_CLK_TCK));
    return MachineTime{.busy = static_cast<double>(user + nice + system + irq + softirq + steal) / tick,
                       .idle = static_cast<double>(idle + iowait) / tick};
}

std::vector<std::pair<std::string, std::string>> machine_facts() {
    std::vector<std::pair<std::string, std::string>> facts;
    utsname name{};
    if (::uname(&name) == 0) facts.emplace_back("kernel", fmt::format("{} {}", name.sysname, name.release));
    const auto cpu = slurp("/proc/cpuinfo").value_or("");
    if (const auto at = cpu.find("model name"); at != std::string::npos) {
        const auto begin = cpu.find(':', at) + 2;
        facts.emplace_back("cpu", cpu.substr(begin, cpu.find('\n', begin) - begin));
    }
    facts.emplace_back("cores", std::to_string(::sysconf(_SC_NPROCESSORS_ONLN)));
    if (const auto total = keyed(slurp("/proc/meminfo").value_or(""), "MemTotal"))
        facts.emplace_back("memory_mb", std::to_string(*total / 1024));
    return facts;
}

}  // namespace homespun::sys
