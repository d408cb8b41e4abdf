#include "barrel/server/targets.hpp"

#include <fmt/format.h>

#include "base/text.hpp"

namespace homespun::barrel {
namespace {

bool has_etag(std::string_view list, std::string_view etag) {
    for (std::string_view one : base::split(list, ',')) {
        one = base::trim(one);
        if (one.starts_with("W/")) one.remove_prefix(2);  // GET compares weakly
        if (one == "*" || one == etag) return true;
    }
    return false;
}

net::http::Response serve(const Assets& assets, Context& context, const std::string& name, bool conditional) {
    const auto asset = assets.find(name);
    if (!asset) {
        const Problem problem{404, "not-found", "asset.unknown", "there is no such file", {}};
        context.explain(problem);
        return problem_response(problem);
    }
    net::http::Response response(200, std::string(content_type_of(name)), std::string());
    response.headers.set("X-Content-Type-Options", "nosniff");
    if (conditional) {
        make_conditional(context.request(), response, asset->etag);
        if (response.status == 304) return response;
    }
    response.body = std::string(asset->bytes);
    return response;
}

}  // namespace

void make_conditional(const net::http::Request& request, net::http::Response& response,
                      const std::string& etag) {
    if (response.status != 200) return;
    response.headers.set("ETag", etag);
    const auto wanted = request.headers.find("If-None-Match");
    if (!wanted || !has_etag(*wanted, etag)) return;
    response.status = 304;
    response.content_type.clear();
    response.body = std::string();
}

Handler serve_file(const Assets& assets, std::string name, bool conditional) {
    return
        [&assets, name = std::move(name), conditional](Context& context) -> base::Task<net::http::Response> {
            co_return serve(assets, context, name, conditional);
        };
}

Handler serve_directory(const Assets& assets, std::string directory, bool conditional) {
    while (directory.ends_with('/'))
        directory.pop_back();
    return [&assets, directory = std::move(directory),
            conditional](Context& context) -> base::Task<net::http::Response> {
        const std::string name = fmt::format("{}/{}", directory, context.parameters().back().value);
        co_return serve(assets, context, name, conditional);
    };
}

Handler echo() {
    return [](Context& context) -> base::Task<net::http::Response> {
        const net::http::Request& request = context.request();
        std::string text = fmt::format("{} {}\n", request.method, request.target);
        for (std::size_t i = 0; i < request.headers.size(); ++i) {
            const auto field = request.headers[i];
            const bool secret =
                base::iequals(field.name, "Authorization") || base::iequals(field.name, "Cookie");
            text += fmt::format("{}: {}\n", field.name, secret ? "…" : field.value);
        }
        text += fmt::format("\n{}", request.body);
        net::http::Response response(200, "text/plain; charset=utf-8", std::move(text));
        response.headers.set("X-Content-Type-Options", "nosniff");
        co_return response;
    };
}

}  // namespace homespun::barrel
