#include "barrel/server/service.hpp"

#include "barrel/server/problem.hpp"

namespace homespun::barrel {

net::http::Response Service::tell(Context& context, const Hook& hook, const Problem& problem) const {
    context.explain(problem);
    net::http::Response response = hook ? hook(context, problem) : problem_response(problem);
    for (const auto& [name, value] : problem.headers)
        response.headers.set(name, value);
    return response;
}

net::http::Response Service::unmatched(Context& context) const {
    return tell(context, on_unmatched_,
                Problem{404, "not-found", "rbr.unmatched", "there is nothing at this address", {}});
}

net::http::Response Service::wrong_method(Context& context) const {
    Problem problem{405, "method-not-allowed", "rbr.method", "this address does not know this method", {}};
    problem.headers.emplace_back("Allow", context.allowed().to_string() + ", OPTIONS");
    return tell(context, on_method_, problem);
}

net::http::Response Service::failed(Context& context, const Failure& failure) const {
    switch (failure.kind) {
        case Failure::Kind::Check:
            return tell(context, on_check_, failure.problem);
        case Failure::Kind::Broken:
            return tell(context, on_error_, failure.problem);
        case Failure::Kind::Unmatched:
            break;
    }
    return unmatched(context);
}

net::http::Response Service::options(Context& context) const {
    if (on_options_) return on_options_(context);
    net::http::Response response(204);
    response.headers.set("Allow", context.allowed().to_string() + ", OPTIONS");
    return response;
}

}  // namespace homespun::barrel
