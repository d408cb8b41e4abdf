#pragma once
#include <memory>

#include "base/result.hpp"
#include "seism/experiment/experiment.hpp"
#include "seism/recorder/record.hpp"
#include "seism/run/traffic.hpp"

namespace homespun::seism {

/// The proxy in front of the application: passes the requests of others on and puts what becomes of them on
/// record. Answers above a MiB are not compared.
class FrontRecorder final : public Traffic {
  public:
    /// Takes the port of `front.listen`. `record` outlives it.
    static base::Result<std::unique_ptr<FrontRecorder>> open(const Experiment& experiment, Record& record);
    ~FrontRecorder() override;
    FrontRecorder(const FrontRecorder&) = delete;
    FrontRecorder& operator=(const FrontRecorder&) = delete;

    void set_patience(std::chrono::milliseconds patience) override;
    /// Those that are out of patience are put on record as `no_response`.
    [[nodiscard]] bool waits_for(Micros at) override;

  private:
    struct Impl;
    explicit FrontRecorder(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace homespun::seism
