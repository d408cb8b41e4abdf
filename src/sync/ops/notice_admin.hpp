#pragma once
#include <string>

#include "barrel/server/natives.hpp"
#include "base/log.hpp"
#include "base/result.hpp"
#include "sync/storage/notices.hpp"

namespace homespun::sync::ops {

/// The natives of services/admin.rbr about notices, which outlive a restart in `notices.json` of the data
/// directory. Belongs to the loop of the admin channel.
class NoticeAdmin {
  public:
    NoticeAdmin(storage::Notices& notices, std::string data_directory, base::Logger& logger)
        : notices_(notices), path_(std::move(data_directory) + "/notices.json"), logger_(logger) {}

    /// What was in force when the server ended. The error names the file.
    base::Result<void> load();
    void register_natives(barrel::Natives& natives);

  private:
    using Answer = base::Task<net::http::Response>;
    Answer show();
    Answer change(barrel::Context& context);

    storage::Notices& notices_;
    std::string path_;
    base::Logger& logger_;
};

}  // namespace homespun::sync::ops
