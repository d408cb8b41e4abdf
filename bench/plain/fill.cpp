// Fills a collection of one user, or of USERS users from USER on, through the store, without a server:
// bench_fill STORE USER COLLECTION RECORDS BYTES [USERS]
// The server must not run. Prints nothing; a refused write ends it with status 1.

#include "base/clock.hpp"
#include "base/log.hpp"
#include "load/records.hpp"
#include "load/window.hpp"
#include "net/io/loop.hpp"
#include "sync/store/sqlite/sqlite_store.hpp"

using namespace homespun;

namespace {

constexpr std::uint64_t per_post = 1000;

base::Task<bool> fill(sync::store::Store& store, net::Loop& loop, std::uint64_t user, std::string collection,
                      std::uint64_t total, std::size_t bytes) {
    bench::Records source(user);
    for (std::uint64_t done = 0; done < total;) {
        std::vector<sync::store::RecordUpdate> updates;
        for (; updates.size() < per_post && done < total; ++done) {
            std::string payload;
            source.append_payload(payload, bytes, "\"");
            updates.push_back({std::string(source.next_id()), std::move(payload), {}, {}});
        }
        const auto written = co_await store.post(loop, user, collection, std::move(updates), {});
        if (!written) bench::give_up(written.error().detail);
    }
    co_return true;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 6 && argc != 7)
        bench::give_up("usage: bench_fill STORE USER COLLECTION RECORDS BYTES [USERS]");
    const auto number = [&](int argument) { return std::strtoull(argv[argument], nullptr, 10); };
    const base::SystemClock clock;
    base::NullLogger logger;
    auto store =
        sync::store::sqlite::SqliteStore::open({.directory = argv[1], .clock = clock, .logger = logger});
    if (!store) bench::give_up(store.error().message);
    net::Loop loop;
    const auto first = number(2);
    const auto users = argc == 7 ? number(6) : 1;
    for (auto user = first; user < first + users; ++user)
        net::run_here(loop, fill(**store, loop, user, argv[3], number(4), number(5)));
    (*store)->close();
}
