#pragma once
#include <cstdint>
#include <string>

#include "sync/store/sqlite/database.hpp"
#include "sync/store/weave_store.hpp"

namespace homespun::sync::store::sqlite {

/// A SELECT of the `rowid` of what a query wants from a collection, in its order, with its limit. Expired
/// records are not among it. Holds the texts that the statement was bound to: it outlives it.
class WeaveSelect {
  public:
    /// `query` outlives it.
    WeaveSelect(const WeaveQuery& query, std::int64_t cid, Timestamp now);
    SqlResult<Statement> prepare(Database& database) const;

  private:
    const WeaveQuery& query_;
    std::int64_t cid_;
    Timestamp now_;
    std::string ids_;  ///< as JSON
};

/// The timestamp of a collection for Sync 1.1: the latest `modified` of its records, of expired and purged
/// ones too; 0 when it has none.
SqlResult<Timestamp> weave_stamp(Database& database, std::int64_t cid);

}  // namespace homespun::sync::store::sqlite
