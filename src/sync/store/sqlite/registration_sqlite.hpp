#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "sync/auth/user_backend.hpp"
#include "sync/registration/reset_codes.hpp"
#include "sync/store/sqlite/database.hpp"

namespace homespun::sync::store::sqlite {

/// Version of the format of registration.db, kept in the file's user_version.
constexpr std::int64_t registration_format = 1;

/// registration.db: users of the services of 2010 in the table `user` of that time (sheet sync-legacy, 8), so
/// that the rows of an old server can be copied in, and their reset codes. Ids are never used again.
/// Blocking; belongs to one thread at a time.
class RegistrationSqlite final : public registration::ResetCodeStore {
  public:
    /// Makes the file (readable by its owner only) or opens it; refuses a format newer than ours. `vfs`: a
    /// registered SQLite VFS (fault injection in tests).
    static base::Result<std::unique_ptr<RegistrationSqlite>> open(const std::string& path,
                                                                  const char* vfs = nullptr);

    struct Row {
        auth::BackendUser user;
        std::string password;  ///< auth::StoredPassword, or an old hash
        bool active = true;    ///< accountStatus 1
    };
    SqlResult<std::optional<Row>> find(const std::string& name);
    /// The id; nullopt: the name is taken, or there are `most_users` already (0: no bound).
    SqlResult<std::optional<std::uint64_t>> insert(const std::string& name, const std::string& password,
                                                   const std::string& mail, std::int64_t most_users);
    SqlResult<void> set_password(std::uint64_t id, const std::string& password);
    /// Only where it is still `old`.
    SqlResult<void> replace_password(std::uint64_t id, const std::string& old, const std::string& password);
    SqlResult<void> set_mail(std::uint64_t id, const std::string& mail);
    /// With the reset code.
    SqlResult<void> remove(std::uint64_t id);

    Outcome<std::optional<Code>> read_code(std::uint64_t user) override;
    Outcome<void> write_code(std::uint64_t user, const Code& code) override;
    Outcome<void> erase_code(std::uint64_t user) override;
    Outcome<bool> take_code(std::uint64_t user, const std::string& text) override;
    /// For the heartbeat.
    SqlResult<void> probe();

  private:
    explicit RegistrationSqlite(Database database) : database_(std::move(database)) {}
    Database database_;
};

}  // namespace homespun::sync::store::sqlite
