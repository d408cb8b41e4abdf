#pragma once
#include <memory>
#include <string>

#include "sync/easysetup/channel_keeper.hpp"
#include "sync/store/sqlite/database.hpp"

namespace homespun::sync::store::sqlite {

/// The channels of Easy Setup in a file of their own. Nothing in it is older than a channel's life, so it is
/// in no backup, and a format it does not know is thrown away. It outlives the program, not a loss of power:
/// nothing waits for the disk.
class ChannelsSqlite final : public easysetup::ChannelFile {
  public:
    /// Makes the file when it is not there. `vfs`: for tests.
    static base::Result<std::unique_ptr<ChannelsSqlite>> open(const std::string& path,
                                                              const char* vfs = nullptr);
    base::Result<std::vector<Entry>> load() override;
    base::Result<void> save(const std::vector<Entry>& entries) override;

  private:
    explicit ChannelsSqlite(Database database) : database_(std::move(database)) {}
    SqlResult<std::vector<Entry>> load_rows();
    SqlResult<void> load_deliveries(const std::string& id, easysetup::Channel& channel);
    SqlResult<void> save_rows(const std::vector<Entry>& entries);
    SqlResult<void> save_row(const std::string& id, const easysetup::Channel& channel);

    Database database_;
};

}  // namespace homespun::sync::store::sqlite
