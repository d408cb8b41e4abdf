#pragma once
#include <string>
#include <vector>

#include "base/random.hpp"
#include "base/result.hpp"

namespace homespun::sync::ops {

/// What must never leave the server: made once, kept in one file of the data directory (0600), part of a
/// backup.
struct Secrets {
    std::vector<std::string>
        token;            ///< master secrets of the storage tokens: the first signs, all are accepted
    std::string metrics;  ///< for the pseudonyms in tokens
    std::string salt;     ///< for the made-up salts of unknown addresses

    /// Reads `directory`/secrets.json, or makes it. A file that does not read is an error, never replaced.
    static base::Result<Secrets> load_or_create(const std::string& directory, base::Random& random);
    /// Puts a fresh token secret first; at most `kept_token_secrets` stay good.
    void rotate_token(base::Random& random);
    [[nodiscard]] base::Result<void> save(const std::string& directory) const;
    [[nodiscard]] std::string to_json() const;

    static constexpr std::size_t kept_token_secrets = 3;
};

}  // namespace homespun::sync::ops
