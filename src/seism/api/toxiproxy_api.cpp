#include "seism/api/toxiproxy_api.hpp"

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "base/random.hpp"
#include "base/text.hpp"
#include "seism/api/go_json.hpp"
#include "seism/api/proxy_json.hpp"
#include "sys/processes.hpp"

namespace homespun::seism {
namespace {

using net::http::Request;
using net::http::Response;

constexpr std::string_view spoken_version = "2.12.0";
constexpr std::string_view json_type = "application/json";
constexpr std::uint64_t most_body = 4ULL << 20;
constexpr std::size_t most_look_ups = 1000;  // that wait

enum class Route : std::uint8_t { proxies, populate, reset, proxy, toxics, toxic, version, metrics };

/// The methods of a route; empty: any.
std::vector<std::string_view> methods_of(Route route) {
    switch (route) {
        case Route::proxies:
            return {"GET", "POST"};
        case Route::populate:
        case Route::reset:
            return {"POST"};
        case Route::proxy:
        case Route::toxic:
            return {"GET", "POST", "PATCH", "DELETE"};
        case Route::toxics:
            return {"GET", "POST"};
        case Route::version:
            return {"GET"};
        case Route::metrics:
            break;
    }
    return {};
}

/// Go's path.Clean, but a slash at the end stays.
std::string cleaned(std::string_view path) {
    std::vector<std::string_view> kept;
    const auto pieces = base::split(path, '/');
    for (const auto piece : pieces) {
        if (piece == ".." && !kept.empty()) kept.pop_back();
        if (!piece.empty() && piece != "." && piece != "..") kept.push_back(piece);
    }
    std::string result;
    for (const auto piece : kept)
        result += fmt::format("/{}", piece);
    if (result.empty() || path.ends_with('/')) result += '/';
    return result;
}

Response plain(int status, std::string_view text) {
    Response response(status, "text/plain; charset=utf-8", fmt::format("{}\n", text));
    response.headers.add("X-Content-Type-Options", "nosniff");
    return response;
}

std::string error_json(const ApiError& error) {
    std::string text = R"({"error":)";
    go_json::append_string(text, error.message);
    return text + fmt::format(R"(,"status":{}}})", error.status);
}
Response failed(const ApiError& error) {
    return plain(error.status, error_json(error));
}

template <class Thing>
Response answered(const Answer<Thing>& answer, int status) {
    if (!answer) return failed(answer.error());
    std::string text;
    append_json(text, *answer);
    return {status, std::string(json_type), std::move(text)};
}
Response answered(const Answer<void>& answer) {
    return answer ? Response(204) : failed(answer.error());
}

/// As long and of the same letters as Toxiproxy's.
std::string request_id() {
    constexpr std::string_view letters = "0123456789abcdefghijklmnopqrstuv";
    auto id = base::SystemRandom().bytes(20);
    for (auto& byte : id)
        byte = letters[static_cast<unsigned char>(byte) % letters.size()];
    return id;
}

std::string label_text(std::string_view text) {
    std::string result;
    for (const char letter : text) {
        if (letter == '\n') {
            result += "\\n";
            continue;
        }
        if (letter == '\\' || letter == '"') result += '\\';
        result += letter;
    }
    return result;
}

void append_metric(std::string& text, std::string_view name, std::string_view kind, std::string_view help,
                   double value) {
    text += fmt::format("# HELP {0} {1}\n# TYPE {0} {2}\n{0} {3}\n", name, help, kind, value);
}

std::string process_metrics() {
    const auto figures = sys::read_figures({::getpid()});
    std::string text;
    append_metric(text, "process_cpu_seconds_total", "counter",
                  "Total user and system CPU time spent in seconds.", figures.cpu_seconds);
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    append_metric(text, "process_max_fds", "gauge", "Maximum number of open file descriptors.",
                  static_cast<double>(limit.rlim_cur));
    append_metric(text, "process_open_fds", "gauge", "Number of open file descriptors.",
                  static_cast<double>(figures.descriptors.value_or(0)));
    append_metric(text, "process_resident_memory_bytes", "gauge", "Resident memory size in bytes.",
                  static_cast<double>(figures.resident_bytes));
    return text;
}

}  // namespace

/// A request whose path is one of ours.
struct ToxiproxyApi::Call {
    Request& request;
    Route route;
    std::string proxy = {}, toxic = {};

