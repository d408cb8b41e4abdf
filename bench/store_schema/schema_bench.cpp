// Why the tables of a shard are what they are: the chosen layout against its alternatives, in one run, on one
// disk. Each variant gets the same work: a store of 40,000 records, then durable transactions and reads.
#include <deque>

#include "scenario.hpp"

using namespace homespun::bench;
using homespun::sync::store::sqlite::Database;
using homespun::sync::store::sqlite::OpenOptions;

namespace {

constexpr std::uint64_t collections = 400;
constexpr std::uint64_t records = 100;  ///< of each collection
constexpr int rounds = 3;
constexpr double seconds = 0.25;  ///< of processor time, for each figure

struct Variant {
    std::string name;
    int page_size = 8192;
    std::string table =
        "CREATE TABLE bso(rowid INTEGER PRIMARY KEY, cid INTEGER NOT NULL, id TEXT NOT NULL, modified "
        "INTEGER NOT NULL, sortindex INTEGER, expiry INTEGER, payload BLOB NOT NULL, UNIQUE(cid, id));";
    std::string index = "CREATE INDEX bso_modified ON bso(cid, modified, id);";
    bool table_per_collection = false;
};

std::vector<Variant> variants() {
    std::vector<Variant> all;
    all.push_back({.name = "chosen: rowid, 8192, (cid, modified, id)"});
    all.push_back({.name = "page 4096", .page_size = 4096});
    all.push_back({.name = "page 16384", .page_size = 16384});
    all.push_back(
        {.name = "index (cid, modified)", .index = "CREATE INDEX bso_modified ON bso(cid, modified);"});
    all.push_back({.name = "no index on modified", .index = ""});
    all.push_back({.name = "WITHOUT ROWID",
                   .table =
                       "CREATE TABLE bso(cid INTEGER NOT NULL, id TEXT NOT NULL, modified INTEGER NOT NULL, "
                       "sortindex INTEGER, expiry INTEGER, payload BLOB NOT NULL, PRIMARY KEY(cid, id)) "
                       "WITHOUT ROWID;"});
    all.push_back({.name = "a table per collection", .table_per_collection = true});
    return all;
}

/// One database in the layout of a variant.
class Layout {
  public:
    Layout(const Variant& variant, const Scratch& scratch)
        : variant_(variant),
          database_(
              must(Database::open(scratch.file("bench.db"), OpenOptions{.page_size = variant.page_size,
                                                                        .autocheckpoint_pages = 1000}))) {
        if (!variant_.table_per_collection) {
            must(database_.execute(variant_.table + variant_.index));
            for (std::uint64_t cid = 0; cid < collections; ++cid)
                add_statements("bso");
        } else {
            for (std::uint64_t cid = 0; cid < collections; ++cid) {
                const auto table = fmt::format("bso_{}", cid);
                must(database_.execute(
                    fmt::format("CREATE TABLE {0}(rowid INTEGER PRIMARY KEY, cid INTEGER, id TEXT NOT NULL "
                                "UNIQUE, modified INTEGER "
                                "NOT NULL, sortindex INTEGER, expiry INTEGER, payload BLOB NOT NULL); "
                                "CREATE INDEX {0}_modified ON {0}(modified, id);",
                                table)));
                add_statements(table);
            }
        }
    }

    void begin() { must(database_.execute("BEGIN IMMEDIATE")); }
    void commit() { must(database_.execute("COMMIT")); }
    void write(std::uint64_t cid, std::uint64_t number, std::string_view payload) {
        auto statement = database_.use(upsert_[cid].c_str());
        const auto id = Records::id(number);
        statement.bind(1, static_cast<std::int64_t>(cid)).bind(2, std::string_view(id)).bind(3, ++clock_);
        must(statement.bind_blob(4, payload).run());
    }
    std::size_t read(std::uint64_t cid, std::uint64_t number) {
        auto statement = database_.use(point_[cid].c_str());
        const auto id = Records::id(number);
        must(statement.bind(1, static_cast<std::int64_t>(cid)).bind(2, std::string_view(id)).step());
        return statement.text(0).size();
    }
    std::size_t newer(std::uint64_t cid, std::int64_t since) {
        auto statement = database_.use(range_[cid].c_str());
        statement.bind(1, static_cast<std::int64_t>(cid)).bind(2, since);
        std::size_t bytes = 0;
        for (int i = 0; i < 100 && must(statement.step()); ++i)
            bytes += statement.text(1).size();
        return bytes;
    }
    void checkpoint() { must(database_.execute("PRAGMA wal_checkpoint(TRUNCATE)")); }

