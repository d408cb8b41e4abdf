#include "sync/accounts/passwords.hpp"

#include <argon2.h>

namespace homespun::sync::accounts {

std::expected<ServerHalves, std::string> stretch_on_server(std::string_view auth_pw, std::string_view salt,
                                                           const StretchCost& cost) {
    std::string stretched(key_size, '\0');
    const int outcome =
        argon2id_hash_raw(cost.passes, cost.memory_kib, cost.lanes, auth_pw.data(), auth_pw.size(),
                          salt.data(), salt.size(), stretched.data(), stretched.size());
    if (outcome != ARGON2_OK) return std::unexpected(std::string(argon2_error_message(outcome)));
    return split_server_stretch(stretched);
}

base::Task<std::expected<ServerHalves, Passwords::Busy>> Passwords::stretch(base::Executor& home,
                                                                            std::string auth_pw,
                                                                            std::string salt,
                                                                            StretchCost cost) {
    auto outcome = co_await pool_.run(home, [&] { return stretch_on_server(auth_pw, salt, cost); });
    if (!outcome) co_return std::unexpected(Busy{"password_queue_full"});
    if (!*outcome) co_return std::unexpected(Busy{"password_memory"});
    co_return std::move(**outcome);
}

}  // namespace homespun::sync::accounts