    /// A path is cut before its escapes are decoded, so that a name may have a slash.
    static std::optional<Call> of(Request& request) {
        constexpr std::array<std::pair<std::string_view, Route>, 5> whole = {{{"/proxies", Route::proxies},
                                                                              {"/populate", Route::populate},
                                                                              {"/reset", Route::reset},
                                                                              {"/version", Route::version},
                                                                              {"/metrics", Route::metrics}}};
        const auto path = request.path();
        const auto* simple = std::ranges::find(whole, path, &std::pair<std::string_view, Route>::first);
        if (simple != whole.end()) return Call{request, simple->second};
        const auto pieces = base::split(path, '/');
        if (pieces.size() < 3 || pieces.size() > 5 || pieces[1] != "proxies") return std::nullopt;
        auto proxy = base::percent_decode(pieces[2]);
        if (!proxy || proxy->empty()) return std::nullopt;
        if (pieces.size() == 3) return Call{request, Route::proxy, std::move(*proxy)};
        if (pieces[3] != "toxics") return std::nullopt;
        if (pieces.size() == 4) return Call{request, Route::toxics, std::move(*proxy)};
        auto toxic = base::percent_decode(pieces[4]);
        if (!toxic || toxic->empty()) return std::nullopt;
        return Call{request, Route::toxic, std::move(*proxy), std::move(*toxic)};
    }
};

ToxiproxyApi::ToxiproxyApi(Proxies& proxies, ApiOptions options)
    : proxies_(proxies), options_(std::move(options)), resolver_(2, most_look_ups) {}

net::http::Plan ToxiproxyApi::plan(Request&) {
    return {.max_body = most_body};
}

base::Task<Response> ToxiproxyApi::handle(Request& request) {
    const auto path = request.path();
    if (auto clean = cleaned(path); clean != path) {
        Response response(301);
        if (!request.query().empty()) clean += fmt::format("?{}", request.query());
        response.headers.add("Location", clean);
        co_return response;
    }
    auto call = Call::of(request);
    const bool has_metrics = options_.proxy_metrics || options_.process_metrics;
    if (!call || (call->route == Route::metrics && !has_metrics)) co_return plain(404, "404 page not found");
    const auto methods = methods_of(call->route);
    if (!methods.empty() && std::ranges::find(methods, request.method) == methods.end())
        co_return Response(405);
    Response response;
    // Pages in browsers must not reach it: nobody has to sign in here.
    if (request.headers.find("User-Agent").value_or("").starts_with("Mozilla/")) {
        response = plain(403, "User agent not allowed");
    } else {
        switch (call->route) {
            case Route::proxies:
            case Route::populate:
            case Route::reset:
                response = co_await proxies_call(*call);
                break;
            case Route::proxy:
                response = co_await proxy_call(*call);
                break;
            case Route::toxics:
                response = toxics_call(*call);
                break;
            case Route::toxic:
                response = toxic_call(*call);
                break;
            case Route::version:
                response = {200, "application/json;charset=utf-8",
                            fmt::format("{{\"version\": \"{}\", \"seism\": \"{}\"}}\n", spoken_version,
                                        options_.version)};
                break;
            case Route::metrics:
                response = {200, "text/plain; version=0.0.4; charset=utf-8", metrics()};
                break;
        }
    }
    response.headers.add("X-Toxiproxy-Request-Id", request_id());
    co_return response;
}

Response ToxiproxyApi::refuse(Request&, net::http::Refusal refusal) {
    const int status = net::http::status_of(refusal);
    return failed({status, base::to_lower(net::http::reason_phrase(status))});
}

base::Task<Listen> ToxiproxyApi::look_up(Request& request, std::string text) {
    auto found = co_await resolver_.run(*request.executor, [text] { return Listen::look_up(text); });
    if (found) co_return std::move(*found);
    co_return Listen{std::move(text), base::fail("lookup: too many wait")};
}

base::Task<Response> ToxiproxyApi::proxies_call(Call call) {
    if (call.route == Route::populate) co_return co_await populate(std::move(call));
    if (call.route == Route::reset) co_return answered(proxies_.reset());
    if (call.request.method == "POST") co_return co_await create(std::move(call));
    co_return Response(200, std::string(json_type), to_json_object(proxies_.all()));
}

base::Task<Response> ToxiproxyApi::create(Call call) {
    auto body = read_proxy(call.request.body);
    if (!body) co_return failed(body.error());
    auto listen = co_await look_up(call.request, body->listen);
    co_return answered(proxies_.create({.name = std::move(body->name),
                                        .listen = std::move(listen),
                                        .upstream = std::move(body->upstream),
                                        .enabled = body->enabled.value_or(true)}),
                       201);
}

base::Task<Response> ToxiproxyApi::populate(Call call) {
    const auto bodies = read_proxies(call.request.body);
    Proxies::Populated populated;
    if (bodies) {
        std::vector<NewProxy> wanted;
        for (const auto& body : *bodies) {
            auto listen = co_await look_up(call.request, body.listen);
            wanted.push_back(
                {body.name, std::move(listen), body.upstream, body.enabled.value_or(true), body.toxics});
        }
        populated = proxies_.populate(std::move(wanted));
    } else {
        populated.error = bodies.error();
    }
    auto text = populated.error ? error_json(*populated.error) : "{";
    if (populated.error) text.back() = ',';
    text += R"("proxies":)";
    text += populated.done.empty() ? "null" : to_json_array<ProxyView>(populated.done);
    text += '}';
    co_return Response(populated.error ? populated.error->status : 201, std::string(json_type),
                       std::move(text));
}

base::Task<Response> ToxiproxyApi::proxy_call(Call call) {
    if (call.request.method == "GET") co_return answered(proxies_.find(call.proxy), 200);
    if (call.request.method == "DELETE") co_return answered(proxies_.remove(call.proxy));
    co_return co_await update(std::move(call));
}

base::Task<Response> ToxiproxyApi::update(Call call) {
    const auto now = proxies_.find(call.proxy);
    if (!now) co_return failed(now.error());
    auto body = read_proxy(call.request.body, {"", now->listen, now->upstream, {}, {}});
    if (!body) co_return failed(body.error());
    auto listen = co_await look_up(call.request, body->listen);
    co_return answered(
        proxies_.update(call.proxy, {std::move(listen), std::move(body->upstream), body->enabled}), 200);
}

Response ToxiproxyApi::toxics_call(const Call& call) {
    const auto proxy = proxies_.find(call.proxy);
    if (!proxy) return failed(proxy.error());
    if (call.request.method == "GET")
        return {200, std::string(json_type), to_json_array<Toxic>(proxy->toxics)};
    auto body = read_toxic(call.request.body);
    if (!body) return failed(body.error());
    return answered(proxies_.add_toxic(call.proxy, std::move(body->toxic), body->edit), 200);
}

Response ToxiproxyApi::toxic_call(const Call& call) {
    if (call.request.method == "GET") return answered(proxies_.find_toxic(call.proxy, call.toxic), 200);
    if (call.request.method == "DELETE") return answered(proxies_.remove_toxic(call.proxy, call.toxic));
    return answered(proxies_.update_toxic(call.proxy, call.toxic, read_toxic_change(call.request.body)), 200);
}

std::string ToxiproxyApi::metrics() const {
    std::string text = options_.process_metrics ? process_metrics() : std::string();
    if (!options_.proxy_metrics) return text;
    const auto all = proxies_.all();
    for (const auto* what : {"received", "sent"}) {
        const auto name = fmt::format("toxiproxy_proxy_{}_bytes_total", what);
        text += fmt::format("# HELP {0} \n# TYPE {0} counter\n", name);
        for (const auto& proxy : all) {
            const auto& counts = *what == 'r' ? proxy.counts->received : proxy.counts->sent;
            for (const auto direction : {0U, 1U}) {
                text +=
                    fmt::format("{}{{direction=\"{}\",listener=\"{}\",proxy=\"{}\",upstream=\"{}\"}} {}\n",
                                name, direction == 0 ? "upstream" : "downstream", label_text(proxy.listen),
                                label_text(proxy.name), label_text(proxy.upstream),
                                counts[direction].load(std::memory_order_relaxed));
            }
        }
    }
    return text;
}

Answer<std::size_t> populate_from(Proxies& proxies, std::string_view text) {
    auto bodies = read_proxies(text);
    if (!bodies) return std::unexpected(std::move(bodies.error()));
    std::vector<NewProxy> wanted;
    for (auto& body : *bodies) {
        wanted.push_back({std::move(body.name), Listen::look_up(std::move(body.listen)),
                          std::move(body.upstream), body.enabled.value_or(true), std::move(body.toxics)});
    }
    auto populated = proxies.populate(std::move(wanted));
    if (populated.error) return std::unexpected(std::move(*populated.error));
    return populated.done.size();
}

}  // namespace homespun::seism
