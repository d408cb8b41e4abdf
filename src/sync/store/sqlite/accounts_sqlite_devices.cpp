#include <algorithm>

#include "sync/store/sqlite/accounts_tables.hpp"

namespace homespun::sync::store::sqlite {

using accounts::Device;
using accounts::Holder;
using accounts::StoreFailure;
using accounts::StoreResult;

namespace {

std::optional<std::string> handle_if(const Holder& holder, Holder::Kind kind) {
    return holder.kind == kind ? std::optional(holder.handle) : std::nullopt;
}

Device read_device(const Statement& row) {
    Device device;
    device.id = row.text(0);
    device.holder = row.is_null(1) ? Holder{Holder::Kind::refresh_token, std::string(row.text(2))}
                                   : Holder{Holder::Kind::session, std::string(row.text(1))};
    device.name = row.text(3);
    device.type = row.text(4);
    device.push_callback = optional_text(row, 5);
    device.push_public_key = optional_text(row, 6);
    device.push_auth_key = optional_text(row, 7);
    device.available_commands = row.text(8);
    device.created_at = row.integer(9);
    device.last_used_at = row.integer(10);
    return device;
}

bool same(const Holder& a, const Holder& b) {
    return a.kind == b.kind && a.handle == b.handle;
}

void apply(const accounts::DeviceChange& change, Device& device) {
    if (change.name) device.name = *change.name;
    if (change.type) device.type = *change.type;
    if (change.available_commands) device.available_commands = *change.available_commands;
    if (change.push_callback) device.push_callback = *change.push_callback;
    if (change.push_public_key) device.push_public_key = *change.push_public_key;
    if (change.push_auth_key) device.push_auth_key = *change.push_auth_key;
}

}  // namespace

SqlResult<std::vector<Device>> AccountsTables::read_devices(std::string_view uid) {
    std::vector<Device> list;
    auto done = each_row(
        database_,
        "SELECT device.id, device.session, device.refresh, device.name, device.type, push_callback, "
        "push_public_key, "
        "push_auth_key, available_commands, device.created_at, coalesce(session.last_used_at, "
        "refresh.last_used_at) "
        "FROM device LEFT JOIN session ON session.handle = device.session "
        "LEFT JOIN refresh ON refresh.handle = device.refresh WHERE device.uid = ? "
        "ORDER BY device.created_at, device.id",
        [&](Statement& row) { list.push_back(read_device(row)); }, uid);
    if (!done) return std::unexpected(done.error());
    return list;
}

SqlResult<void> AccountsTables::write_device(std::string_view uid, const Device& device) {
    auto done = change_rows(
        database_,
        "INSERT INTO device (id, uid, session, refresh, name, type, push_callback, push_public_key, "
        "push_auth_key, "
        "available_commands, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE "
        "SET "
        "session = excluded.session, refresh = excluded.refresh, name = excluded.name, type = excluded.type, "
        "push_callback = excluded.push_callback, push_public_key = excluded.push_public_key, "
        "push_auth_key = excluded.push_auth_key, available_commands = excluded.available_commands",
        device.id, uid, handle_if(device.holder, Holder::Kind::session),
        handle_if(device.holder, Holder::Kind::refresh_token), device.name, device.type, device.push_callback,
        device.push_public_key, device.push_auth_key, device.available_commands, device.created_at);
    if (!done) return std::unexpected(done.error());
    return {};
}

StoreResult<Device> AccountsTables::merge_device(std::string_view uid, const Holder& holder,
                                                 const accounts::DeviceChange& change, std::int64_t now) {
    auto list = read_devices(uid);
    if (!list) return failed(list.error());
    const auto own =
        std::ranges::find_if(*list, [&](const Device& device) { return same(device.holder, holder); });
    Device result;
    if (change.id) {
        const auto named = std::ranges::find(*list, *change.id, &Device::id);
        if (named == list->end()) return failed(StoreFailure::unknown_device);
        if (own != list->end() && own != named) return failed(StoreFailure::device_conflict, own->id);
        result = *named;
    } else {
        if (own != list->end()) return failed(StoreFailure::device_conflict, own->id);
        result.id = change.new_id;
        result.created_at = now;
    }
    result.holder = holder;
    result.last_used_at = now;
    apply(change, result);
    return result;
}

StoreResult<Device> AccountsTables::put_device(std::string_view uid, const Holder& holder,
                                               const accounts::DeviceChange& change, std::int64_t now) {
    return atomically(database_, [&]() -> StoreResult<Device> {
        auto device = merge_device(uid, holder, change, now);
        if (!device) return device;
        // What else could break is unique by the look taken just now: only the holder can be missing.
        if (auto done = write_device(uid, *device); !done) return failed_reference(done.error());
        return device;
    });
}

StoreResult<std::vector<Device>> AccountsTables::devices(std::string_view uid, std::int64_t now) {
    auto list = read_devices(uid);
    if (!list) return failed(list.error());
    std::erase_if(
        *list, [&](const Device& device) { return device.last_used_at < now - accounts::session_idle_ms; });
    return std::move(*list);
}

StoreResult<void> AccountsTables::destroy_device(std::string_view uid, std::string_view id) {
    return atomically(database_, [&]() -> StoreResult<void> {
        const auto list = read_devices(uid);
        if (!list) return failed(list.error());
        const auto found = std::ranges::find(*list, id, &Device::id);
        if (found == list->end()) return failed(StoreFailure::unknown_device);
        const char* const sql = found->holder.kind == Holder::Kind::session
                                    ? "DELETE FROM session WHERE handle = ?"
                                    : "DELETE FROM refresh WHERE handle = ?";
        if (auto done = change_rows(database_, sql, found->holder.handle); !done) return failed(done.error());
        return {};
    });
}

StoreResult<std::int64_t> AccountsTables::add_command(std::string_view uid, std::string_view target,
                                                      const accounts::Command& command,
                                                      std::int64_t expires_at) {
    return atomically(database_, [&]() -> StoreResult<std::int64_t> {
        const auto known =
            read_number(database_, "SELECT count(*) FROM device WHERE uid = ? AND id = ?", uid, target);
        if (!known) return failed(known.error());
        if (*known == 0) return failed(StoreFailure::unknown_device);
        auto dropped =
            change_rows(database_,
                        "DELETE FROM command WHERE idx IN (SELECT idx FROM command WHERE device = ? "
                        "ORDER BY idx DESC LIMIT -1 OFFSET ?)",
                        target, static_cast<std::int64_t>(accounts::most_commands_per_device) - 1);
        if (!dropped) return failed(dropped.error());
        auto added = change_rows(
            database_,
            "INSERT INTO command (device, sender, command, payload, expires_at) VALUES (?, ?, ?, ?, ?)",
            target, command.sender, command.command, command.payload, expires_at);
        if (!added) return failed(added.error());
        return database_.last_insert_rowid();
    });
}

StoreResult<accounts::CommandPage> AccountsTables::commands(std::string_view uid, std::string_view device,
                                                            std::int64_t from, std::int64_t limit,
                                                            std::int64_t now) {
    accounts::CommandPage page;
    // One row more than wanted tells whether there is more.
    auto done = each_row(
        database_,
        "SELECT idx, command, payload, sender FROM command JOIN device ON device.id = command.device "
        "WHERE device.uid = ? AND command.device = ? AND idx >= ? AND expires_at > ? ORDER BY idx LIMIT ?",
        [&](Statement& row) {
            page.commands.push_back(
                {row.integer(0), std::string(row.text(1)), std::string(row.text(2)), optional_text(row, 3)});
        },
        uid, device, from, now, limit + 1);
    if (!done) return failed(done.error());
    if (static_cast<std::int64_t>(page.commands.size()) > limit) {
        page.commands.pop_back();
        page.last = false;
    }
    if (!page.commands.empty()) {
        page.index = page.commands.back().index;
        return page;
    }
    const auto newest =
        read_number(database_, "SELECT coalesce(max(idx), 0) FROM command WHERE device = ?", device);
    if (!newest) return failed(newest.error());
    page.index = *newest;
    return page;
}

}  // namespace homespun::sync::store::sqlite
