// Seism's engine with one proxy, for bench/run proxy.
//
//   bench_seism_proxy PORT UPSTREAM_PORT    on 127.0.0.1; prints `listening`, then obeys lines of its input:
//     add NAME TYPE STREAM [ATTRIBUTE=INTEGER]...
//     remove NAME
// Each line is answered with the microseconds until the engine's thread had carried the order out.
#include <fmt/format.h>

#include <charconv>
#include <chrono>
#include <cstdio>
#include <future>
#include <iostream>
#include <sstream>
#include <string>

#include "load/window.hpp"
#include "seism/proxy/engine.hpp"
#include "seism/toxics/catalogue.hpp"

using namespace homespun;
using bench::give_up;

namespace {

constexpr std::uint64_t proxy_id = 1;

std::int64_t integer(std::string_view text) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) give_up(fmt::format("no number: {}", text));
    return value;
}

seism::Toxic read_toxic(std::istream& words) {
    seism::Toxic toxic;
    std::string stream, setting;
    words >> toxic.name >> toxic.type >> stream;
    const auto* type = seism::find_toxic_type(toxic.type);
    if (type == nullptr) give_up(fmt::format("no such toxic: {}", toxic.type));
    toxic.stream = stream == "upstream" ? seism::Stream::upstream : seism::Stream::downstream;
    toxic.attributes = seism::standard_attributes(*type);
    while (words >> setting) {
        const auto sign = std::min(setting.find('='), setting.size() - 1);
        const auto rule =
            std::ranges::find(type->attributes, setting.substr(0, sign), &seism::AttributeRule::name);
        if (rule == type->attributes.end()) give_up(fmt::format("no such attribute: {}", setting));
        toxic.attributes[static_cast<std::size_t>(rule - type->attributes.begin())] =
            integer(std::string_view(setting).substr(sign + 1));
    }
    return toxic;
}

/// Until the engine's thread has come so far.
void wait_for(seism::Engine& engine) {
    std::promise<void> done;
    engine.post([&] { done.set_value(); });
    done.get_future().wait();
}

void obey(seism::Engine& engine, const std::string& line) {
    std::istringstream words(line);
    std::string what, name;
    words >> what;
    const auto begin = bench::Steady::now();
    if (what == "add") {
        engine.add_toxic(proxy_id, read_toxic(words));
    } else if (what == "remove" && words >> name) {
        engine.remove_toxic(proxy_id, name);
    } else {
        give_up(fmt::format("unknown order: {}", line));
    }
    wait_for(engine);
    const std::chrono::duration<double, std::micro> taken = bench::Steady::now() - begin;
    bench::mark(fmt::format("{:.1f}", taken.count()));
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 3) give_up("usage: bench_seism_proxy PORT UPSTREAM_PORT");
    auto socket = seism::ListenSocket::open({"127.0.0.1", static_cast<std::uint16_t>(integer(argv[1]))});
    if (!socket) give_up(socket.error().message);
    auto engine = seism::Engine::start({});
    if (!engine) give_up(engine.error().message);
    (*engine)->open(proxy_id, {.name = "bench",
                               .socket = std::move(*socket),
                               .upstream_host = "127.0.0.1",
                               .upstream_port = static_cast<std::uint16_t>(integer(argv[2])),
                               .toxics = {},
                               .counts = std::make_shared<seism::ProxyCounts>()});
    bench::mark("listening");
    for (std::string line; std::getline(std::cin, line);)
        obey(**engine, line);
}
