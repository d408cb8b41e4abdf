#pragma once

#include <expected>
#include <memory>
#include <vector>

#include "barrel/rbr/ast.hpp"
#include "barrel/rbr/diagnostic.hpp"
#include "barrel/server/endpoint.hpp"
#include "barrel/server/natives.hpp"

namespace homespun::barrel {

class Assets;

/// A contract with everything it names bound to code. Immutable once bound, so all loops use it at once;
/// movable, never moves what it owns.
class Service {
  public:
    struct Options {
        bool contract_page = true;  ///< Serve the text of the contract at GET ROOT/__api__.
    };

    /// Checks the contract and binds it. Fails, with the places in the contract, when something it names is
    /// not registered (or registered as something else), when a handler is registered (or limited) that no
    /// path uses, when an asset is missing, when a factory fails. `natives` is only used meanwhile; `assets`
    /// may be nullptr when the contract has no files, and must outlive the service.
    [[nodiscard]] static std::expected<Service, rbr::Diagnostics> bind(rbr::File file, const Natives& natives,
                                                                       const Assets* assets, Options options);
    [[nodiscard]] static std::expected<Service, rbr::Diagnostics> bind(rbr::File file, const Natives& natives,
                                                                       const Assets* assets = nullptr) {
        return bind(std::move(file), natives, assets, Options{});
    }

    [[nodiscard]] const rbr::File& contract() const { return *file_; }
    [[nodiscard]] const Globals& globals() const { return *globals_; }
    [[nodiscard]] const Endpoint& endpoint(std::size_t path) const { return endpoints_[path]; }
    [[nodiscard]] bool has_contract_page() const { return options_.contract_page; }

    /// The answers of this service to what did not reach a handler, by its hooks or in the default form.
    [[nodiscard]] net::http::Response unmatched(Context& context) const;
    [[nodiscard]] net::http::Response wrong_method(Context& context) const;
    [[nodiscard]] net::http::Response failed(Context& context, const Failure& failure) const;
    [[nodiscard]] net::http::Response options(Context& context) const;

    /// The service's last look at an answer on its way out.
    void finish(const Context& context, net::http::Response& response) const {
        if (finisher_) finisher_(context, response);
    }
    /// Whether OPTIONS is answered by the service itself, on addresses it does not have as well.
    [[nodiscard]] bool answers_options() const { return static_cast<bool>(on_options_); }

  private:
    Service() = default;
    [[nodiscard]] net::http::Response tell(Context& context, const Hook& hook, const Problem& problem) const;

    friend class Binder;

    std::unique_ptr<const rbr::File> file_;
    std::unique_ptr<Globals> globals_;
    std::vector<Endpoint> endpoints_;
    Options options_;
    Hook on_unmatched_;
    Hook on_method_;
    Hook on_check_;
    Hook on_error_;
    OptionsHook on_options_;
    Finisher finisher_;
};

}  // namespace homespun::barrel
