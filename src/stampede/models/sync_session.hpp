#pragma once
#include "stampede/models/sync_model.hpp"

namespace homespun::stampede {

/// One sync of one user.
class SyncSession final : public Session {
  public:
    explicit SyncSession(const SyncModel& model) : model_(model) {}

    void begin(std::uint64_t user, std::uint64_t draw, Memory& memory) override;
    Next next(Draft& draft) override;
    std::optional<ErrorClass> judge(const Answer& answer) override;
    void broken(ErrorClass error) override;
    std::chrono::microseconds rest() override;

  private:
    void write(const SyncStep& step, Draft& draft);
    void write_target(const SyncStep& step, std::string_view path);
    bool take_token(std::string_view body);
    void write_records(const SyncStep& step);
    std::uint32_t client_number();
    std::size_t payload_size();
    ErrorClass heed(const Answer& answer);

    const SyncModel& model_;
    Dice dice_;
    std::uint64_t user_ = 0;
    Memory* memory_ = nullptr;
    SyncPass pass_, elder_;
    std::vector<SyncStep> steps_;
    std::size_t at_ = 0;
    bool over_ = false;
    bool clock_mended_ = false;
    bool token_renewed_ = false;
    std::int64_t clock_skew_s_ = 0;
    std::chrono::microseconds wait_{0}, back_off_{0};
    std::string batch_;
    std::string target_, headers_, body_;  ///< of the request being written
};

}  // namespace homespun::stampede
