#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "stampede/engine/session.hpp"
#include "stampede/models/target.hpp"
#include "sync/protocol/token.hpp"

namespace homespun::stampede {

/// What lets a user in: a storage token and its key, or name and password.
struct SyncPass {
    std::string path;  ///< of the user's storage: "/storage/1.5/17", "/1.1/cuser17"
    std::string id, key;
    std::string basic = {};  ///< when not empty, the Authorization header as a whole; id and key are not used
};

/// Makes passes with the server's master secret, and requests that are signed with them. What all Sync models
/// share; immutable.
class SyncWriter {
  public:
    /// `target.secret` is the master secret, `target.path` what stands before the uid. Where that is storage
    /// 1.0 or 1.1, the secret is the password of all users, who are called cuser1, cuser2, …
    explicit SyncWriter(const Target& target);

    /// Good for `pass_life_s` from now.
    [[nodiscard]] SyncPass pass_for(std::uint64_t uid) const;
    static constexpr std::int64_t pass_life_s = 3600;

    struct Request {
        std::string_view method, target;
        std::string_view more_headers = {};  ///< whole lines, with their ends
        std::string_view body = {};          ///< JSON; empty: none
    };
    /// Into `bytes`, signed as if the clock went `clock_skew_s` ahead. The nonce is drawn from `dice`.
    void write(const Request& request, const SyncPass& pass, std::int64_t clock_skew_s, Dice& dice,
               std::string& bytes) const;
    /// The question for a storage token, as Firefox asks it.
    void write_token_request(std::string_view access_token, std::string_view key_id,
                             std::string& bytes) const;
    /// `size` letters that look like an encrypted payload; at most `longest_payload`.
    [[nodiscard]] std::string_view payload(std::size_t size, Dice& dice) const;
    static constexpr std::size_t longest_payload = std::size_t{64} * 1024 - 1;

    [[nodiscard]] const Target& target() const { return target_; }

  private:
    [[nodiscard]] std::string signature(const Request& request, const SyncPass& pass,
                                        std::int64_t clock_skew_s, Dice& dice) const;

    const Target target_;
    const std::string lower_host_;
    const bool weave_;
    const sync::protocol::Tokens tokens_;
    std::string letters_;  ///< what payloads are cut from
};

/// Whether that is the path of storage 1.0 or 1.1: `/1.1`, `/1.0` or `/1` at its end.
bool is_weave_path(std::string_view path);

/// 300 x Pareto(3), at most 7,000: the payloads of Mozilla's script since 2014.
std::size_t pareto_size(Dice& dice);
/// How many of its own records of a collection a user writes over and over.
std::uint32_t own_records(std::string_view collection);
/// An id that was never used, as Mozilla's script makes them.
void append_new_id(std::string& out, Dice& dice);
/// The id of a user's own record with that number.
void append_own_id(std::string& out, std::string_view collection, std::uint32_t number);
/// After a 401: how far the server's clock is ahead of ours; nothing when the answer does not tell.
std::optional<std::int64_t> clock_skew_of(const Answer& answer);
/// The id of the batch that an answer to `batch=true` opened; empty when there is none.
std::string_view batch_of(std::string_view body);

}  // namespace homespun::stampede
