// Calling a server for a client that has come.
#include <cerrno>
#include <cstring>
#include <utility>

#include "seism/proxy/carrying.hpp"

namespace homespun::seism {

void Carrying::dial(Slot& slot) {
    auto& connection = *slot.connection;
    connection.dial_at = never;
    connection.dial_deadline = std::chrono::steady_clock::now() + options_.dial_time;
    if (slot.proxy->numeric)
        dial(connection.tag(), *slot.proxy->numeric);
    else
        look_up(slot);
}

void Carrying::look_up(Slot& slot) {
    const auto tag = slot.connection->tag();
    const bool taken = resolver_.submit(
        [this, tag, host = slot.proxy->plan.upstream_host, port = slot.proxy->plan.upstream_port] {
            auto address = net::TcpAddress::resolve(host, port);
            orders_.give([this, tag, address = std::move(address)] {
                auto* waiting = find(tag);
                if (waiting == nullptr) return;
                if (address)
                    dial(tag, *address);
                else
                    dial_failed(*waiting, address.error().message);
            });
        });
    if (!taken) dial_failed(slot, "too many look-ups wait");
}

void Carrying::dial(std::uint64_t tag, const net::TcpAddress& address) {
    auto& slot = *find(tag);
    auto& socket = slot.connection->side(Connection::server).socket;
    if (const int error = socket.connect(address); error != 0) return dial_failed(slot, std::strerror(error));
    if (!orders_.poller().watch(socket.descriptor(), tag | about_server))
        return dial_failed(slot, "no room to watch the connection");
    look_at_dial(slot);
}

void Carrying::look_at_dial(Slot& slot) {
    const auto& socket = slot.connection->side(Connection::server).socket;
    if (!socket.is_open()) return;
    const int error = socket.error();
    if (error == EINPROGRESS) return drive(slot.connection->tag());
    if (error != 0) return dial_failed(slot, std::strerror(error));
    dialled(slot);
}

void Carrying::dialled(Slot& slot) {
    if (std::exchange(slot.proxy->upstream_is_down, false) && options_.watcher != nullptr)
        options_.watcher->upstream_up(slot.proxy->plan.name);
    slot.connection->connected();
    drive(slot.connection->tag());
}

void Carrying::tell_down(Proxy& proxy, const std::string& why) {
    if (!std::exchange(proxy.upstream_is_down, true) && options_.watcher != nullptr)
        options_.watcher->upstream_down(proxy.plan.name, why);
}

void Carrying::dial_failed(Slot& slot, const std::string& why) {
    ProxyCounts::add(slot.proxy->plan.counts->dial_failures, 1);
    tell_down(*slot.proxy, why);
    slot.connection->dial_deadline = never;
    slot.connection->close(std::chrono::steady_clock::now());
    drive(slot.connection->tag());
}

}  // namespace homespun::seism
