#include "base/jpake.hpp"

#include <openssl/bn.h>
#include <openssl/crypto.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "base/crypto.hpp"

namespace homespun::base::jpake {
namespace {

constexpr std::size_t prime_size = 384;
constexpr std::size_t longest_name = 0xffff;  // the hash has two bytes for a length
constexpr std::string_view key_info = "Sync-AES_256_CBC-HMAC256";

/// The group of NSS's Easy Setup (sheet 6.2): g generates the subgroup of order q modulo p.
constexpr const char* p_hex =
    "90066455B5CFC38F9CAA4A48B4281F292C260FEEF01FD61037E56258A7795A1C7AD46076982CE6BB956936C6AB4DCFE0"
    "5E6784586940CA544B9B2140E1EB523F009D20A7E7880E4E5BFA690F1B9004A27811CD9904AF70420EEFD6EA11EF7DA1"
    "29F58835FF56B89FAA637BC9AC2EFAAB903402229F491D8D3485261CD068699B6BA58A1DDBBEF6DB51E8FE34E8A78E54"
    "2D7BA351C21EA8D8F1D29F5D5D15939487E27F4416B0CA632C59EFD1B1EB66511A5A0FBF615B766C5862D0BD8A3FE7A0"
    "E0DA0FB2FE1FCB19E8F9996A8EA0FCCDE538175238FC8B0EE6F29AF7F642773EBE8CD5402415A01451A840476B2FCEB0"
    "E388D30D4B376C37FE401C2A2C2F941DAD179C540C1C8CE030D460C4D983BE9AB0B20F69144C1AE13F9383EA1C08504F"
    "B0BF321503EFE43488310DD8DC77EC5B8349B8BFE97C2C560EA878DE87C11E3D597F1FEA742D73EEC7F37BE43949EF1A"
    "0D15C3F3E3FC0A8335617055AC91328EC22B50FC15B941D3D1624CD88BC25F3E941FDDC6200689581BFEC416B4B2CB73";
constexpr const char* q_hex = "CFA0478A54717B08CE64805B76E5B14249A77A4838469DF7F7DC987EFCCFB11D";
constexpr const char* g_hex =
    "5E5CBA992E0A680D885EB903AEA78E4A45A469103D448EDE3B7ACCC54D521E37F84A4BDD5B06B0970CC2D2BBB715F7B8"
    "2846F9A0C393914C792E6A923E2117AB805276A975AADB5261D91673EA9AAFFEECBFA6183DFCB5D3B7332AA19275AFA1"
    "F8EC0B60FB6F66CC23AE4870791D5982AAD1AA9485FD8F4A60126FEB2CF05DB8A7F0F09B3397F3937F2E90B9E5B9C9B6"
    "EFEF642BC48351C46FB171B9BFA9EF17A961CE96C7E7A7CC3D3D03DFAD1078BA21DA425198F07D2481622BCE45969D9C"
    "4D6063D72AB7A0F08B2F49A7CC6AF335E08C4720E31476B67299E231F8BD90B39AC3AE3BE0C6B6CACEF8289A2E2873D5"
    "8E51E029CAFBD55E6841489AB66B5B4B9BA6E2F784660896AFF387D92844CCB8B69475496DE19DA2E58259B090489AC8"
    "E62363CDF82CFD8EF2A427ABCD65750B506F56DDE3B988567A88126B914D7828E2B63A6D7ED0747EC59E0E0A23CE7D8A"
    "74C1D2C2A7AFB6A29799620F00E11C33787F7DED3B30E1A22D09F1FBDA1ABBBFBF25CAE05A13F812E34563F99410E73B";

/// OpenSSL's big numbers fail only without memory or on a misuse: nothing sensible can follow.
void demand(bool fine) {
    if (!fine) std::abort();
}

struct WipeAndFree {
    void operator()(BIGNUM* number) const { BN_clear_free(number); }
    void operator()(BN_CTX* context) const { BN_CTX_free(context); }
    void operator()(BN_MONT_CTX* context) const { BN_MONT_CTX_free(context); }
};

/// A number that wipes itself; all of them do, so that none is forgotten.
class Number {
  public:
    Number() : number_(BN_new()) { demand(number_ != nullptr); }
    static Number of_bytes(std::string_view big_endian) {
        Number made;
        demand(BN_bin2bn(reinterpret_cast<const unsigned char*>(big_endian.data()),
                         static_cast<int>(big_endian.size()), made.get()) != nullptr);
        return made;
    }
    static Number of_hex(const char* digits) {
        Number made;
        BIGNUM* into = made.get();
        demand(BN_hex2bn(&into, digits) != 0);
        return made;
    }
    /// Tells OpenSSL to take the paths whose time does not depend on the value.
    Number&& secret() && {
        BN_set_flags(get(), BN_FLG_CONSTTIME);
        return std::move(*this);
    }

