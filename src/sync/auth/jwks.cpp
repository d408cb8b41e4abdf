#include "sync/auth/jwks.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/encoding.hpp"

namespace homespun::sync::auth {
namespace {

constexpr std::size_t most_keys = 100;  // each is tried out when read

std::optional<std::string> number(const base::json::Value& key, std::string_view name) {
    const auto* text = key.string(name);
    return text ? base::base64_decode(*text, base::Base64::url_nopad) : std::nullopt;
}

base::Result<SigningKey> signing_key(const base::json::Value& key) {
    const auto* kind = key.string("kty");
    if (!kind) return base::fail("a key without kty");
    if (*kind == "RSA") {
        const auto modulus = number(key, "n");
        const auto exponent = number(key, "e");
        if (!modulus || !exponent) return base::fail("an RSA key without n and e in base64url");
        return SigningKey::rsa(*modulus, *exponent);
    }
    if (*kind == "EC") {
        const auto* curve = key.string("crv");
        if (!curve || *curve != "P-256") return base::fail("an EC key that is not on P-256");
        const auto x = number(key, "x");
        const auto y = number(key, "y");
        if (!x || !y) return base::fail("an EC key without x and y in base64url");
        return SigningKey::p256(*x, *y);
    }
    return base::fail("a key of another kind than RSA and EC");
}

base::Result<NamedKey> named_key(const base::json::Value& key) {
    if (const auto* use = key.member("use"); use && (!use->string() || *use->string() != "sig"))
        return base::fail("a key that is not for signatures");
    auto made = signing_key(key);
    if (!made) return std::unexpected(made.error());
    if (const auto* algorithm = key.member("alg")) {
        const auto* const name = made->algorithm() == JwtAlgorithm::rs256 ? "RS256" : "ES256";
        if (!algorithm->string() || *algorithm->string() != name)
            return base::fail("a key for another algorithm than RS256 and ES256");
    }
    const auto* id = key.member("kid");
    if (id && !id->string()) return base::fail("a key whose kid is no text");
    return NamedKey{id ? *id->string() : std::string(), std::move(*made)};
}

}  // namespace

base::Result<KeySet> parse_key_set(std::string_view text) {
    const auto json = base::json::parse(text);
    if (!json) return base::fail("no JSON: " + json.error().message);
    const auto* listed = json->member("keys");
    const bool single = json->string("kty") != nullptr;
    if (!single && (!listed || !listed->array())) return base::fail("no key set: it has no list called keys");
    KeySet keys;
    std::string why = "it is empty";
    const auto take = [&](const base::json::Value& value) {
        auto key = named_key(value);
        if (!key) {
            why = key.error().message;
        } else if (std::ranges::any_of(keys, [&](const auto& other) { return other.id == key->id; })) {
            why = "two keys of one name";
        } else {
            keys.push_back(std::move(*key));
        }
    };
    if (single) {
        take(*json);
    } else {
        if (listed->array()->size() > most_keys)
            return base::fail(fmt::format("a key set of more than {} keys", most_keys));
        for (const auto& value : *listed->array())
            take(value);
    }
    if (keys.empty()) return base::fail(fmt::format("no usable key in the key set: {}", why));
    return keys;
}

}  // namespace homespun::sync::auth
