// The life of data with the real program: backups under load, restores, exports and imports, refusals.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <set>
#include <thread>

#include "base/json.hpp"
#include "base/text.hpp"
#include "person.hpp"
#include "running_server.hpp"
#include "sync/store/sqlite/database.hpp"
#include "sys/files.hpp"

namespace homespun::tests {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

constexpr const char* alice = "alice@example.org";
constexpr const char* bob = "bob@example.org";

/// A server with one person signed in, in a scratch directory.
struct Household {
    explicit Household(const sys::ScratchFolder& scratch, const std::string& name = "data")
        : data(scratch.path() + "/" + name),
          server(std::make_unique<RunningServer>(
              data, std::vector<std::string>{"--no-arbiter", "--signup", "open"})) {
        EXPECT_TRUE(server->ready()) << server->output();
    }
    sync::client::StorageAccess sign_up(Person& person, const std::string& email) const {
        const auto account = person.sign_up(email);
        EXPECT_TRUE(account) << account.error().message;
        return *person.access(*account);
    }
    sync::client::StorageAccess sign_in(Person& person, const std::string& email) const {
        const auto account = person.sign_in(email);
        EXPECT_TRUE(account) << account.error().message;
        return *person.access(*account);
    }
    Finished run(std::vector<std::string> arguments) const {
        arguments.insert(arguments.end(), {"--data", data});
        return run_homespun(std::move(arguments));
    }

    std::string data;
    std::unique_ptr<RunningServer> server;
};

std::set<std::string> ids_of(Person& person, const sync::client::StorageAccess& access,
                             const std::string& collection) {
    const auto json = base::json::parse(person.storage(access, "GET", "/storage/" + collection).body);
    std::set<std::string> ids;
    if (!json || json->array() == nullptr) return ids;
    for (const auto& id : *json->array())
        ids.insert(id.string() ? *id.string() : "");
    return ids;
}

/// A browser that writes without rest; remembers what was acknowledged.
class Writer {
  public:
    Writer(const std::string& root, sync::client::StorageAccess access, std::string collection)
        : thread_([this, root, access = std::move(access), collection = std::move(collection)] {
              Person person(root);
              for (int number = 0; !stop_; ++number) {
                  const auto body = fmt::format(R"({{"payload":"{}"}})", std::string(2000, 'x'));
                  const auto answer =
                      person.storage(access, "PUT", fmt::format("/storage/{}/{}", collection, number), body);
                  if (answer.status == 200)
                      ++acknowledged_;
                  else
                      ADD_FAILURE() << answer.status << answer.body;
              }
          }) {}
    void stop() {
        stop_ = true;
        if (thread_.joinable()) thread_.join();
    }
    ~Writer() { stop(); }
    Writer(const Writer&) = delete;
    Writer& operator=(const Writer&) = delete;
    [[nodiscard]] int acknowledged() const { return acknowledged_; }

