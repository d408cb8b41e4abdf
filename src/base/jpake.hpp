#pragma once
#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <string_view>

#include "base/key_pair.hpp"
#include "base/random.hpp"

/// Password-authenticated key exchange by juggling as Firefox's Easy Setup speaks it (sync-legacy
/// sheet, 6.2): the 3072-bit group of NSS with a subgroup of prime order q, SHA-256, Schnorr proofs bound to
/// the names of the two signers. Two parties that know the same short secret end with the same keys; a wrong
/// guess ends with other keys and can be made once only, on line.
///
/// All numbers travel as big-endian bytes without a sign. Pure; the objects may be used by one thread at a
/// time. Exponentiations with secrets take the same time for all secrets of one length, as far as OpenSSL's
/// big numbers can; secrets are wiped from memory when their owner goes.
namespace homespun::base::jpake {

/// Proof that its maker knows x in X = G^x (Schnorr). Named as on the wire.
struct Proof {
    std::string gr;  ///< G^v, the commitment
    std::string b;   ///< v - x*h mod q, the response
    std::string id;  ///< name of the signer
};

/// The first message of each side.
struct Round1 {
    std::string gx1, gx2;
    Proof zkp_x1, zkp_x2;
};

/// The second message of each side.
struct Round2 {
    std::string a;
    Proof zkp_a;
};

/// What came from the other side, or from our caller, and cannot be used.
enum class Fault : std::uint8_t {
    same_signer,      ///< both sides bear one name, or a name is empty or longer than 65535 bytes
    secret_range,     ///< the secret, read as a big-endian number, is not in [1, q)
    wrong_signer,     ///< a proof was not signed by the peer: perhaps our own, sent back
    number_too_long,  ///< more bytes than the group's prime
    value_range,      ///< a public value is not in (1, p-1)
    not_in_group,     ///< a public value's order is not q
    response_range,   ///< the response of a proof is not below q
    proof_fails,      ///< the proof does not hold for value, base and signer
    equal_values,     ///< the peer's two values are the same
};

/// What is wrong, and with which value (a name of the wire: `gx1`, `zkp_A`, …).
struct Failure {
    Fault fault;
    std::string_view field;  ///< points to a literal

    /// For people: "gx1 is out of range".
    [[nodiscard]] std::string message() const;
};

template <class T>
using Expected = std::expected<T, Failure>;

/// What an exchange ends with.
class Keys : public KeyPair {
  public:
    /// What both sides make of the shared number (sheet 6.2, vector in 13): HKDF-SHA256 with salt of zeros
    /// over its bytes without leading zeros. `shared` is big-endian.
    static Keys derive(std::string_view shared);

  private:
    explicit Keys(std::string_view both) : KeyPair(both) {}
};

/// After both rounds: holds our second message and waits for the peer's.
class SecondRound {
  public:
    SecondRound(SecondRound&&) noexcept;
    SecondRound& operator=(SecondRound&&) noexcept;
    ~SecondRound();

    /// What to send.
    [[nodiscard]] const Round2& message() const;
    /// Checks the peer's proof and makes the keys. That they are the peer's keys too is not known before
    /// something encrypted has been exchanged.
    [[nodiscard]] Expected<Keys> finish(const Round2& peers) const;

  private:
    friend class FirstRound;
    struct State;
    explicit SecondRound(std::unique_ptr<State> state);

    std::unique_ptr<State> state_;
};

/// The beginning of an exchange: holds our first message and its secrets.
class FirstRound {
  public:
    /// `signer` is our name, `peer` the other side's; they must differ.
    static Expected<FirstRound> begin(std::string signer, std::string peer, Random& random);

    FirstRound(FirstRound&&) noexcept;
    FirstRound& operator=(FirstRound&&) noexcept;
    ~FirstRound();

    /// What to send.
    [[nodiscard]] const Round1& message() const;
    /// Checks the peer's two proofs and computes our second message. `secret` is the short secret's bytes.
    [[nodiscard]] Expected<SecondRound> next(const Round1& peers, std::string_view secret,
                                             Random& random) const;

  private:
    struct State;
    explicit FirstRound(std::unique_ptr<State> state);

    std::unique_ptr<State> state_;
};

}  // namespace homespun::base::jpake
