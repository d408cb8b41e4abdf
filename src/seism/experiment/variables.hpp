#pragma once
#include <map>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "seism/experiment/experiment.hpp"

/// Environment variables that tell an application where a back-end is. Their values may hold passwords: no
/// message repeats more of one than host and port.
namespace homespun::seism {

using Variables = std::map<std::string, std::string>;

/// The form of a variable, told by its name.
enum class VariableKind : std::uint8_t {
    none,
    url,  ///< `DATABASE_URL`, `CACHE_URI`, `LDAP_DSN`: SCHEME://[USER[:PASSWORD]@]HOST[:PORT][/…]
    host  ///< `PGHOST`, `REDIS_HOST` …; the port is in the variable of that name (`PGPORT`, `REDIS_PORT`)
};
[[nodiscard]] VariableKind kind_of_variable(std::string_view name);

/// The back-end that a variable tells of.
struct VariablePlace {
    HostPort at{};
    wire::Protocol protocol = wire::Protocol::tcp;
    bool needs_tls = false;  ///< the application insists on TLS, which cannot be taken out on the way
};
/// The error says what is wrong with the variable, without its name.
base::Result<VariablePlace> read_variable(std::string_view name, const Variables& environment);

/// Sets the variable, and that of its port, so that they tell of `listen` and are else what they were. For
/// one that `read_variable` can read.
void redirect_variable(const std::string& name, const HostPort& listen, Variables& environment);

/// Completes the backs of an experiment that are told by variables. `environment` is what the application is
/// started with but for what the experiment sets.
[[nodiscard]] Problems complete_backs(Experiment& experiment, const Variables& environment);

/// What the application is to be started with once every back's `listen` is known.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> redirected_environment(
    const Experiment& experiment);

}  // namespace homespun::seism