  private:
    std::atomic<bool> stop_ = false;
    std::atomic<int> acknowledged_ = 0;
    std::thread thread_;
};

TEST(DataLifeTest, BackupsUnderLoadHoldEveryAcknowledgedWrite) {
    const sys::ScratchFolder scratch;
    const Household home(scratch);
    std::vector<std::vector<int>> before;  // by backup, by writer
    {
        Person first(home.server->root()), second(home.server->root());
        const auto accesses = {home.sign_up(first, alice), home.sign_up(second, bob)};
        std::vector<std::unique_ptr<Writer>> writers;
        for (int number = 0; number < 8; ++number) {
            writers.push_back(std::make_unique<Writer>(home.server->root(), *(accesses.begin() + number / 4),
                                                       fmt::format("c{}", number % 4)));
        }
        for (int backup = 0; backup < 5; ++backup) {
            std::this_thread::sleep_for(std::chrono::milliseconds(500));
            std::vector<int> counts;
            for (const auto& writer : writers)
                counts.push_back(writer->acknowledged());
            before.push_back(counts);
            const auto made = home.run({"backup", fmt::format("{}/backup-{}", scratch.path(), backup)});
            EXPECT_EQ(made.status, 0) << made.output;
        }
        for (auto& writer : writers)
            writer->stop();
        for (std::size_t number = 0; number < writers.size(); ++number)
            EXPECT_GT(writers[number]->acknowledged(), before.back()[number]) << "writers went on meanwhile";
    }
    EXPECT_GT(before.back().front(), before.front().front());
    for (int backup = 0; backup < 5; ++backup) {
        const auto from = fmt::format("{}/backup-{}", scratch.path(), backup);
        const auto data = fmt::format("{}/restored-{}", scratch.path(), backup);
        EXPECT_EQ(run_homespun({"check", from}).status, 0);
        const auto restored = run_homespun({"restore", from, "--data", data});
        ASSERT_EQ(restored.status, 0) << restored.output;
        const auto at_rest = run_homespun({"check", "--data", data});
        EXPECT_EQ(at_rest.status, 0) << at_rest.output;
        const Household again(scratch, fmt::format("restored-{}", backup));
        for (int who = 0; who < 2; ++who) {
            Person person(again.server->root());
            const auto access = again.sign_in(person, who == 0 ? alice : bob);
            for (int number = 0; number < 4; ++number) {
                const auto ids = ids_of(person, access, fmt::format("c{}", number));
                const auto acknowledged = before[backup][who * 4 + number];
                for (int id = 0; id < acknowledged; ++id)
                    EXPECT_TRUE(ids.contains(std::to_string(id)))
                        << backup << " " << who << " " << number << " " << id;
            }
        }
        const auto live = again.run({"check"});
        EXPECT_EQ(live.status, 0) << live.output;
    }
}

/// Lines of an export without what changes from one to the next: times.
std::vector<std::string> essence(const std::string& path) {
    std::vector<std::string> lines;
    const auto text = sys::read_file(path).value_or("");
    for (const auto line : base::split(text, '\n')) {
        auto json = base::json::parse(line);
        if (!json || json->object() == nullptr) continue;
        auto members = *json->object();
        std::erase_if(members, [](const auto& member) {
            return member.first == "modified" || member.first == "made_at" || member.first == "made_at_ms" ||
                   member.first == "ttl";
        });
        lines.push_back(base::json::to_text(base::json::Value(std::move(members))));
    }
    return lines;
}

TEST(DataLifeTest, AnExportComesBackByteForByte) {
    const sys::ScratchFolder scratch;
    const Household home(scratch);
    Person person(home.server->root());
    const auto access = home.sign_up(person, alice);
    const std::string odd =
        R"({"payload":"q\"uote \\ back \u0000 nul ü 😀 </script> \u2028 tab\t","sortindex":-7,"ttl":5000})";
    ASSERT_EQ(person.storage(access, "PUT", "/storage/forms/odd%20one", odd).status, 200);
    for (int portion = 0; portion < 25; ++portion) {
        std::string body = "[";
        for (int i = 0; i < 100; ++i)
            body += fmt::format(R"({}{{"id":"{:04}","payload":"{}"}})", i ? "," : "", portion * 100 + i,
                                std::string(500, 'p'));
        ASSERT_EQ(person.storage(access, "POST", "/storage/history", body + "]").status, 200);
    }
    const auto original = person.storage(access, "GET", "/storage/forms?full=1").body;
    const auto one = scratch.path() + "/one.jsonl", two = scratch.path() + "/two.jsonl";
    const auto exported = home.run({"export", "--user", alice, one});
    ASSERT_EQ(exported.status, 0) << exported.output;
    EXPECT_EQ(fs::status(one).permissions(), fs::perms(0600));
    EXPECT_EQ(essence(one).size(), 2501u + 4u);

    const auto refused = home.run({"import", "--user", alice, one});
    EXPECT_EQ(refused.status, 1);
    EXPECT_THAT(refused.output, HasSubstr("--replace"));
    ASSERT_EQ(person.storage(access, "DELETE", "/storage/history").status, 200);
    const auto last = base::json::parse(person.storage(access, "PUT", "/storage/extra/x", odd).body);
    ASSERT_TRUE(last);
    const auto imported = home.run({"import", "--user", alice, "--replace", one});
    ASSERT_EQ(imported.status, 0) << imported.output;
    ASSERT_EQ(home.run({"export", "--user", alice, two}).status, 0);
    EXPECT_EQ(essence(one), essence(two));
    const auto payload = [](const std::string& body) {
        const auto json = base::json::parse(body);
        return json && json->array() && !json->array()->empty() ? *json->array()->front().string("payload")
                                                                : "?";
    };
    EXPECT_EQ(payload(person.storage(access, "GET", "/storage/forms?full=1").body), payload(original));
    // A browser that was here at the last write sees all of it as new.
    const auto newer = person.storage(access, "GET", "/storage/history?newer=" + base::json::to_text(*last));
    EXPECT_EQ(base::json::parse(newer.body)->array()->size(), 2500u);
    EXPECT_EQ(ids_of(person, access, "extra").size(), 0u);

    // The same into a server that is not running.
    home.server->stop();
    ASSERT_EQ(home.run({"import", "--user", alice, "--replace", one}).status, 0);
    ASSERT_EQ(home.run({"export", "--user", alice, two}).status, 0);
    EXPECT_EQ(essence(one), essence(two));
    std::ofstream(scratch.path() + "/bad.jsonl") << sys::read_file(one)->substr(0, 5000) << "\n";
    const auto bad = home.run({"import", "--user", alice, "--replace", scratch.path() + "/bad.jsonl"});
    EXPECT_EQ(bad.status, 1);
    EXPECT_THAT(bad.output, HasSubstr("bad.jsonl: line "));
    EXPECT_THAT(bad.output, HasSubstr("nothing was imported"));
    ASSERT_EQ(home.run({"export", "--user", alice, two}).status, 0);
    EXPECT_EQ(essence(one), essence(two));
    EXPECT_EQ(home.run({"check"}).status, 0);
}