    [[nodiscard]] BIGNUM* get() const { return number_.get(); }
    /// Big-endian without leading zeros; zero is empty.
    [[nodiscard]] std::string bytes() const {
        std::string text(static_cast<std::size_t>(BN_num_bytes(get())), '\0');
        BN_bn2bin(get(), reinterpret_cast<unsigned char*>(text.data()));
        return text;
    }
    /// As sent: hex of it must not be empty.
    [[nodiscard]] std::string wire() const { return BN_is_zero(get()) ? std::string(1, '\0') : bytes(); }

  private:
    std::unique_ptr<BIGNUM, WipeAndFree> number_;
};

bool less(const Number& a, const Number& b) {
    return BN_cmp(a.get(), b.get()) < 0;
}

bool equal(const Number& a, const Number& b) {
    return BN_cmp(a.get(), b.get()) == 0;
}

/// Arithmetic in the group. Made for one step of the exchange and gone after it, for its scratch space holds
/// what was computed with.
class Group {
  public:
    Group() {
        demand(scratch_ && montgomery_ && BN_MONT_CTX_set(montgomery_.get(), p_.get(), scratch_.get()) == 1);
        demand(BN_copy(p_less_one_.get(), p_.get()) != nullptr && BN_sub_word(p_less_one_.get(), 1) == 1);
        demand(BN_copy(q_less_one_.get(), q_.get()) != nullptr && BN_sub_word(q_less_one_.get(), 1) == 1);
    }

    [[nodiscard]] const Number& generator() const { return g_; }
    [[nodiscard]] const Number& order() const { return q_; }

    /// base^exponent mod p; in constant time.
    Number power(const Number& base, const Number& exponent) {
        Number result;
        demand(BN_mod_exp_mont_consttime(result.get(), base.get(), exponent.get(), p_.get(), scratch_.get(),
                                         montgomery_.get()) == 1);
        return result;
    }
    Number product(const Number& a, const Number& b) {
        Number result;
        demand(BN_mod_mul(result.get(), a.get(), b.get(), p_.get(), scratch_.get()) == 1);
        return result;
    }
    /// a * b + c mod q: one multiplication and one division, whatever the values are.
    Number multiply_add(const Number& a, const Number& b, const Number& c) {
        auto result = Number().secret();
        demand(BN_mul(result.get(), a.get(), b.get(), scratch_.get()) == 1 &&
               BN_add(result.get(), result.get(), c.get()) == 1 &&
               BN_nnmod(result.get(), result.get(), q_.get(), scratch_.get()) == 1);
        return result;
    }
    /// -a mod q.
    Number negative(const Number& a) {
        auto result = Number().secret();
        demand(BN_nnmod(result.get(), a.get(), q_.get(), scratch_.get()) == 1 &&
               BN_sub(result.get(), q_.get(), result.get()) == 1);
        return result;
    }
    /// Uniform in [1, q) but for 2^-128; always 48 bytes, so that no generator can make it spin.
    Number exponent(Random& random) {
        const Wiped bytes(random.bytes(48));
        auto result = Number::of_bytes(bytes.view()).secret();
        demand(BN_nnmod(result.get(), result.get(), q_less_one_.get(), scratch_.get()) == 1 &&
               BN_add_word(result.get(), 1) == 1);
        return result;
    }
    /// In (1, p-1).
    [[nodiscard]] bool in_range(const Number& value) const {
        return !BN_is_zero(value.get()) && !BN_is_one(value.get()) && less(value, p_less_one_);
    }
    bool has_order_q(const Number& value) { return BN_is_one(power(value, q_).get()); }

