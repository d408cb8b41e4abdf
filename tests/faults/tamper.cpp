#include "faults/tamper.hpp"

#include <map>

#include "sync/store/sqlite/database.hpp"
#include "sync/store/sqlite/store_files.hpp"

namespace homespun::tests {
namespace {

// Records of "tabs" expire by themselves: nobody would miss them.
const std::map<std::string, std::string>& statements() {
    static const std::map<std::string, std::string> all = {
        {"lose",
         "DELETE FROM bso WHERE rowid = (SELECT b.rowid FROM bso b JOIN collection c ON c.cid = b.cid "
         "WHERE c.name <> 'tabs' LIMIT 1)"},
        {"alter",
         "UPDATE bso SET payload = payload || 'x' WHERE rowid = (SELECT b.rowid FROM bso b JOIN collection c "
         "ON c.cid = b.cid WHERE c.name <> 'tabs' LIMIT 1)"},
        {"revive",
         "INSERT INTO bso(cid, id, modified, payload) SELECT cid, 'record-dead', modified, 'x' FROM "
         "collection "
         "LIMIT 1"},
        {"rewind",
         "UPDATE collection SET modified = modified - 1 WHERE cid = (SELECT cid FROM collection LIMIT 1)"},
        {"drop", "DELETE FROM collection WHERE cid = (SELECT cid FROM collection LIMIT 1)"},
        {"unstage", "DELETE FROM batch"},
    };
    return all;
}

}  // namespace

std::vector<std::string> tamperings() {
    std::vector<std::string> names;
    for (const auto& [name, sql] : statements())
        names.push_back(name);
    return names;
}

base::Result<std::int64_t> tamper(const std::string& directory, const std::string& how) {
    namespace sqlite = sync::store::sqlite;
    auto database = sqlite::Database::open(sqlite::shard_path(directory, 0), {});
    if (!database) return base::fail(database.error().message);
    if (auto done = database->execute(statements().at(how)); !done) return base::fail(done.error().message);
    return database->changes();
}

}  // namespace homespun::tests