TEST(DataLifeTest, OneUserComesBackWhileOthersStay) {
    const sys::ScratchFolder scratch;
    const Household home(scratch);
    Person first(home.server->root()), second(home.server->root());
    const auto hers = home.sign_up(first, alice);
    const auto his = home.sign_up(second, bob);
    const auto put = [](Person& person, const auto& access, const char* path, const char* text) {
        return person.storage(access, "PUT", path, fmt::format(R"({{"payload":"{}"}})", text)).body;
    };
    put(first, hers, "/storage/bookmarks/a", "then");
    put(first, hers, "/storage/bookmarks/lost", "then");
    put(second, his, "/storage/bookmarks/a", "then");
    const auto backup = scratch.path() + "/backup";
    ASSERT_EQ(home.run({"backup", backup}).status, 0);
    first.storage(hers, "DELETE", "/storage/bookmarks/lost");
    put(second, his, "/storage/bookmarks/a", "now");
    const auto last = put(first, hers, "/storage/bookmarks/a", "now");
    const auto restored = home.run({"restore", backup, "--user", "Alice@Example.org"});
    ASSERT_EQ(restored.status, 0) << restored.output;
    EXPECT_EQ(ids_of(first, hers, "bookmarks"), (std::set<std::string>{"a", "lost"}));
    EXPECT_THAT(first.storage(hers, "GET", "/storage/bookmarks/a").body, HasSubstr("then"));
    EXPECT_THAT(second.storage(his, "GET", "/storage/bookmarks/a").body, HasSubstr("now"));
    const auto newer = first.storage(hers, "GET", "/storage/bookmarks?newer=" + last);
    EXPECT_EQ(base::json::parse(newer.body)->array()->size(), 2u) << "timestamps have risen";

    // With another key the records would be rubbish for every browser.
    home.server->stop();
    {
        auto tokens = sync::store::sqlite::Database::open(home.data + "/token.db", {});
        ASSERT_TRUE(tokens->execute("UPDATE users SET client_state = 'ffff' WHERE uid = 2"));
    }
    const auto refused = home.run({"restore", backup, "--user", bob});
    EXPECT_EQ(refused.status, 1);
    EXPECT_THAT(refused.output, HasSubstr("key of"));
    const auto unknown = home.run({"restore", backup, "--user", "nobody@example.org"});
    EXPECT_EQ(unknown.status, 1);
    EXPECT_THAT(unknown.output, HasSubstr("has no user nobody@example.org"));
}

