#pragma once
#include <expected>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "barrel/server/context.hpp"
#include "base/json.hpp"
#include "base/result.hpp"
#include "base/task.hpp"

namespace homespun::barrel {

using net::http::Response;

/// The code behind the names `native:NAME` of one service. Filled at start, then only read: everything
/// registered is called from all loops at once. Names are unique per kind; a doubled name ends the program (a
/// programmer's error).
class Natives {
  public:
    using Handler = std::function<base::Task<Response>(Context&)>;
    /// `auth NAME with native:X`: sets `identity`, or says why not.
    using Authenticator = std::function<base::Task<std::expected<void, Problem>>(Context&)>;
    /// `type` and `validates with`: judges one value (a body or a header).
    using Check = std::function<std::expected<void, Problem>(Context&, std::string_view value)>;
    /// `alter with`: the value that takes its place.
    using Alter = std::function<std::string(Context&, std::string value)>;
    /// `on unmatched|method|check|error`: turns a problem into the protocol's answer.
    using Hook = std::function<Response(Context&, const Problem&)>;
    /// `options`: answers OPTIONS on any path of the service.
    using Options = std::function<Response(Context&)>;
    /// `global NAME native:X`: makes the value at start from the globals before it.
    using Factory = std::function<base::Result<base::json::Value>(const Globals&)>;
    /// Not named in the contract: a last look at every answer of the service (headers that all answers
    /// carry).
    using Finish = std::function<void(const Context&, Response&)>;

    Natives& handler(std::string name, Handler function);
    Natives& authenticator(std::string name, Authenticator function);
    Natives& check(std::string name, Check function);
    Natives& alter(std::string name, Alter function);
    Natives& hook(std::string name, Hook function);
    Natives& options(std::string name, Options function);
    Natives& factory(std::string name, Factory function);
    Natives& finish(Finish function);

    std::unordered_map<std::string, Handler> handlers;
    std::unordered_map<std::string, Authenticator> authenticators;
    std::unordered_map<std::string, Check> checks;
    std::unordered_map<std::string, Alter> alters;
    std::unordered_map<std::string, Hook> hooks;
    std::unordered_map<std::string, Options> option_handlers;
    std::unordered_map<std::string, Factory> factories;
    Finish finisher;
};

}  // namespace homespun::barrel
