// The client of the benchmarks. It signs nothing: requests, or their Authorization headers, are made
// beforehand and come in files.
//
//   bench_load replay PORT FILE [options]    connection i sends the i-th request of FILE over and over
//   bench_load post PORT FILE [options]      POSTs of fresh records; FILE: a line `target TAB header` per
//   user bench_load hold PORT FILE [options]      each connection makes one request and stays open until
//   standard
//                                            input ends
//   --connections 64 --warmup 1 --seconds 5 --count 0 --records 1 --payload 1024
//
// Prints `start` and `stop` around the measured stretch, then one line of JSON. A wrong answer ends it with
// status 1.
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <map>
#include <optional>

#include "load/posts.hpp"

using namespace homespun::bench;

namespace {

struct Options {
    std::string command, file;
    Plan plan;
    std::size_t records = 1, payload = 1024;
};

double number(const char* text) {
    char* end = nullptr;
    const double value = std::strtod(text, &end);
    if (*text == '\0' || *end != '\0' || value < 0) give_up(fmt::format("no number: {}", text));
    return value;
}

Options parse(int argc, char** argv) {
    if (argc < 4 || argc % 2 != 0)
        give_up("usage: bench_load replay|post|hold PORT FILE [--option value]...");
    std::map<std::string, double> values{{"--connections", 64}, {"--warmup", 1},  {"--seconds", 5},
                                         {"--count", 0},        {"--records", 1}, {"--payload", 1024}};
    for (int i = 4; i < argc; i += 2) {
        const auto place = values.find(argv[i]);
        if (place == values.end()) give_up(fmt::format("unknown option {}", argv[i]));
        place->second = number(argv[i + 1]);
    }
    Options options{argv[1], argv[3], {}, 0, 0};
    options.plan = {.port = static_cast<std::uint16_t>(number(argv[2])),
                    .connections = static_cast<std::size_t>(values["--connections"]),
                    .warmup_s = values["--warmup"],
                    .seconds = values["--seconds"],
                    .count = static_cast<std::uint64_t>(values["--count"])};
    options.records = static_cast<std::size_t>(values["--records"]);
    options.payload = static_cast<std::size_t>(values["--payload"]);
    if (options.payload < Records::least_payload) give_up("payloads this small are not made");
    return options;
}

/// Each request stands behind a line with its length.
std::vector<std::string> read_requests(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::vector<std::string> requests;
    std::string line;
    while (std::getline(file, line)) {
        std::string request(static_cast<std::size_t>(number(line.c_str())), '\0');
        if (!file.read(request.data(), static_cast<std::streamsize>(request.size())))
            give_up(path + " is cut off");
        requests.push_back(std::move(request));
    }
    if (requests.empty()) give_up(path + " holds no request");
    return requests;
}

std::vector<Poster> read_posters(const std::string& path) {
    std::ifstream file(path);
    std::vector<Poster> posters;
    std::string line;
    while (std::getline(file, line)) {
        const auto tab = line.find('\t');
        if (tab == std::string::npos) give_up(path + ": a line without a tab");
        posters.push_back({line.substr(0, tab), line.substr(tab + 1)});
    }
    return posters;
}

/// The same requests over and over: the answers are 200, with one body for each request.
class Replay final : public Conversation {
  public:
    explicit Replay(std::vector<std::string> requests)
        : requests_(std::move(requests)), bodies_(requests_.size()) {}

    std::string_view next(std::size_t connection) override {
        return requests_[connection % requests_.size()];
    }
    void check(std::size_t connection, std::string_view head, std::string_view body) override {
        if (!head.starts_with("HTTP/1.1 200 ")) give_up(fmt::format("an answer is no 200\n{}{}", head, body));
        auto& expected = bodies_[connection % bodies_.size()];
        if (!expected) {
            expected = body;
            first_head_ = first_head_.empty() ? head : first_head_;
        } else if (body != *expected) {
            give_up(fmt::format("a body has changed\n{}{}", head, body));
        }
    }
    [[nodiscard]] std::size_t body_bytes() const { return bodies_.front() ? bodies_.front()->size() : 0; }
    [[nodiscard]] std::size_t head_bytes() const { return first_head_.size(); }

  private:
    std::vector<std::string> requests_;
    std::vector<std::optional<std::string>> bodies_;
    std::string first_head_;
};

void print(Measured& measured, const std::string& more) {
    fmt::print(R"({{"requests":{},"total":{},"seconds":{:.6f},"client_cpu_seconds":{:.6f},"latency":{}{}}})"
               "\n",
               measured.requests, measured.total, measured.seconds, measured.cpu_seconds,
               latency_json(measured.latencies_us), more);
}

void hold(const Options& options) {
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
    Replay replay(read_requests(options.file));
    std::string bytes;
    std::vector<char> buffer(std::size_t{64} << 10);
    std::vector<int> descriptors;
    for (std::size_t i = 0; i < options.plan.connections; ++i) {
        const int descriptor = descriptors.emplace_back(connect_to(options.plan.port));
        const auto request = replay.next(i);
        if (::send(descriptor, request.data(), request.size(), MSG_NOSIGNAL) !=
            static_cast<ssize_t>(request.size())) {
            give_up("a request could not be sent");
        }
        Answer answer;
        bytes.clear();
        while (!Answer::read(bytes, answer)) {
            const auto size = ::recv(descriptor, buffer.data(), buffer.size(), 0);
            if (size <= 0) give_up(fmt::format("connection {} was closed by the server", i));
            bytes.append(buffer.data(), static_cast<std::size_t>(size));
        }
        replay.check(i, answer.head, answer.body);
    }
    mark("holding");
    char end = 0;
    while (::read(STDIN_FILENO, &end, 1) > 0) {
    }
    for (const int descriptor : descriptors) {
        if (::recv(descriptor, &end, 1, MSG_DONTWAIT) >= 0 || errno != EAGAIN)
            give_up("a connection did not stay open");
    }
    mark("held");
}

}  // namespace

int main(int argc, char** argv) {
    const auto options = parse(argc, argv);
    if (options.command == "replay") {
        Replay replay(read_requests(options.file));
        auto measured = converse(options.plan, replay);
        print(measured,
              fmt::format(R"(,"head_bytes":{},"body_bytes":{})", replay.head_bytes(), replay.body_bytes()));
    } else if (options.command == "post") {
        Posts posts(read_posters(options.file), options.plan.connections, options.plan.port, options.records,
                    options.payload);
        auto measured = converse(options.plan, posts);
        print(measured, "");
    } else if (options.command == "hold") {
        hold(options);
    } else {
        give_up("unknown command " + options.command);
    }
}
