#include "client_commands.hpp"

#include <fmt/format.h>

#include <cmath>
#include <iostream>
#include <iterator>
#include <system_error>
#include <utility>

#include "base/json.hpp"
#include "client_session.hpp"
#include "sync/client/printable.hpp"
#include "sync/client/stored_lines.hpp"
#include "sync/ops/manifest.hpp"
#include "sys/terminal.hpp"

using namespace homespun;
namespace client = sync::client;
using client::printable_json;
using client::printable_text;
using client::Records;

namespace {

std::string time_text(double seconds) {
    constexpr double a_second = 1000;
    constexpr double latest = 253'402'300'799;  // of a year with four digits
    if (!(seconds >= 0 && seconds <= latest)) return "-";
    return sync::ops::utc_text(std::llround(seconds * a_second));
}

std::string name_of(std::string_view collection, std::string_view id) {
    return fmt::format("{}/{}", collection, id);
}

/// An empty variable of a script must not turn one record into all of them.
std::string not_empty(const std::string& text) {
    return text.empty() ? "it is empty" : "";
}

base::Error cannot_be_read(std::string_view collection, std::string_view id, client::RecordFault fault) {
    return {fmt::format("{} {}; --raw shows it as it is stored", name_of(collection, id),
                        client::describe(fault))};
}

}  // namespace

base::Result<int> ClientCommands::written() {
    if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0)
        return base::fail("the output cannot be written");
    return 0;
}

void ClientCommands::add_to(CLI::App& app, const AddCommand& plain) {
    const AddCommand command = [&plain](CLI::App& parent, const char* name, const char* help,
                                        std::function<int()> run) -> CLI::App& {
        return plain(parent, name, help, [run = std::move(run)] {
            try {
                return run();
            } catch (const std::system_error& error) {  // of fmt, as soon as its buffer finds no room
                return complain(fmt::format("the output cannot be written: {}", error.code().message()),
                                exit_failed);
            }
        });
    };
    auto& sub = *app.add_subcommand("client", "Your own records: look at them, rescue them, change them");
    sub.require_subcommand(1);
    add_login(sub, command);

    auto& list = command(sub, "list", "Your collections, or the ids of one's records",
                         [this] { return this->list(); });
    list.add_option("COLLECTION", collection_, "All collections without it")->check(not_empty);
    list.add_flag("--json", json_);

    auto& get = command(sub, "get", "Print a record, decrypted", [this] { return this->get(); });
    auto* const collection = get.add_option("COLLECTION", collection_, "Like bookmarks")->check(not_empty);
    auto* const id =
        get.add_option("ID", id_, "Which record; list shows them")->check(not_empty)->needs(collection);
    get.add_flag("--all", all_, "Every record of the collection, or of all, a line each")->excludes(id);
    get.add_flag("--raw", raw_, "As it is stored, encrypted");

    auto& put = command(sub, "put", "Encrypt and store a record: JSON on standard input",
                        [this] { return this->put(); });
    put.add_option("COLLECTION", collection_, "Like bookmarks")->check(not_empty)->required();
    put.add_option("ID", id_, "Of the record; what was there is replaced")->check(not_empty)->required();

    auto& remove = command(sub, "delete", "Delete a record, or a whole collection, from the server",
                           [this] { return this->remove(); });
    remove.add_option("COLLECTION", collection_, "Like bookmarks")->check(not_empty)->required();
    remove.add_option("ID", id_, "Which record; all of the collection without it")->check(not_empty);
    remove.add_flag("--yes", yes_, "Do not ask");

    command(sub, "decrypt", "Decrypt records, or an export, from standard input; asks no server", [this] {
        return decrypt();
    }).add_option("--collection", collection_, "Of records that do not say it");
}

int ClientCommands::with_session(const std::function<base::Result<int>(ClientSession&)>& work) const {
    const auto session = ClientSession::open();
    if (!session) return complain(printable_text(session.error().message), exit_failed);
    const auto done = work(**session);
    return done ? *done : complain(printable_text(done.error().message), exit_failed);
}

int ClientCommands::list() {
    return with_session([this](ClientSession& session) {
        return collection_.empty() ? list_collections(session) : list_ids(session);
    });
}

base::Result<int> ClientCommands::list_collections(ClientSession& session) const {
    const auto all = session.run([](Records& records) { return records.collections(); });
    if (!all) return std::unexpected(all.error());
    if (json_) {
        std::string text;
        base::json::Writer writer(text);
        writer.begin_array();
        for (const auto& one : *all) {
            writer.begin_object()
                .member("collection", std::string_view(one.name))
                .member("count", one.count)
                .key("modified")
                .raw(client::seconds_text(one.modified))
                .end_object();
        }
        writer.end_array();
        fmt::print("{}\n", printable_json(text));
        return written();
    }
    fmt::print("{:<20} {:>8}  {}\n", "collection", "records", "last changed");
    for (const auto& one : *all)
        fmt::print("{:<20} {:>8}  {}\n", printable_text(one.name), one.count, time_text(one.modified));
    return written();
}

