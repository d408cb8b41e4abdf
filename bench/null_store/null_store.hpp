#pragma once
#include <atomic>

#include "base/clock.hpp"
#include "sync/store/store.hpp"

namespace homespun::bench {

/// A record store that stores nothing and answers at once: what everything around the store costs. Users have
/// the usual collections; every record that is asked for by name is there, every listing is empty, every
/// write succeeds. Thread-safe.
class NullStore final : public sync::store::Store {
  public:
    /// `clock` outlives the store.
    explicit NullStore(const base::Clock& clock);

    template <class T>
    using Reply = base::Task<sync::store::Outcome<T>>;
    using Home = base::Executor;
    using User = sync::store::UserId;
    using When = sync::store::Precondition;
    using Time = sync::store::Timestamp;
    using Updates = std::vector<sync::store::RecordUpdate>;
    using Sums = sync::store::ByCollection<std::uint64_t>;

    Reply<sync::store::ByCollection<Time>> info(Home&, User, When) override;
    Reply<Sums> counts(Home&, User, When) override;
    Reply<Sums> usage(Home&, User, When) override;
    Reply<Time> get(Home&, User, std::string, std::string, When, sync::store::RowSink) override;
    Reply<sync::store::Listing> list(Home&, User, std::string, sync::store::ListQuery, When,
                                     sync::store::RowSink) override;
    Reply<Written> put(Home&, User, std::string, sync::store::RecordUpdate, When) override;
    Reply<Written> post(Home&, User, std::string, Updates, When) override;
    Reply<Time> remove(Home&, User, std::string, std::string, When) override;
    Reply<Time> remove_ids(Home&, User, std::string, std::vector<std::string>, When) override;
    Reply<Time> remove_collection(Home&, User, std::string, When) override;
    Reply<Time> remove_user(Home&, User, When) override;
    User staging_place(User user) override { return user; }
    Reply<Time> replace_user(Home&, User, User, When) override;
    Reply<Staged> open_batch(Home&, User, std::string, Updates, When) override;
    Reply<Staged> append_batch(Home&, User, std::string, std::string, Updates, When) override;
    Reply<Written> commit_batch(Home&, User, std::string, std::string, Updates, When) override;
    [[nodiscard]] double fullness() const override { return 0; }
    [[nodiscard]] bool healthy() const override { return true; }
    void close() override {}

  private:
    /// The time of a write. A user's must rise; here everybody's do.
    Time next();

    const base::Clock& clock_;
    const Time begin_;
    std::atomic<std::int64_t> last_;
};

}  // namespace homespun::bench
