#pragma once
#include <fmt/format.h>
#include <time.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "sync/store/sqlite/database.hpp"

namespace homespun::bench {

/// Ends the program with the reason when something that must work does not.
template <class Result>
auto must(Result result) {
    if (!result) {
        std::fprintf(stderr, "%s\n", result.error().message.c_str());
        std::exit(1);
    }
    if constexpr (!std::is_void_v<typename Result::value_type>) return std::move(*result);
}

/// The same records in every run: ids of 12 characters, payloads of about a kibibyte that no page can
/// compress.
class Records {
  public:
    explicit Records(std::uint64_t seed) : random_(seed) {
        for (auto& c : text_)
            c = static_cast<char>('!' + random_() % 90);
    }
    std::uint64_t below(std::uint64_t bound) { return random_() % bound; }
    static std::string id(std::uint64_t number) {
        return fmt::format("{:012x}", number * 0x9e3779b97f4a7c15 >> 16);
    }
    std::string_view payload() {
        const auto size = 700 + below(600);
        return std::string_view(text_).substr(below(text_.size() - size), size);
    }

  private:
    std::mt19937_64 random_;
    std::string text_ = std::string(1 << 16, ' ');
};

/// Processor time of this thread so far, in seconds: what other programs do does not count.
inline double thread_seconds() {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

/// The same for the whole process.
inline double process_seconds() {
    timespec now{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

inline double wall_seconds() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// Operations per second of `clock`, of `work`, which does `per_call` of them, repeated for `seconds` of that
/// clock.
inline double rate(double (*clock)(), double seconds, double per_call, const std::function<void()>& work) {
    const double start = clock();
    double done = 0, elapsed = 0;
    do {
        work();
        done += per_call;
        elapsed = clock() - start;
    } while (elapsed < seconds);
    return done / elapsed;
}

inline double median(std::vector<double> values) {
    std::ranges::sort(values);
    return values[values.size() / 2];
}

/// A directory for the databases of one run.
class Scratch {
  public:
    explicit Scratch(std::filesystem::path parent) : path_(std::move(parent) / "homespun-store-bench") {
        clear();
    }
    ~Scratch() { std::filesystem::remove_all(path_); }
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;
    void clear() const {
        std::filesystem::remove_all(path_);
        std::filesystem::create_directories(path_);
    }
    [[nodiscard]] std::string file(const std::string& name) const { return (path_ / name).string(); }
    [[nodiscard]] std::uintmax_t bytes() const {
        std::uintmax_t sum = 0;
        for (const auto& entry : std::filesystem::recursive_directory_iterator(path_))
            sum += entry.file_size();
        return sum;
    }

  private:
    std::filesystem::path path_;
};

}  // namespace homespun::bench
