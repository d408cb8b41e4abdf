#include "seism/run/live_files.hpp"

#include <fcntl.h>
#include <unistd.h>

#include "seism/verdict/artefacts.hpp"

namespace homespun::seism {
namespace {

constexpr std::chrono::milliseconds pause{250};

/// A new file, not the old one emptied: who reads that must see that it is another.
sys::Descriptor anew(const std::string& path) {
    constexpr unsigned readable = 0644;
    (void)::unlink(path.c_str());
    return sys::Descriptor(
        ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, readable));
}

}  // namespace

LiveFiles::LiveFiles(const std::string& folder)
    : requests_{anew(folder + "/requests.jsonl")},
      events_{anew(folder + "/events.jsonl")},
      samples_{anew(folder + "/samples.jsonl")} {
    (void)::unlink((folder + "/verdict.json").c_str());
}

LiveFiles::~LiveFiles() {
    write_all();
}

void LiveFiles::seen(const Exchange& exchange) {
    const std::scoped_lock lock(mutex_);
    append_request_line(requests_.waiting, exchange);
    write_now_and_then();
}

void LiveFiles::seen(const Sample& sample) {
    const std::scoped_lock lock(mutex_);
    append_sample_line(samples_.waiting, sample);
    write_now_and_then();
}

void LiveFiles::seen(const PerturbationEvent& event, std::chrono::system_clock::time_point began) {
    const std::scoped_lock lock(mutex_);
    append_event_line(events_.waiting, event, began);
    write_now_and_then();
}

void LiveFiles::write_now_and_then() {
    const auto now = std::chrono::steady_clock::now();
    if (now - written_ < pause) return;
    written_ = now;
    write_all();
}

void LiveFiles::write_all() {
    for (auto* file : {&requests_, &events_, &samples_}) {
        if (!file->waiting.empty())
            (void)!::write(file->descriptor.get(), file->waiting.data(), file->waiting.size());
        file->waiting.clear();
    }
}

}  // namespace homespun::seism
