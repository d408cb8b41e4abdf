// seism: what does your application do when what it depends on misbehaves? A chaos TCP proxy that Toxiproxy's
// clients can drive; called toxiproxy-server or toxiproxy-cli it takes their place.

#include <fmt/format.h>

#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "client_commands.hpp"
#include "dashboard_server.hpp"
#include "experiment_commands.hpp"
#include "monkey_command.hpp"
#include "server.hpp"

namespace {

void print_usage(std::FILE* to) {
    fmt::print(to, "{}",
               R"(What does your application do when what it depends on misbehaves?

seism stands between the two as a TCP proxy and disturbs what passes: it delays,
slows, cuts, resets and loses, on one connection or a share of them, and stops when
it is told to. It speaks the HTTP API of Toxiproxy, so all its clients can drive it.

A first try, with a web server on port 8000:

  seism server &
  seism create -l localhost:8001 -u localhost:8000 web
  curl http://localhost:8001/                    as before
  seism toxic add -t latency -a latency=1000 web
  curl http://localhost:8001/                    a second later
  seism toxic remove -n latency_downstream web

Commands:
  seism server [options]                         runs until it is interrupted;
                                                 `seism server --help` has the options
  seism run FILE [-- COMMAND...]                 carries an experiment out and judges
  seism run -- COMMAND...                        finds what COMMAND calls in variables
                                                 like DATABASE_URL, and judges COMMAND
  seism monkey FILE                              perturbs at random times without end,
                                                 with a journal of verdicts
  seism check FILE                               reads it and tells what it would do
  seism replay VERDICT                           does once more what was judged
  seism import FILE                              prints one of the Chaos Toolkit's as ours
  seism dashboard DIRECTORY                      shows what `seism run` wrote, in a browser
)");
    print_client_usage(to);
}

std::string default_host() {
    const char* url = std::getenv("TOXIPROXY_URL");  // NOLINT(concurrency-mt-unsafe): the only thread
    return url == nullptr || *url == '\0' ? "http://localhost:8474" : url;
}

}  // namespace

int main(int argc, char** argv) {
    std::vector<std::string> words(argv, argv + argc);
    const std::string_view path = words.empty() ? "" : std::string_view(words.front());
    const auto called = path.substr(path.rfind('/') + 1);
    std::span<const std::string> rest(words);
    rest = rest.subspan(words.empty() ? 0 : 1);
    if (called == "toxiproxy-server") return run_server(rest);
    auto host = default_host();
    while (!rest.empty() && rest.front().starts_with('-')) {
        const std::string_view word = rest.front();
        const auto name = word.substr(word.starts_with("--") ? 2 : 1);
        if (name == "help") {
            print_usage(stdout);
            return 0;
        }
        if (name == "version" || name == "v") {
            fmt::print("seism {}\n", HOMESPUN_VERSION);
            return 0;
        }
        if (name.starts_with("host=") || name.starts_with("h=")) {
            host = name.substr(name.find('=') + 1);
            rest = rest.subspan(1);
        } else if ((name == "host" || name == "h") && rest.size() > 1) {
            host = rest[1];
            rest = rest.subspan(2);
        } else {
            fmt::print(stderr, "seism: what is {}? `seism --help` tells what there is.\n", word);
            return 1;
        }
    }
    if (rest.empty()) {
        print_usage(stderr);
        return 1;
    }
    if (rest.front() == "server") return run_server(rest.subspan(1));
    if (rest.front() == "dashboard") return run_dashboard(rest.subspan(1));
    if (rest.front() == "monkey") return run_monkey_command(rest);
    if (is_experiment_command(rest.front())) return run_experiment_command(rest);
    if (rest.front() == "types") return list_types();
    if (rest.front() == "help") {
        print_usage(stdout);
        return 0;
    }
    return run_client(rest, std::move(host));
}
