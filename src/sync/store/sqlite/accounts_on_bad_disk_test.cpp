// Accounts and storage users on a disk that fills up, fails and loses power: who was told that he has an
// account has it, with the storage user he was given; who was removed stays removed.
#include <gtest/gtest.h>

#include <map>
#include <optional>

#include "sync/store/sqlite/accounts_sqlite.hpp"
#include "sync/store/sqlite/power_vfs_fixture.hpp"
#include "sync/store/sqlite/token_sqlite.hpp"
#include "sys/scratch_folder_fixture.hpp"

namespace homespun::sync::store::sqlite {
namespace {

constexpr std::int64_t now = 1'700'000'000'000;

class Trial {
  public:
    Trial(std::uint64_t seed, bool synchronous, bool disk_lies)
        : synchronous_(synchronous), vfs_(seed), dice_(seed) {
        if (disk_lies) vfs_.lie_about_syncs();
    }

    /// Empty, or the first thing that is wrong.
    std::string run() {
        for (int round = 0; round < 5; ++round) {
            open();
            if (accounts_ && tokens_) {
                if (auto wrong = look(); !wrong.empty()) return wrong;
                vfs_.fail(trouble());
                for (int step = 0; step < 40; ++step)
                    act();
            }
            accounts_.reset();
            tokens_.reset();
            vfs_.power_off();
            vfs_.power_on();
        }
        open();
        if (!accounts_ || !tokens_) return wrong_;
        return look();
    }
    [[nodiscard]] int acknowledged() const { return acknowledged_; }

  private:
    /// What is known of one person. An unanswered request leaves nothing known until the next look.
    struct Person {
        std::optional<bool> has_account = false;
        std::optional<std::uint64_t> storage_user;
    };

    std::uint64_t below(std::uint64_t bound) { return dice_() % bound; }

    PowerVfs::Order trouble() {
        using Call = PowerVfs::Call;
        using Failure = PowerVfs::Failure;
        const auto nth = 1 + static_cast<int>(below(150));
        if (below(2) == 0) return {Call::change, nth, 1, Failure::power_off};
        return {below(2) == 0 ? Call::write : Call::sync, nth, 2,
                below(2) == 0 ? Failure::full : Failure::io_error};
    }

    void open() {
        if (below(3) == 0) {  // the start itself may be interrupted
            vfs_.fail(
                {PowerVfs::Call::change, 1 + static_cast<int>(below(20)), 1, PowerVfs::Failure::power_off});
            (void)open_once();
            if (vfs_.is_on()) return vfs_.heal();
            accounts_.reset();
            tokens_.reset();
            vfs_.power_on();
        }
        if (auto failed = open_once(); !failed.empty()) wrong_ = failed;
    }

    /// Empty, or why it was refused.
    std::string open_once() {
        OpenOptions options{
            .page_size = 4096, .cache_kib = 2048, .synchronous_full = synchronous_, .vfs = PowerVfs::name};
        auto accounts = open_accounts(folder_ / "accounts.db", options);
        auto tokens = TokenSqlite::open(folder_ / "token.db", PowerVfs::name);
        if (!accounts) return accounts.error().message;
        if (!tokens) return tokens.error().message;
        accounts_ = std::move(*accounts);
        tokens_ = std::move(*tokens);
        (void)tokens_->set_own_node("http://127.0.0.1:5000/storage");
        return {};
    }

    static std::string email(int number) { return "person" + std::to_string(number) + "@example.org"; }
    static std::string uid(int number) { return "uid" + std::to_string(number); }

    void act() {
        const auto number = static_cast<int>(below(30));
        auto& person = people_[number];
        if (!person.has_account) return;
        if (!*person.has_account)
            create(number, person);
        else if (below(5) == 0)
            settle(person, accounts_->remove_account(uid(number)).has_value(), false);
        else
            assign(number, person);
    }

    void settle(Person& person, bool acknowledged, bool has_account) {
        acknowledged_ += acknowledged ? 1 : 0;
        person.has_account = acknowledged ? std::optional(has_account) : std::nullopt;
    }

    void create(int number, Person& person) {
        accounts::Account account;
        account.uid = uid(number);
        account.email = email(number);
        account.client_salt = "salt";
        account.password = {{1, 64, 1}, "salt", std::string(32, 'v'), std::string(32, 'w')};
        account.generation = account.keys_changed_at = account.created_at = now;
        const auto made = accounts_->create_account(
            accounts::SignUp::open, {}, account,
            {uid(number) + "-" + std::to_string(++sessions_), "key", "agent"}, {}, now);
        settle(person, made.has_value(), true);
    }

    void assign(int number, Person& person) {
        const auto given = tokens_->assign(email(number), {now, now, "aa"}, now, {});
        if (!given) return;
        ++acknowledged_;
        if (person.storage_user && given->uid != *person.storage_user)
            wrong_ = email(number) + " got another storage user";
        person.storage_user = given->uid;
    }

    std::string look() {
        for (auto& [number, person] : people_) {
            const auto there = accounts_->account_exists(uid(number));
            if (!there) return "accounts.db does not read: " + there.error().detail;
            if (person.has_account && *person.has_account != *there)
                return email(number) + (*there ? " was removed and came back" : " has lost his account");
            person.has_account = *there;
            if (!person.storage_user) continue;
            const auto given = tokens_->assign(email(number), {now, now, "aa"}, now, {});
            if (!given) return "token.db does not answer";
            if (given->uid != *person.storage_user) return email(number) + " has lost his storage user";
        }
        return wrong_;
    }

    const bool synchronous_;
    sys::ScratchFolder folder_ = sys::ScratchFolder::in_memory();
    PowerVfs vfs_;
    std::mt19937_64 dice_;
    std::unique_ptr<accounts::AccountsStore> accounts_;
    std::unique_ptr<TokenSqlite> tokens_;
    std::map<int, Person> people_;
    std::string wrong_;
    int sessions_ = 0;
    int acknowledged_ = 0;
};

int noticed(bool synchronous, bool disk_lies) {
    int noticed = 0;
    for (std::uint64_t seed = 1; seed <= 20; ++seed)
        noticed += Trial(seed, synchronous, disk_lies).run().empty() ? 0 : 1;
    return noticed;
}

TEST(AccountsOnABadDiskTest, KeepWhatTheyAcknowledged) {
    int acknowledged = 0;
    for (std::uint64_t seed = 1; seed <= 100; ++seed) {
        Trial trial(seed, true, false);
        ASSERT_EQ(trial.run(), "") << "seed " << seed;
        acknowledged += trial.acknowledged();
    }
    EXPECT_GT(acknowledged, 2000);
}

// Could the test above fail at all?
TEST(AccountsOnABadDiskTest, NoticeWhenCommitsAreNotSynced) {
    EXPECT_GE(noticed(false, false), 5);
}

TEST(AccountsOnABadDiskTest, NoticeADiskThatLies) {
    EXPECT_GE(noticed(true, true), 5);
}

}  // namespace
}  // namespace homespun::sync::store::sqlite
