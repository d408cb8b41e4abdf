#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"
#include "base/task.hpp"
#include "net/http/parser.hpp"

namespace homespun::sync::client {

/// Where one person's records are, by whatever protocol: what Sync 1.1 and 1.5 have in common. Lives on one
/// loop, used from its thread.
class RecordServer {
  public:
    virtual ~RecordServer() = default;
    /// One request with the person's credentials; `path` is below the person's storage, like
    /// /info/collections, percent-encoded, with its query. The answer whatever its status; the error says why
    /// there is none.
    virtual base::Task<base::Result<net::http::ClientResponse>> send(std::string method, std::string path,
                                                                     std::string body = {},
                                                                     net::http::Headers headers = {}) = 0;
};

/// One collection as the server tells it.
struct CollectionFacts {
    std::string name;
    double modified = 0;     ///< seconds since 1970, hundredths
    std::int64_t count = 0;  ///< records that have not expired
};

/// One record as the server keeps it.
struct StoredRecord {
    std::string id;
    std::string payload = {};
    std::optional<double> modified = {};  ///< seconds since 1970, hundredths
    std::optional<std::int64_t> sortindex = {};

    /// Nothing when it is no object with an id; a payload may be missing, as Sync 1.1 allows.
    static std::optional<StoredRecord> read(const base::json::Value& json);
};

/// Seconds with exactly two decimals, as both protocols write them.
std::string seconds_text(double seconds);

/// The records of one person. Errors are told to that person: what the server refused and what to do.
class Records {
  public:
    explicit Records(RecordServer& server) : server_(server) {}

    base::Task<base::Result<std::vector<CollectionFacts>>> collections();
    /// Each once. Fails when the server names page after page and nothing new comes.
    base::Task<base::Result<std::vector<std::string>>> ids(std::string collection);
    /// Nothing when there is no such record.
    base::Task<base::Result<std::optional<StoredRecord>>> find(std::string collection, std::string id);
    /// The records with these ids, those that are gone left out; a portion made by `portions`.
    base::Task<base::Result<std::vector<StoredRecord>>> fetch(std::string collection,
                                                              std::vector<std::string> ids);
    /// Creates or overwrites.
    base::Task<base::Result<void>> put(std::string collection, std::string id, std::string payload);
    /// Creates; false when there is one, which stays as it is. When another client is at it at the same time,
    /// one of both makes it. `payload` is called for each try.
    base::Task<base::Result<bool>> make(std::string collection, std::string id,
                                        std::function<std::string()> payload);
    /// False when there was no such record (Sync 1.1 does not tell).
    base::Task<base::Result<bool>> remove(std::string collection, std::string id);
    base::Task<base::Result<void>> remove_all(std::string collection);

  private:
    base::Task<base::Result<base::json::Value>> get_json(std::string path);
    base::Task<base::Result<net::http::ClientResponse>> send_put(std::string path, std::string id,
                                                                 std::string payload,
                                                                 net::http::Headers headers);
    /// All pages of a collection's list; of ids, the records have nothing but these.
    base::Task<base::Result<std::vector<StoredRecord>>> pages(std::string path, std::string query);

    RecordServer& server_;
};

/// Cuts ids into portions that one request can name. Ids that cannot stand in a list come alone.
std::vector<std::vector<std::string>> portions(std::vector<std::string> ids);

/// What an answer other than the one hoped for means.
base::Error refusal(std::string_view what, const net::http::ClientResponse& response);

}  // namespace homespun::sync::client
