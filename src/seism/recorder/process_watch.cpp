#include "seism/recorder/process_watch.hpp"

#include <algorithm>

#include "sys/processes.hpp"

namespace homespun::seism {

ProcessWatch::ProcessWatch(int pid) : pid_(pid), started_(sys::start_ticks(pid).value_or(0)) {
    sample(0);
}

Sample ProcessWatch::sample(Micros at, bool proportional) {
    constexpr int tree_life = 5;  // finding descendants reads all of /proc
    Sample sample{.at = at};
    const auto now = std::chrono::steady_clock::now();
    sample.restarted = sys::start_ticks(pid_) != started_;
    if (tree_.empty() || ++age_ >= tree_life) {
        tree_ = sys::process_tree(pid_);
        age_ = 0;
    }
    const auto figures = sys::read_figures(tree_);
    if (figures.processes < tree_.size()) tree_.clear();
    const double passed = std::chrono::duration<double>(now - read_at_).count();
    // Processes that came or went take their history with them: such a stretch has no rate.
    if (figures.processes == processes_ && passed > 0)
        sample.cpu = std::max(0.0, (figures.cpu_seconds - cpu_seconds_) / passed);
    cpu_seconds_ = figures.cpu_seconds;
    processes_ = figures.processes;
    read_at_ = now;
    sample.processes = sample.restarted ? 0 : figures.processes;
    sample.resident = figures.resident_bytes;
    sample.descriptors = figures.descriptors;
    sample.threads = figures.threads;
    if (proportional) sample.proportional = sys::proportional_bytes(tree_);
    return sample;
}

}  // namespace homespun::seism