  private:
    void add_statements(const std::string& table) {
        // One table: the condition on cid selects; many: it is always true and costs nothing to speak of.
        const bool many = variant_.table_per_collection;
        upsert_.push_back(
            fmt::format("INSERT INTO {}(cid, id, modified, payload) VALUES (?1, ?2, ?3, ?4) ON CONFLICT({}) "
                        "DO UPDATE SET modified = ?3, payload = ?4",
                        table, many ? "id" : "cid, id"));
        point_.push_back(fmt::format("SELECT payload FROM {} WHERE cid = ?1 AND id = ?2", table));
        range_.push_back(
            fmt::format("SELECT id, payload FROM {} WHERE {} modified > ?2 ORDER BY modified, id", table,
                        many ? "cid + 0 = ?1 AND" : "cid = ?1 AND"));
        if (many || upsert_.size() == 1) return;
        // One statement for all.
        upsert_.back() = upsert_.front();
    }

    const Variant& variant_;
    // Stable addresses: a statement is known by the address of its text.
    std::deque<std::string> upsert_, point_, range_;
    Database database_;
    std::int64_t clock_ = 0;
};

using Figures = std::map<std::string, double>;

Figures measure(const Variant& variant, const Scratch& scratch) {
    scratch.clear();
    Layout layout(variant, scratch);
    Records random(7);
    // Users write in turns, each in order of time: as clients do.
    for (std::uint64_t number = 0; number < records; number += 10) {
        layout.begin();
        for (std::uint64_t cid = 0; cid < collections; ++cid) {
            for (std::uint64_t i = number; i < number + 10; ++i)
                layout.write(cid, cid * records + i, random.payload());
        }
        layout.commit();
    }
    layout.checkpoint();
    Figures figures;
    figures["file_bytes"] = static_cast<double>(scratch.bytes());
    const auto any = [&] { return random.below(collections); };
    figures["newer_100_per_s"] = rate(thread_seconds, seconds, 1, [&] { layout.newer(any(), 0); });
    figures["point_reads_per_s"] = rate(thread_seconds, seconds, 1, [&] {
        const auto cid = any();
        layout.read(cid, cid * records + random.below(records));
    });
    std::uint64_t fresh = collections * records;
    figures["single_writes_per_s"] = rate(thread_seconds, seconds, 64, [&] {
        layout.begin();
        for (int i = 0; i < 64; ++i)
            layout.write(any(), ++fresh, random.payload());
        layout.commit();
    });
    figures["batch_100_records_per_s"] = rate(thread_seconds, seconds, 800, [&] {
        layout.begin();
        for (int post = 0; post < 8; ++post) {
            const auto cid = any();
            for (int i = 0; i < 100; ++i)
                layout.write(cid, ++fresh, random.payload());
        }
        layout.commit();
    });
    figures["overwrites_per_s"] = rate(thread_seconds, seconds, 64, [&] {
        layout.begin();
        for (int i = 0; i < 64; ++i) {
            const auto cid = any();
            layout.write(cid, cid * records + random.below(records), random.payload());
        }
        layout.commit();
    });
    return figures;
}

}  // namespace

int main(int argc, char** argv) {
    const Scratch scratch(argc > 1 ? argv[1] : ".");
    const auto all = variants();
    std::vector<std::map<std::string, std::vector<double>>> samples(all.size());
    for (int round = 0; round < rounds; ++round) {
        for (std::size_t i = 0; i < all.size(); ++i) {
            for (const auto& [name, value] : measure(all[i], scratch))
                samples[i][name].push_back(value);
        }
    }
    std::string json = "[";
    const std::vector<std::string> columns{"single_writes_per_s", "batch_100_records_per_s",
                                           "overwrites_per_s",    "point_reads_per_s",
                                           "newer_100_per_s",     "file_bytes"};
    fmt::print("{:42}", "median of 3, per s of CPU; then ratios");
    for (const auto& column : columns)
        fmt::print(" {:>23}", column);
    for (std::size_t i = 0; i < all.size(); ++i) {
        fmt::print("\n{:42}", all[i].name);
        json += fmt::format("{}\n{{\"variant\":\"{}\"", i ? "," : "", all[i].name);
        for (const auto& column : columns) {
            const double value = median(samples[i][column]);
            const double ratio = value / median(samples[0][column]);
            fmt::print(" {:>23}", i == 0 ? fmt::format("{:.0f}", value) : fmt::format("{:.2f}", ratio));
            json += fmt::format(",\"{0}\":{1:.0f},\"{0}_ratio\":{2:.3f}", column, value, ratio);
        }
        json += "}";
    }
    fmt::print("\n");
    std::ofstream(argc > 2 ? argv[2] : "store_schema.json") << json << "\n]\n";
}
