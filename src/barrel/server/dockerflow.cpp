#include "barrel/server/dockerflow.hpp"

#include <stdexcept>

#include "base/json.hpp"

namespace homespun::barrel {

using net::http::Response;

namespace {

Response fresh(int status, std::string type, std::string body) {
    Response response(status, std::move(type), std::move(body));
    response.headers.set("Cache-Control", "no-store");
    return response;
}

std::string version_json(const std::vector<std::pair<std::string, std::string>>& facts) {
    std::string text;
    base::json::Writer json(text);
    json.begin_object();
    for (const auto& [name, value] : facts)
        json.member(name, std::string_view(value));
    json.end_object();
    return text;
}

}  // namespace

void register_dockerflow(Natives& natives, Dockerflow options) {
    natives.handler("dockerflow.heartbeat",
                    [heartbeat = std::move(options.heartbeat)](Context& context) -> base::Task<Response> {
                        Dockerflow::Health health{true, R"({"status":"ok"})"};
                        if (heartbeat) {
                            auto asking = heartbeat(context);
                            health = co_await std::move(asking);
                        }
                        co_return fresh(health.well ? 200 : 503, "application/json", std::move(health.json));
                    });
    natives.handler("dockerflow.lbheartbeat",
                    [in_service = std::move(options.in_service),
                     load = std::move(options.load)](Context&) -> base::Task<Response> {
                        const bool well = !in_service || in_service();
                        if (!well) co_return fresh(503, "application/json", R"({"status":"draining"})");
                        co_return fresh(200, "application/json", load ? load() : std::string("{}"));
                    });
    natives.handler("dockerflow.error", [](Context&) -> base::Task<Response> {
        throw std::runtime_error("asked for");
        co_return Response(500);  // makes this a coroutine
    });
    natives.handler("dockerflow.version",
                    [text = version_json(options.version)](Context&) -> base::Task<Response> {
                        co_return fresh(200, "application/json", text);
                    });
}

void register_metrics(Natives& natives, std::function<std::string()> render) {
    natives.handler("metrics", [render = std::move(render)](Context&) -> base::Task<Response> {
        co_return fresh(200, "text/plain; version=0.0.4; charset=utf-8", render());
    });
}

}  // namespace homespun::barrel
