#include "process_metrics.hpp"

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>

#include "sys/processes.hpp"

using namespace homespun;

void register_process_metrics(base::metrics::Registry& registry) {
    using std::chrono::duration_cast;
    using std::chrono::milliseconds;
    registry
        .gauge("homespun_build_info", "1; the labels say what was built",
               fmt::format("version=\"{}\"", HOMESPUN_VERSION))
        .set(1);
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    registry
        .gauge("process_start_time_seconds", "Start of the process since the Unix epoch in seconds", {}, 1e3)
        .set(duration_cast<milliseconds>(now).count());
    const auto cpu = registry.counter("process_cpu_seconds_total",
                                      "Total user and system CPU time spent in seconds", {}, 1e3);
    const auto resident = registry.gauge("process_resident_memory_bytes", "Resident memory size in bytes");
    const auto threads = registry.gauge("process_threads", "Number of threads");
    const auto descriptors = registry.gauge("process_open_fds", "Number of open file descriptors");
    const auto most_descriptors =
        registry.gauge("process_max_fds", "Maximum number of open file descriptors");
    registry.before_render([=] {
        const auto figures = sys::read_figures({::getpid()});
        cpu.set(static_cast<std::uint64_t>(figures.cpu_seconds * 1e3));
        resident.set(static_cast<std::int64_t>(figures.resident_bytes));
        threads.set(static_cast<std::int64_t>(figures.threads));
        descriptors.set(static_cast<std::int64_t>(figures.descriptors.value_or(0)));
        rlimit most{};
        if (::getrlimit(RLIMIT_NOFILE, &most) == 0)
            most_descriptors.set(static_cast<std::int64_t>(most.rlim_cur));
    });
}