TEST(DataLifeTest, AServerThatIsKilledDuringAnImportHasChangedNothing) {
    const sys::ScratchFolder scratch;
    Household home(scratch);
    Person person(home.server->root());
    const auto access = home.sign_up(person, alice);
    ASSERT_EQ(person.storage(access, "PUT", "/storage/history/mine", R"({"payload":"mine"})").status, 200);
    const auto pipe = scratch.path() + "/pipe";
    ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
    ::signal(SIGPIPE, SIG_IGN);
    Finished import;
    std::thread importing([&] { import = home.run({"import", "--user", alice, "--replace", pipe}); });
    {
        std::ofstream lines(pipe);
        lines << R"({"homespun_export":1})" << "\n" << R"({"collection":"history","modified":1.00})" << "\n";
        for (int i = 0; i < 5000; ++i)
            lines << fmt::format(R"({{"collection":"history","id":"{:06}","payload":"theirs"}})", i) << "\n";
        lines.flush();
        const auto staged = [&] {
            return home.run({"check", "--json"}).output.find("\"unfinished_imports\":1") != std::string::npos;
        };
        for (int i = 0; i < 100 && !staged(); ++i)
            std::this_thread::sleep_for(std::chrono::milliseconds(20));
        EXPECT_TRUE(staged());
        EXPECT_EQ(ids_of(person, access, "history"), std::set<std::string>{"mine"});
        ::kill(home.server->pid(), SIGKILL);
        home.server->stop();
        lines << R"({"end":true,"collections":1,"records":5000})" << "\n";
    }
    importing.join();
    EXPECT_EQ(import.status, 1);
    EXPECT_THAT(import.output, HasSubstr("nothing was imported"));
    const Household again(scratch);
    Person after(again.server->root());
    EXPECT_EQ(ids_of(after, again.sign_in(after, alice), "history"), std::set<std::string>{"mine"});
    const auto checked = again.run({"check", "--json"});
    EXPECT_EQ(checked.status, 0) << checked.output;
    EXPECT_EQ(checked.output.find("\"unfinished_imports\":1"), std::string::npos);
}

/// Runs the program with files limited to `blocks` of 512 bytes: writing more fails as on a full disk.
Finished run_with_small_files(const std::string& arguments, int blocks, const std::string& scratch) {
    const auto output = scratch + "/small-output";
    const auto command = fmt::format("trap '' XFSZ; ulimit -f {}; exec {} {} > {} 2>&1", blocks,
                                     HOMESPUN_BINARY, arguments, output);
    const int status = std::system(("/bin/sh -c \"" + command + "\"").c_str());
    return {WEXITSTATUS(status), sys::read_file(output).value_or("")};
}

TEST(DataLifeTest, RefusalsLeaveEverythingAsItWas) {
    const sys::ScratchFolder scratch;
    const Household home(scratch);
    Person person(home.server->root());
    const auto access = home.sign_up(person, alice);
    const auto large = fmt::format(R"({{"payload":"{}"}})", std::string(1'000'000, 'x'));
    ASSERT_EQ(person.storage(access, "PUT", "/storage/bookmarks/a", large).status, 200);
    const auto backup = scratch.path() + "/backup";
    ASSERT_EQ(home.run({"backup", backup}).status, 0);
    const auto twice = home.run({"backup", backup});
    EXPECT_EQ(twice.status, 1);
    EXPECT_THAT(twice.output, HasSubstr("exists already"));
    const auto running = home.run({"restore", backup, "--replace"});
    EXPECT_EQ(running.status, 1);
    EXPECT_THAT(running.output, HasSubstr("in use by process"));
    EXPECT_EQ(home.run({"vacuum"}).status, 1);
    home.server->stop();
    const auto in_the_way = home.run({"restore", backup});
    EXPECT_EQ(in_the_way.status, 1);
    EXPECT_THAT(in_the_way.output, HasSubstr("--replace"));

    const auto full = run_with_small_files(
        fmt::format("backup {0}/full --data {1}", scratch.path(), home.data), 500, scratch.path());
    EXPECT_EQ(full.status, 1) << full.output;
    EXPECT_THAT(full.output, HasSubstr("cannot write"));
    EXPECT_FALSE(fs::exists(scratch.path() + "/full"));
    EXPECT_FALSE(fs::exists(scratch.path() + "/full.partial"));
    const auto no_room = run_with_small_files(
        fmt::format("restore {0} --data {1}/fresh", backup, scratch.path()), 500, scratch.path());
    EXPECT_EQ(no_room.status, 1) << no_room.output;
    EXPECT_FALSE(fs::exists(scratch.path() + "/fresh/store"));
    EXPECT_FALSE(fs::exists(scratch.path() + "/fresh/restore.staging"));

    fs::create_directory(home.data + "/restore.partial");
    const auto interrupted =
        run_homespun({"serve", "--no-arbiter", "--data", home.data, "--listen", "127.0.0.1:0"});
    EXPECT_EQ(interrupted.status, 1);
    EXPECT_THAT(interrupted.output, HasSubstr("was interrupted"));
    ASSERT_EQ(home.run({"restore", backup, "--replace"}).status, 0);
    ASSERT_EQ(home.run({"vacuum"}).status, 0);
    EXPECT_EQ(home.run({"check"}).status, 0);
    EXPECT_EQ(home.run({"stats"}).status, 0);
}

}  // namespace
}  // namespace homespun::tests
