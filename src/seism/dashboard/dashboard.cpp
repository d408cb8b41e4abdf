#include "seism/dashboard/dashboard.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/encoding.hpp"
#include "base/json.hpp"
#include "base/random.hpp"
#include "base/text.hpp"
#include "seism/api/proxy_json.hpp"
#include "seism/api/seism_api.hpp"
#include "seism/dashboard/guard.hpp"

namespace homespun::seism {
namespace {

using base::json::Writer;
using net::http::Request;
using net::http::Response;

constexpr std::string_view api_prefix = "/api", results_prefix = "/results/";
constexpr std::string_view token_mark = "@TOKEN@";  // in web/seism/index.html
constexpr std::uint64_t most_body = 4ULL << 20;
constexpr std::size_t token_bytes = 16;

/// Texts are texts: the browser itself refuses to make markup or scripts of them.
constexpr std::string_view policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
    "form-action 'none'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; "
    "trusted-types 'none'";

Response text(int status, std::string_view words) {
    return {status, "text/plain; charset=utf-8", fmt::format("{}\n", words)};
}

bool is_below_api(const Request& request) {
    return request.path().starts_with("/api/");
}

std::string parameter(const Request& request, std::string_view name) {
    const auto all = base::parse_query(request.query());
    const auto found = std::ranges::find(all, name, &base::QueryParameter::name);
    return found == all.end() ? "" : found->value;
}

std::string state_of(std::span<const ProxyView> proxies) {
    return fmt::format(R"({{"proxies":{},"counts":{}}})", to_json_object(proxies), counts_json(proxies));
}

}  // namespace

/// What one browser has been told.
class Dashboard::Stream {
  public:
    Stream(Dashboard& dashboard, std::uint64_t after) : dashboard_(dashboard), after_(after) {}

    base::Task<std::optional<std::string>> next() {
        constexpr std::chrono::milliseconds pause{400};
        constexpr int longest_silence = 12;  // pauses; then a line, which shows whether anybody still listens
        for (int silent = 0; !dashboard_.ending_; ++silent) {
            if (began_) co_await dashboard_.loop_.sleep(pause);
            began_ = true;
            if (auto news = gather(); !news.empty()) co_return news;
            if (silent == longest_silence) co_return ":\n\n";
        }
        co_return std::nullopt;
    }

  private:
    std::string gather() {
        std::string news;
        auto state = state_of(dashboard_.live_->proxies.all());
        if (state != told_) news += fmt::format("event: state\ndata: {}\n\n", state);
        told_ = std::move(state);
        const auto events = dashboard_.live_->events.since(after_);
        if (events.empty()) return news;
        after_ = events.back().number;
        return news + fmt::format("id: {}\nevent: happened\ndata: {}\n\n", after_, events_json(events));
    }

    Dashboard& dashboard_;
    std::uint64_t after_;
    std::string told_;
    bool began_ = false;
};

Dashboard::Dashboard(net::Loop& loop, const barrel::Assets& pages, std::optional<LiveProxies> live,
                     std::optional<Results> results)
    : loop_(loop),
      pages_(pages),
      live_(live),
      results_(std::move(results)),
      token_(base::hex_encode(base::SystemRandom().bytes(token_bytes))) {}

net::http::Plan Dashboard::plan(Request& request) {
    const bool is_action = is_below_api(request) && !turn_away(request, token_);
    return is_action ? net::http::Plan{.max_body = most_body} : net::http::Plan{};
}

base::Task<Response> Dashboard::handle(Request& request) {
    if (const auto away = turn_away(request, token_)) co_return text(away->status, away->text);
    if (is_below_api(request)) {
        if (!live_) co_return text(404, "only results are shown here: there are no proxies");
        request.target.erase(0, api_prefix.size());
        // The APIs refuse browsers, as they cannot tell pages apart; here ours has been told from others.
        request.headers.remove("User-Agent");
        co_return co_await live_->api.handle(request);
    }
    if (request.method != "GET") co_return text(405, "only GET");
    const auto path = request.path();
    if (path == "/about") co_return about();
    if (path == "/live" && live_) co_return live_stream(request);
    if (path.starts_with(results_prefix)) co_return results_of(request);
    co_return page(path == "/" ? "index.html" : path.substr(std::min<std::size_t>(path.size(), 1)));
}

Response Dashboard::refuse(Request&, net::http::Refusal refusal) {
    return text(net::http::status_of(refusal), "the request cannot be read, or is too large");
}

void Dashboard::finish(const Request&, Response& response, std::chrono::microseconds) {
    response.headers.set("Content-Security-Policy", policy);
    response.headers.set("X-Content-Type-Options", "nosniff");
    response.headers.set("Cache-Control", "no-store");
    response.headers.set("Referrer-Policy", "no-referrer");
    response.headers.set("Cross-Origin-Resource-Policy", "same-origin");
    response.headers.set("Cross-Origin-Opener-Policy", "same-origin");
}

Response Dashboard::page(std::string_view name) const {
    const auto asset = pages_.find(fmt::format("web/seism/{}", name));
    if (!asset) return text(404, "there is nothing here");
    std::string bytes(asset->bytes);
    if (const auto mark = bytes.find(token_mark); name == "index.html" && mark != std::string::npos)
        bytes.replace(mark, token_mark.size(), token_);
    return {200, std::string(barrel::content_type_of(name)), std::move(bytes)};
}

Response Dashboard::about() const {
    std::string body;
    Writer writer(body);
    writer.begin_object().member("live", live_.has_value()).key("results");
    if (results_)
        writer.value(results_->folder());
    else
        writer.null();
    writer.end_object();
    return {200, "application/json", std::move(body)};
}

Response Dashboard::live_stream(const Request& request) {
    const auto last = request.headers.find("Last-Event-ID").value_or("0");
    Response response(200);
    response.content_type = "text/event-stream";
    response.body = net::http::BodySource(
        [stream = Stream(*this, base::parse_integer<std::uint64_t>(last).value_or(0))]() mutable {
            return stream.next();
        });
    return response;
}

Response Dashboard::results_of(const Request& request) const {
    constexpr std::array<std::string_view, 3> growing = {"requests.jsonl", "events.jsonl", "samples.jsonl"};
    const auto name = request.path().substr(results_prefix.size());
    const bool grows = std::ranges::find(growing, name) != growing.end();
    if (!results_ || (!grows && name != "verdict.json")) return text(404, "there are no such results");
    const auto file = parameter(request, "file");
    const auto from = base::parse_integer<std::uint64_t>(parameter(request, "from")).value_or(0);
    auto piece = grows ? results_->lines(name, file, from) : results_->whole(name, file);
    if (!piece) return Response(204);
    const bool unchanged = !grows && piece->bytes.empty();
    Response response =
        unchanged ? Response(204)
                  : Response(200, grows ? "application/jsonl" : "application/json", std::move(piece->bytes));
    response.headers.add("X-Results-File", piece->file);
    response.headers.add("X-Results-Next", std::to_string(piece->next));
    return response;
}

}  // namespace homespun::seism
