#pragma once
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "stampede/engine/worker.hpp"

namespace homespun::stampede {

struct EngineSettings {
    std::string host;
    std::uint16_t port = 80;
    unsigned threads = 1;
    Arrivals arrivals = Arrivals::poisson;
    Connections connections = Connections::keep;
    std::uint64_t users = 1'000'000;
    std::uint64_t seed = 1;
    std::chrono::microseconds timeout{10'000'000};
    std::size_t most_connections = 0;  ///< over all threads; 0: what the descriptors allow, at most 100,000
};

/// The state of the generator at a moment.
struct Gauges {
    std::uint64_t in_flight = 0;
    std::uint64_t connections = 0;
    double cpu_seconds = 0;  ///< of all its threads since the beginning
};

/// The load generator: workers on threads of their own, one load over all. Used from one thread.
class Engine {
  public:
    /// Looks the host up and starts the threads, without load. The error says what is missing. `model`
    /// outlives the engine.
    static base::Result<std::unique_ptr<Engine>> start(const Model& model, const EngineSettings& settings);
    ~Engine();

    /// Sessions a second over all threads (open model), or users that are awake (closed); new users come
    /// spread over `ramp`.
    void set_load(double load, std::chrono::microseconds ramp = {});
    /// What was counted since the last call.
    Harvest collect();
    [[nodiscard]] Gauges gauges() const;
    [[nodiscard]] std::size_t threads() const { return workers_.size(); }
    /// Connections it may hold at once.
    [[nodiscard]] std::size_t most_connections() const { return most_connections_; }
    /// Seconds since it was started.
    [[nodiscard]] double elapsed() const;

  private:
    Engine() = default;
    Worker::Moment epoch_;
    std::size_t most_connections_ = 0;
    Arrivals arrivals_ = Arrivals::poisson;
    std::vector<std::unique_ptr<Worker>> workers_;
    std::vector<std::jthread> threads_;
};

}  // namespace homespun::stampede
