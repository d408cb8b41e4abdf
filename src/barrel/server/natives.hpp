#pragma once

#include <any>
#include <cstdint>
#include <expected>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "barrel/server/context.hpp"
#include "barrel/server/problem.hpp"
#include "base/task.hpp"
#include "net/http/message.hpp"

namespace homespun::barrel {

using Handler = std::function<base::Task<net::http::Response>(Context&)>;
using Authenticator = std::function<base::Task<std::expected<void, Problem>>(Context&)>;
/// Serves `type NAME native:…` and `validates with native:…`. The contract decides the status; the problem
/// gives code, reason and detail.
using Check = std::function<std::expected<void, Problem>(Context&, std::string_view)>;
using Alter = std::function<std::expected<std::string, Problem>(Context&, std::string)>;
/// Serves `on … use`: makes the answer of a request that went wrong. Must not throw.
using Hook = std::function<net::http::Response(Context&, const Problem&)>;
/// Serves `options use`.
using OptionsHook = std::function<net::http::Response(Context&)>;
/// Not named in the contract: a last look at every answer of the service, refusals too, for headers that all
/// of them carry.
using Finisher = std::function<void(const Context&, net::http::Response&)>;
/// What a factory made: `return Made::of(value);`. Read back with `Context::global<T>`.
struct Made {
    Made() = default;  // not an aggregate: std::expected would look for ways to make a std::any of itself
    template <class T>
    [[nodiscard]] static Made of(T value) {
        Made made;
        made.value = std::move(value);
        return made;
    }

    std::any value;
};
/// Serves `global NAME native:…`: gets the globals above it in the file; the error is a sentence for the
/// operator.
using Factory = std::function<std::expected<Made, std::string>(const Globals&)>;

/// What the program offers to one contract, by name. Filled at start, on one thread; `Service::bind` takes
/// out what the contract names. What is registered is called on all loops at once.
class Natives {
  public:
    Natives& handler(std::string name, Handler it) { return add(std::move(name), std::move(it)); }
    Natives& authenticator(std::string name, Authenticator it) { return add(std::move(name), std::move(it)); }
    Natives& check(std::string name, Check it) { return add(std::move(name), std::move(it)); }
    Natives& alter(std::string name, Alter it) { return add(std::move(name), std::move(it)); }
    Natives& hook(std::string name, Hook it) { return add(std::move(name), std::move(it)); }
    Natives& options(std::string name, OptionsHook it) { return add(std::move(name), std::move(it)); }
    Natives& factory(std::string name, Factory it) { return add(std::move(name), std::move(it)); }

    /// The paths that `handler` serves take bodies of so many bytes, whatever their `max-size` says: for
    /// limits that an operator configures. `bind` refuses one for a handler that no path uses.
    Natives& body_limit(std::string handler, std::uint64_t bytes) {
        body_limits_[std::move(handler)] = bytes;
        return *this;
    }
    [[nodiscard]] std::optional<std::uint64_t> body_limit_of(std::string_view handler) const {
        const auto found = body_limits_.find(handler);
        return found == body_limits_.end() ? std::nullopt : std::optional(found->second);
    }
    /// Which handlers have one.
    [[nodiscard]] std::vector<std::string_view> limited_handlers() const;

    /// One per service; a second one takes the place of the first.
    Natives& finish(Finisher it) {
        finisher_ = std::move(it);
        return *this;
    }
    [[nodiscard]] const Finisher& finisher() const { return finisher_; }

    /// nullptr when nothing of that name and kind was registered.
    template <class Kind>
    [[nodiscard]] const Kind* find(std::string_view name) const {
        const auto found = entries_.find(name);
        return found == entries_.end() ? nullptr : std::get_if<Kind>(&found->second);
    }
    /// `a handler`, `a check`…; empty when the name is unknown.
    [[nodiscard]] std::string_view kind_of(std::string_view name) const;
    [[nodiscard]] std::vector<std::string_view> names() const;
    [[nodiscard]] std::vector<std::string_view> handler_names() const;
    /// Names that were registered twice; `bind` refuses them.
    [[nodiscard]] const std::vector<std::string>& doubles() const { return doubles_; }

  private:
    using Entry = std::variant<Handler, Authenticator, Check, Alter, Hook, OptionsHook, Factory>;

    template <class Kind>
    Natives& add(std::string name, Kind it) {
        const auto [place, fresh] = entries_.try_emplace(std::move(name), std::move(it));
        if (!fresh) doubles_.push_back(place->first);
        return *this;
    }

    std::map<std::string, Entry, std::less<>> entries_;
    std::map<std::string, std::uint64_t, std::less<>> body_limits_;
    Finisher finisher_;
    std::vector<std::string> doubles_;
};

}  // namespace homespun::barrel
