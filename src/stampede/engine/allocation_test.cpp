#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <new>
#include <thread>

#include "stampede/engine/engine.hpp"
#include "stampede/engine/null_server.hpp"
#include "stampede/models/http_model.hpp"

// Sanitizers bring an allocator of their own, which must not be bypassed.
#if !__has_feature(address_sanitizer) && !__has_feature(thread_sanitizer)

namespace {
thread_local std::uint64_t allocations = 0;
}

void* operator new(std::size_t size) {
    ++allocations;
    if (void* memory = std::malloc(size)) return memory;
    throw std::bad_alloc();
}
void operator delete(void* memory) noexcept {
    std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
    std::free(memory);
}

namespace homespun::stampede {
namespace {

/// Behaves like its HttpModel, and counts what its worker's thread allocates from one request to another.
class CountingModel final : public Model {
  public:
    static constexpr std::uint64_t warm = 2000, counted = 10'000;

    explicit CountingModel(const HttpModel& model) : model_(model) {}
    std::string name() const override { return "counting"; }
    const std::vector<std::string>& types() const override { return model_.types(); }
    std::vector<std::pair<std::string, double>> mix() const override { return {}; }
    double requests_per_session() const override { return 1; }
    double sessions_per_user_hour() const override { return 0; }
    std::unique_ptr<Session> make_session() const override {
        return std::make_unique<CountingSession>(*this, model_.make_session());
    }
    bool done() const { return requests_ > warm + counted; }
    std::uint64_t allocated() const { return after_ - before_; }

  private:
    class CountingSession final : public Session {
      public:
        CountingSession(const CountingModel& model, std::unique_ptr<Session> session)
            : model_(model), session_(std::move(session)) {}
        void begin(std::uint64_t user, std::uint64_t draw, Memory& memory) override {
            session_->begin(user, draw, memory);
        }
        Next next(Draft& draft) override {
            const auto number = ++model_.requests_;
            if (number == warm) model_.before_ = allocations;
            if (number == warm + counted) model_.after_ = allocations;
            return session_->next(draft);
        }
        std::optional<ErrorClass> judge(const Answer& answer) override { return session_->judge(answer); }
        void broken(ErrorClass error) override { session_->broken(error); }
        std::chrono::microseconds rest() override { return session_->rest(); }

      private:
        const CountingModel& model_;
        std::unique_ptr<Session> session_;
    };

    const HttpModel& model_;
    mutable std::atomic<std::uint64_t> requests_ = 0, before_ = 0, after_ = 0;
};

TEST(EngineTest, ARequestAllocatesNothing) {
    auto server = NullServer::start();
    ASSERT_TRUE(server) << server.error().message;
    HttpRequest request;
    request.name = "it";
    const auto port = (*server)->port();
    const Target target{.host = "127.0.0.1", .port = port, .path = "", .secret = ""};
    const HttpModel plain("http", target, {std::move(request)}, std::chrono::microseconds(0));
    const CountingModel model(plain);
    auto engine =
        Engine::start(model, {.host = "127.0.0.1", .port = port, .arrivals = Arrivals::closed, .users = 8});
    ASSERT_TRUE(engine) << engine.error().message;
    (*engine)->set_load(8);
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!model.done() && std::chrono::steady_clock::now() < end)
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    ASSERT_TRUE(model.done());
    // A histogram grows when an answer is slower than all before: 27 times at most.
    EXPECT_LE(model.allocated(), CountingModel::counted / 100);
}

}  // namespace
}  // namespace homespun::stampede

#endif
