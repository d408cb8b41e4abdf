#include "sync/store/sqlite/channels_sqlite.hpp"

namespace homespun::sync::store::sqlite {
namespace {

using easysetup::Channel;

constexpr std::int64_t format = 1;
// `tag` is empty before the first message. `second` is NULL while one device is there.
constexpr const char* schema = R"(
DROP TABLE IF EXISTS channel;
DROP TABLE IF EXISTS delivery;
CREATE TABLE channel(id TEXT PRIMARY KEY, ends_ms INTEGER NOT NULL, first BLOB NOT NULL, second BLOB,
  content BLOB NOT NULL, tag TEXT NOT NULL, gets INTEGER NOT NULL, over INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE delivery(id TEXT NOT NULL, device INTEGER NOT NULL, tag TEXT NOT NULL, times INTEGER NOT NULL,
  PRIMARY KEY(id, device, tag)) WITHOUT ROWID;
)";

SqlResult<void> prepare_schema(Database& database) {
    const auto version = database.user_version();
    if (!version) return std::unexpected(version.error());
    if (*version == format) return {};
    auto transaction = Transaction::begin(database);
    if (!transaction) return std::unexpected(transaction.error());
    if (auto made = database.execute(schema); !made) return made;
    if (auto set = database.set_user_version(format); !set) return set;
    return transaction->commit();
}

std::unexpected<base::Error> complaint(const SqlError& error) {
    return base::fail("key-exchange.db: " + error.message);
}

}  // namespace

base::Result<std::unique_ptr<ChannelsSqlite>> ChannelsSqlite::open(const std::string& path, const char* vfs) {
    const auto failed = [&path](const SqlError& error) {
        return base::fail(path + ": " + error.message +
                          "; it holds nothing but pairings under way: remove it, or set keyexchange.store "
                          "= \"memory\"");
    };
    OpenOptions options;
    options.page_size = 4096;
    options.cache_kib = 512;
    options.synchronous_full = false;
    options.vfs = vfs;
    auto database = Database::open(path, options);
    if (!database) return failed(database.error());
    if (auto good = prepare_schema(*database); !good) return failed(good.error());
    return std::unique_ptr<ChannelsSqlite>(new ChannelsSqlite(std::move(*database)));
}

base::Result<std::vector<ChannelsSqlite::Entry>> ChannelsSqlite::load() {
    auto rows = load_rows();
    if (!rows) return complaint(rows.error());
    return std::move(*rows);
}

SqlResult<std::vector<ChannelsSqlite::Entry>> ChannelsSqlite::load_rows() {
    std::vector<Entry> entries;
    auto select =
        database_.prepare("SELECT id, ends_ms, first, second, content, tag, gets, over FROM channel");
    if (!select) return std::unexpected(select.error());
    for (;;) {
        const auto more = select->step();
        if (!more) return std::unexpected(more.error());
        if (!*more) break;
        Channel channel;
        channel.ends_ms = select->integer(1);
        channel.devices.emplace_back(select->text(2));
        if (!select->is_null(3)) channel.devices.emplace_back(select->text(3));
        channel.content = select->text(4);
        channel.tag = select->text(5);
        channel.gets = static_cast<int>(select->integer(6));
        channel.over = select->integer(7) != 0;
        entries.push_back({std::string(select->text(0)), std::move(channel)});
    }
    for (auto& entry : entries) {
        if (auto loaded = load_deliveries(entry.id, *entry.channel); !loaded)
            return std::unexpected(loaded.error());
    }
    return entries;
}

SqlResult<void> ChannelsSqlite::load_deliveries(const std::string& id, Channel& channel) {
    auto select = database_.prepare("SELECT device, tag, times FROM delivery WHERE id = ?");
    if (!select) return std::unexpected(select.error());
    select->bind(1, std::string_view(id));
    for (;;) {
        const auto more = select->step();
        if (!more) return std::unexpected(more.error());
        if (!*more) return {};
        channel.deliveries.push_back({static_cast<int>(select->integer(0)), std::string(select->text(1)),
                                      static_cast<int>(select->integer(2))});
    }
}

base::Result<void> ChannelsSqlite::save(const std::vector<Entry>& entries) {
    if (auto saved = save_rows(entries); !saved) return complaint(saved.error());
    return {};
}

SqlResult<void> ChannelsSqlite::save_rows(const std::vector<Entry>& entries) {
    auto transaction = Transaction::begin(database_);
    if (!transaction) return std::unexpected(transaction.error());
    for (const auto& [id, channel] : entries) {
        const std::string_view key(id);
        if (auto gone = database_.use("DELETE FROM delivery WHERE id = ?").bind(1, key).run(); !gone)
            return gone;
        auto done = channel ? save_row(id, *channel)
                            : database_.use("DELETE FROM channel WHERE id = ?").bind(1, key).run();
        if (!done) return done;
    }
    return transaction->commit();
}

SqlResult<void> ChannelsSqlite::save_row(const std::string& id, const Channel& channel) {
    auto row = database_.use("INSERT OR REPLACE INTO channel VALUES (?, ?, ?, ?, ?, ?, ?, ?)");
    row.bind(1, std::string_view(id)).bind(2, channel.ends_ms).bind_blob(3, channel.devices.front());
    if (channel.devices.size() > 1) {
        row.bind_blob(4, channel.devices[1]);
    } else {
        row.bind_null(4);
    }
    row.bind_blob(5, channel.content).bind(6, std::string_view(channel.tag));
    row.bind(7, std::int64_t{channel.gets}).bind(8, std::int64_t{channel.over});
    if (auto written = row.run(); !written) return written;
    for (const auto& delivery : channel.deliveries) {
        auto insert = database_.use("INSERT INTO delivery VALUES (?, ?, ?, ?)");
        insert.bind(1, std::string_view(id)).bind(2, std::int64_t{delivery.device});
        insert.bind(3, std::string_view(delivery.tag)).bind(4, std::int64_t{delivery.times});
        if (auto written = insert.run(); !written) return written;
    }
    return {};
}

}  // namespace homespun::sync::store::sqlite