base::Result<int> ClientCommands::list_ids(ClientSession& session) const {
    const auto ids = session.run([&](Records& records) { return records.ids(collection_); });
    if (!ids) return std::unexpected(ids.error());
    if (json_) {
        std::string text;
        base::json::Writer writer(text);
        writer.begin_array();
        for (const auto& id : *ids)
            writer.value(std::string_view(id));
        writer.end_array();
        fmt::print("{}\n", printable_json(text));
        return written();
    }
    for (const auto& id : *ids)
        fmt::print("{}\n", printable_text(id));
    return written();
}

int ClientCommands::get() {
    if (!all_ && id_.empty()) return complain("say which record, COLLECTION and ID, or --all", exit_usage);
    return with_session([this](ClientSession& session) -> base::Result<int> {
        if (!raw_) {
            if (auto known = session.need_keys(ClientSession::Missing::refuse); !known)
                return std::unexpected(known.error());
        }
        return all_ ? get_all(session) : get_one(session);
    });
}

base::Result<int> ClientCommands::get_one(ClientSession& session) const {
    auto record = session.run([&](Records& records) { return records.find(collection_, id_); });
    if (!record) return std::unexpected(record.error());
    if (!*record) return base::fail(fmt::format("there is no record {}", name_of(collection_, id_)));
    if (raw_) {
        fmt::print("{}\n", printable_json(client::stored_line({collection_, std::move(**record)})));
        return written();
    }
    const auto opened = session.keys().open(collection_, id_, (*record)->payload);
    if (!opened) return std::unexpected(cannot_be_read(collection_, id_, opened.error()));
    fmt::print("{}\n", printable_json(*opened));
    return written();
}

base::Result<int> ClientCommands::get_all(ClientSession& session) const {
    std::vector<std::string> collections{collection_};
    if (collection_.empty()) {
        const auto all = session.run([](Records& records) { return records.collections(); });
        if (!all) return std::unexpected(all.error());
        collections.clear();
        for (const auto& one : *all)
            collections.push_back(one.name);
    }
    std::size_t closed = 0;
    for (const auto& name : collections) {
        auto ids = session.run([&](Records& records) { return records.ids(name); });
        if (!ids) return std::unexpected(ids.error());
        for (auto& portion : client::portions(std::move(*ids))) {
            auto fetched =
                session.run([&](Records& records) { return records.fetch(name, std::move(portion)); });
            if (!fetched) return std::unexpected(fetched.error());
            for (auto& record : *fetched) {
                const client::PlacedRecord placed{name, std::move(record)};
                if (raw_) {
                    fmt::print("{}\n", printable_json(client::stored_line(placed)));
                    continue;
                }
                const auto opened = session.keys().open(name, placed.record.id, placed.record.payload);
                if (!opened) {
                    ++closed;
                    complain(printable_text(cannot_be_read(name, placed.record.id, opened.error()).message),
                             exit_failed);
                    continue;
                }
                fmt::print("{}\n", printable_json(client::opened_line(placed, *opened)));
            }
        }
    }
    if (auto good = written(); !good) return good;
    if (closed > 0) return base::fail(fmt::format("{} records could not be decrypted", closed));
    return 0;
}

int ClientCommands::put() {
    const std::string record{std::istreambuf_iterator<char>(std::cin), {}};
    return with_session([&](ClientSession& session) -> base::Result<int> {
        if (auto known = session.need_keys(ClientSession::Missing::make); !known)
            return std::unexpected(known.error());
        auto payload = session.keys().seal(collection_, id_, record, session.random());
        if (!payload) {
            return base::fail(
                payload.error() == client::RecordFault::not_json ? "standard input holds no JSON object"
                : payload.error() == client::RecordFault::other_record
                    ? "the record has another id in it than the one given"
                    : fmt::format("{} {}", name_of(collection_, id_), client::describe(payload.error())));
        }
        const auto stored =
            session.run([&](Records& records) { return records.put(collection_, id_, std::move(*payload)); });
        if (!stored) return std::unexpected(stored.error());
        fmt::print("stored {}\n", printable_text(name_of(collection_, id_)));
        return written();
    });
}

base::Result<bool> ClientCommands::confirmed(const ClientSession& session) const {
    if (yes_) return true;
    const auto what = printable_text(id_.empty() ? "all of " + collection_ : name_of(collection_, id_));
    const auto answer = sys::ask(fmt::format("Delete {} of {} from {}? Type yes: ", what,
                                             session.login().account, session.login().server));
    if (!answer) return base::fail("nothing deleted: say yes on standard input, or use --yes");
    return *answer == "yes";
}

int ClientCommands::remove() {
    return with_session([this](ClientSession& session) -> base::Result<int> {
        const auto sure = confirmed(session);
        if (!sure) return std::unexpected(sure.error());
        if (!*sure) return base::fail("nothing deleted");
        if (id_.empty()) {
            const auto gone = session.run([&](Records& records) { return records.remove_all(collection_); });
            if (!gone) return std::unexpected(gone.error());
            fmt::print("deleted all of {}\n", printable_text(collection_));
            return written();
        }
        const auto gone = session.run([&](Records& records) { return records.remove(collection_, id_); });
        if (!gone) return std::unexpected(gone.error());
        if (!*gone) return base::fail(fmt::format("there is no record {}", name_of(collection_, id_)));
        fmt::print("deleted {}\n", printable_text(name_of(collection_, id_)));
        return written();
    });
}