  private:
    const Number p_ = Number::of_hex(p_hex), q_ = Number::of_hex(q_hex), g_ = Number::of_hex(g_hex);
    const Number p_less_one_, q_less_one_;
    std::unique_ptr<BN_CTX, WipeAndFree> scratch_{BN_CTX_new()};  // OpenSSL wipes its numbers when it goes
    std::unique_ptr<BN_MONT_CTX, WipeAndFree> montgomery_{BN_MONT_CTX_new()};
};

void append_with_length(std::string& out, std::string_view part) {
    out += static_cast<char>(part.size() >> 8);
    out += static_cast<char>(part.size() & 0xff);
    out += part;
}

/// h of a proof: what binds base, commitment, value and signer together.
Number challenge(const Number& base, const Number& commitment, const Number& value, std::string_view signer) {
    std::string text;
    for (const auto* number : {&base, &commitment, &value})
        append_with_length(text, number->bytes());
    append_with_length(text, signer);
    return Number::of_bytes(sha256(text));
}

Proof prove(Group& group, const Number& base, const Number& x, const Number& value, const std::string& signer,
            Random& random) {
    const auto v = group.exponent(random);
    const auto commitment = group.power(base, v);
    const auto minus_h = group.negative(challenge(base, commitment, value, signer));
    return {commitment.wire(), group.multiply_add(x, minus_h, v).wire(), signer};
}

std::unexpected<Failure> fail(Fault fault, std::string_view field) {
    return std::unexpected(Failure{fault, field});
}

Expected<Number> read(std::string_view bytes, std::string_view field) {
    if (bytes.size() > prime_size) return fail(Fault::number_too_long, field);
    return Number::of_bytes(bytes);
}

struct Names {
    std::string_view value, proof;
};

/// The value, when `proof` shows that `peer` knows its logarithm to `base`.
Expected<Number> verified(Group& group, const Number& base, std::string_view sent, const Proof& proof,
                          std::string_view peer, const Names& names) {
    if (proof.id != peer) return fail(Fault::wrong_signer, names.proof);
    auto value = read(sent, names.value);
    const auto commitment = read(proof.gr, names.proof);
    const auto response = read(proof.b, names.proof);
    for (const auto* number : {&std::as_const(value), &commitment, &response})
        if (!*number) return std::unexpected(number->error());
    if (!group.in_range(*value)) return fail(Fault::value_range, names.value);
    if (!group.has_order_q(*value)) return fail(Fault::not_in_group, names.value);
    if (!less(*response, group.order())) return fail(Fault::response_range, names.proof);
    const auto h = challenge(base, *commitment, *value, peer);
    if (!equal(*commitment, group.product(group.power(base, *response), group.power(*value, h))))
        return fail(Fault::proof_fails, names.proof);
    return value;
}

bool is_name(std::string_view name) {
    return !name.empty() && name.size() <= longest_name;
}

}  // namespace

std::string Failure::message() const {
    const auto what = [this]() -> std::string_view {
        switch (fault) {
            case Fault::same_signer:
                return "must be two different names of 1 to 65535 bytes";
            case Fault::secret_range:
                return "must be a number from 1 to the order of the group";
            case Fault::wrong_signer:
                return "is not signed by the other side";
            case Fault::number_too_long:
                return "holds a number longer than the group's prime";
            case Fault::value_range:
                return "is out of range";
            case Fault::not_in_group:
                return "is not in the group";
            case Fault::response_range:
                return "holds a response that is out of range";
            case Fault::proof_fails:
                return "does not prove its value";
            case Fault::equal_values:
                return "is the same as the value before it";
        }
        return "is wrong";
    }();
    std::string text(field);
    text += ' ';
    text += what;
    return text;
}

Keys Keys::derive(std::string_view shared) {
    const auto first = std::min(shared.find_first_not_of('\0'), shared.size());
    const Wiped both(hkdf_sha256(shared.substr(first), {}, key_info, 2 * key_size));
    return Keys(both.view());
}

struct FirstRound::State {
    std::string signer, peer;
    Number x2, gx1, gx2;
    Round1 message;
};

struct SecondRound::State {
    std::string peer;
    Number x2, x2s;
    Number gx4;
    Number peers_base;  ///< gx1 * gx2 * gx3: what the peer raised to its secret
    Round2 message;
};

FirstRound::FirstRound(std::unique_ptr<State> state) : state_(std::move(state)) {}
FirstRound::FirstRound(FirstRound&&) noexcept = default;
FirstRound& FirstRound::operator=(FirstRound&&) noexcept = default;
FirstRound::~FirstRound() = default;

const Round1& FirstRound::message() const {
    return state_->message;
}

Expected<FirstRound> FirstRound::begin(std::string signer, std::string peer, Random& random) {
    if (!is_name(signer) || !is_name(peer) || signer == peer) return fail(Fault::same_signer, "signer");
    Group group;
    const auto x1 = group.exponent(random);
    auto x2 = group.exponent(random);
    auto gx1 = group.power(group.generator(), x1);
    auto gx2 = group.power(group.generator(), x2);
    Round1 message{gx1.wire(), gx2.wire(), prove(group, group.generator(), x1, gx1, signer, random),
                   prove(group, group.generator(), x2, gx2, signer, random)};
    return FirstRound(std::make_unique<State>(std::move(signer), std::move(peer), std::move(x2),
                                              std::move(gx1), std::move(gx2), std::move(message)));
}

Expected<SecondRound> FirstRound::next(const Round1& peers, std::string_view secret, Random& random) const {
    Group group;
    if (secret.size() > prime_size) return fail(Fault::secret_range, "secret");
    const auto s = Number::of_bytes(secret).secret();
    if (BN_is_zero(s.get()) || !less(s, group.order())) return fail(Fault::secret_range, "secret");
    const auto& g = group.generator();
    const auto gx3 = verified(group, g, peers.gx1, peers.zkp_x1, state_->peer, {"gx1", "zkp_x1"});
    if (!gx3) return std::unexpected(gx3.error());
    auto gx4 = verified(group, g, peers.gx2, peers.zkp_x2, state_->peer, {"gx2", "zkp_x2"});
    if (!gx4) return std::unexpected(gx4.error());
    if (equal(*gx3, *gx4)) return fail(Fault::equal_values, "gx2");

    const auto& own = *state_;
    auto x2s = group.multiply_add(own.x2, s, Number());
    const auto base = group.product(group.product(own.gx1, *gx3), *gx4);
    const auto a = group.power(base, x2s);
    Round2 message{a.wire(), prove(group, base, x2s, a, own.signer, random)};
    auto x2 = Number::of_bytes(Wiped(own.x2.bytes()).view()).secret();
    return SecondRound(std::make_unique<SecondRound::State>(
        own.peer, std::move(x2), std::move(x2s), std::move(*gx4),
        group.product(group.product(own.gx1, own.gx2), *gx3), std::move(message)));
}

SecondRound::SecondRound(std::unique_ptr<State> state) : state_(std::move(state)) {}
SecondRound::SecondRound(SecondRound&&) noexcept = default;
SecondRound& SecondRound::operator=(SecondRound&&) noexcept = default;
SecondRound::~SecondRound() = default;

const Round2& SecondRound::message() const {
    return state_->message;
}

Expected<Keys> SecondRound::finish(const Round2& peers) const {
    Group group;
    const auto& own = *state_;
    const auto b = verified(group, own.peers_base, peers.a, peers.zkp_a, own.peer, {"A", "zkp_A"});
    if (!b) return std::unexpected(b.error());
    // (B / gx4^(x2*s))^x2: what the secrets of both sides put on top is taken off, if they are the same.
    const auto stripped = group.product(*b, group.power(own.gx4, group.negative(own.x2s)));
    const Wiped shared(group.power(stripped, own.x2).bytes());
    return Keys::derive(shared.view());
}

}  // namespace homespun::base::jpake
