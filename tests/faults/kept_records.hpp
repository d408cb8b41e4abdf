#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "integration/running_server.hpp"

namespace homespun::tests {

/// A server on `data` with what all tests of upkeep have in common. `environment` as of RunningServer.
class UpkeepServer : public RunningServer {
  public:
    explicit UpkeepServer(const std::string& data, const std::vector<std::string>& environment = {},
                          int shards = 1);
};

/// Whether text of records has their times.
enum class Times { shown, hidden };

/// What storage users (who need no account: tokens are made with the server's own secret) have in a running
/// server on `data`.
class KeptRecords {
  public:
    KeptRecords(const RunningServer& server, std::string data);

    /// Puts records "0" … of `bytes` each and with `text` in front; a failure of the test when it is refused.
    void put(std::uint64_t user, const std::string& collection, int count, const std::string& text,
             std::size_t bytes = 0);
    /// Status of a DELETE of the collection.
    int remove(std::uint64_t user, const std::string& collection);
    /// Everything of these users as text, a line for each collection and record; empty when it cannot be
    /// read.
    std::string all(const std::vector<std::uint64_t>& users, Times times = Times::shown);

  private:
    const std::uint16_t port_;
    const std::string data_;
};

/// `HOMESPUN_KILL_AT=POINT:PASS`, as an environment.
std::vector<std::string> death_at(const std::string& point, int pass);
/// Half of the nth write to a file whose name ends in `file`, then the end.
std::vector<std::string> death_in_write(const std::string& file, int write);

}  // namespace homespun::tests
