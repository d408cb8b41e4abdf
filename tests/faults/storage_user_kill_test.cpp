// The server is killed while people get their storage users: who was told a number keeps it, or he would lose
// his records, and meet those of whoever gets it next.
#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <random>
#include <ranges>
#include <set>
#include <sstream>
#include <thread>

#include "base/json.hpp"
#include "faults/household.hpp"
#include "integration/running_server.hpp"
#include "sync/store/sqlite/database.hpp"

namespace homespun::tests {
namespace {

constexpr int rounds = 5;
constexpr std::size_t askers = 3;  // who ask at the same time
constexpr std::size_t people = 1500;

struct Person {
    std::string bearer, key_id;
};

/// Makes accounts; they are on the disk before this returns.
std::vector<Person> seed(const std::string& data) {
    const auto made = run_homespun({"seed", std::to_string(people), "--data", data});
    std::vector<Person> all;
    std::istringstream lines(made.output);
    for (std::string line; std::getline(lines, line);) {
        const auto account = base::json::parse(line);
        if (!account || account->string("access_token") == nullptr) continue;
        all.push_back({*account->string("access_token"), *account->string("key_id")});
    }
    return all;
}

/// The storage user that the token server names; 0: no answer.
std::int64_t storage_user(Household& home, const Person& person) {
    const auto answer = home.try_token(person.bearer, person.key_id);
    if (answer.status == 0) return 0;
    const auto json = base::json::parse(answer.body);
    const auto* uid = json ? json->integer("uid") : nullptr;
    if (answer.status != 200 || uid == nullptr) ADD_FAILURE() << answer.status << ": " << answer.body;
    return uid == nullptr ? 0 : *uid;
}

using Told = std::map<std::size_t, std::int64_t>;  // person -> storage user

/// Everybody asks once, until the server is killed after so many answers; what was answered.
Told ask_until_the_end(RunningServer& server, const std::vector<Person>& all, std::size_t enough) {
    std::vector<Told> told(askers);
    std::atomic<std::size_t> answered = 0, ended = 0;
    std::vector<std::thread> threads;
    for (std::size_t asker = 0; asker < askers; ++asker) {
        threads.emplace_back([&, asker] {
            Household home(server.root());
            for (std::size_t person = asker; person < all.size(); person += askers) {
                const auto uid = storage_user(home, all[person]);
                if (uid == 0) break;
                told[asker][person] = uid;
                ++answered;
            }
            ++ended;
        });
    }
    while (answered < enough && ended == 0)
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    server.kill_now();
    for (auto& thread : threads)
        thread.join();
    Told together;
    for (auto& one : told)
        together.merge(one);
    return together;
}

/// What differs once a new server runs. Who was told nothing asks first: a number that was forgotten is then
/// given away before its owner comes back.
std::vector<std::string> faults_after(RunningServer& server, const std::vector<Person>& all,
                                      const Told& told) {
    Household home(server.root());
    Told now;
    for (std::size_t person = 0; person < all.size() && now.size() < askers + 20; ++person)
        if (!told.contains(person)) now[person] = storage_user(home, all[person]);
    for (const auto& person : told | std::views::keys)
        now[person] = storage_user(home, all[person]);
    std::vector<std::string> faults;
    for (const auto& [person, uid] : told) {
        if (now[person] != uid)
            faults.push_back("user " + std::to_string(uid) + " became " + std::to_string(now[person]));
    }
    std::set<std::int64_t> numbers;
    for (const auto& uid : now | std::views::values)
        if (!numbers.insert(uid).second) faults.push_back("two people are user " + std::to_string(uid));
    return faults;
}

class StorageUserKillTest : public testing::Test {
  protected:
    /// One round on an empty directory; `between` happens while no server runs.
    template <typename Between>
    std::vector<std::string> round(Between between) {
        const sys::ScratchFolder data;
        std::vector<Person> all;
        Told told;
        const auto port = free_port();
        {
            RunningServer server(data.path(), {"--no-arbiter"}, port);
            EXPECT_TRUE(server.ready()) << server.output();
            all = seed(data.path());
            EXPECT_EQ(all.size(), people);
            told = ask_until_the_end(server, all, 20 + dice_() % 500);
        }
        EXPECT_GE(told.size(), 20U);
        EXPECT_LT(told.size(), people) << "all were served before the end";
        between(data.path());
        RunningServer server(data.path(), {"--no-arbiter"}, port);
        EXPECT_TRUE(server.ready()) << server.output();
        return faults_after(server, all, told);
    }

    std::mt19937 dice_{std::random_device{}()};
};

TEST_F(StorageUserKillTest, WhoWasToldHisStorageUserKeepsIt) {
    for (int i = 0; i < rounds; ++i)
        EXPECT_EQ(round([](const std::string&) {}), std::vector<std::string>{});
}

TEST_F(StorageUserKillTest, AUserThatWasForgottenIsNoticed) {
    namespace sqlite = sync::store::sqlite;
    const auto faults = round([](const std::string& data) {
        auto database = sqlite::Database::open(data + "/token.db", {});
        ASSERT_TRUE(database);
        // As if the last transactions had not been written; the users of a few, since who was not answered
        // may be one.
        for (const auto* sql :
             {"DELETE FROM users WHERE uid > (SELECT max(uid) FROM users) - 6",
              "UPDATE sqlite_sequence SET seq = (SELECT max(uid) FROM users) WHERE name = 'users'"})
            ASSERT_TRUE(database->execute(sql)) << sql;
    });
    EXPECT_FALSE(faults.empty());
}

}  // namespace
}  // namespace homespun::tests
