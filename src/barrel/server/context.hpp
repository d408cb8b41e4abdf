#pragma once

#include <any>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "barrel/rbr/ast.hpp"
#include "barrel/rbr/router.hpp"
#include "barrel/server/problem.hpp"
#include "net/http/message.hpp"

namespace homespun::barrel {

/// The `global`s of a service: made at start in the order of the file, never changed afterwards, so any
/// thread may read them. Literals are `std::int64_t`, `double` and `std::string`; factories put in what they
/// like (often a shared_ptr).
class Globals {
  public:
    void set(std::string name, std::any value) {
        values_.insert_or_assign(std::move(name), std::move(value));
    }

    /// nullptr when there is no such global or it has another type.
    template <class T>
    [[nodiscard]] const T* get(std::string_view name) const {
        const auto found = values_.find(name);
        return found == values_.end() ? nullptr : std::any_cast<T>(&found->second);
    }

  private:
    std::map<std::string, std::any, std::less<>> values_;
};

/// What a native sees of one request. Lives from the moment the head was routed until the response has been
/// handed over, on the loop of its request; belongs to the request. References given out live as long.
class Context {
  public:
    Context(net::http::Request& request, rbr::Match match, const rbr::Path* contract, const Globals& globals)
        : request_(request), match_(std::move(match)), contract_(contract), globals_(globals) {}

    [[nodiscard]] net::http::Request& request() const { return request_; }

    /// The decoded value of a placeholder; empty when the path has none of that name.
    [[nodiscard]] std::string_view parameter(std::string_view name) const;
    /// The same as it was sent.
    [[nodiscard]] std::string_view raw_parameter(std::string_view name) const;
    [[nodiscard]] std::span<const rbr::Parameter> parameters() const { return match_.parameters; }

    [[nodiscard]] const Globals& globals() const { return globals_; }
    template <class T>
    [[nodiscard]] const T* global(std::string_view name) const {
        return globals_.get<T>(name);
    }

    /// The path's contract; nullptr in hooks, when no path was found.
    [[nodiscard]] const rbr::Path* contract() const { return contract_; }
    /// The methods of this address, where the request's own method is not among them, and in the `options`
    /// hook.
    [[nodiscard]] rbr::MethodSet allowed() const { return match_.allowed; }

    /// Who sent it: whatever the authenticator of the path has found out.
    void set_identity(std::any identity) { identity_ = std::move(identity); }
    template <class T>
    [[nodiscard]] const T* identity() const {
        return std::any_cast<T>(&identity_);
    }

    /// What the log shall call the outcome of this request. Set by the runtime when a check fails; natives
    /// may set their own.
    void set_reason(std::string reason) { reason_ = std::move(reason); }
    [[nodiscard]] const std::string& reason() const { return reason_; }

    /// What an operator can do about it, for the log only: one sentence without secrets and payloads.
    void set_hint(std::string hint) { hint_ = std::move(hint); }
    [[nodiscard]] const std::string& hint() const { return hint_; }

    /// Takes over reason and hint of a refusal, each where a native has not set its own.
    void explain(const Problem& problem);

    /// What a native threw, for the log only.
    void set_fault(std::string fault) { fault_ = std::move(fault); }
    [[nodiscard]] const std::string& fault() const { return fault_; }

  private:
    net::http::Request& request_;
    rbr::Match match_;
    const rbr::Path* contract_;
    const Globals& globals_;
    std::any identity_;
    std::string reason_;
    std::string hint_;
    std::string fault_;
};

}  // namespace homespun::barrel
