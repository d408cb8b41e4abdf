#include "stampede/models/sync_writing.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <ctime>
#include <iterator>

#include "base/encoding.hpp"
#include "base/hawk.hpp"
#include "base/text.hpp"

namespace homespun::stampede {
namespace {

constexpr std::string_view id_letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

}  // namespace

SyncWriter::SyncWriter(const Target& target)
    : target_(target),
      lower_host_(base::to_lower(target.host)),
      weave_(is_weave_path(target.path)),
      tokens_({target.secret}) {
    // What encrypted payloads look like: base64 of random bytes.
    constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    Dice dice(42);
    letters_.resize(longest_payload + 1);
    for (auto& letter : letters_)
        letter = alphabet[dice.below(alphabet.size())];
}

SyncPass SyncWriter::pass_for(std::uint64_t uid) const {
    if (weave_) {
        const auto name = fmt::format("cuser{}", uid);
        const auto login = base::base64_encode(name + ":" + target_.secret, base::Base64::standard);
        return {fmt::format("{}/{}", target_.path, name), {}, {}, "Basic " + login};
    }
    sync::protocol::TokenPayload payload;
    payload.uid = uid;
    payload.expires = std::time(nullptr) + pass_life_s;
    payload.salt = "stampede";
    payload.node = target_.root();
    auto pair = tokens_.make(payload);
    return {fmt::format("{}/{}", target_.path, uid), std::move(pair.id), std::move(pair.key)};
}

std::string SyncWriter::signature(const Request& request, const SyncPass& pass, std::int64_t clock_skew_s,
                                  Dice& dice) const {
    std::string nonce(8, 'a');
    for (auto& letter : nonce)
        letter = id_letters[dice.below(id_letters.size())];
    base::hawk::Header header;
    header.id = pass.id;
    header.ts = std::to_string(std::time(nullptr) + clock_skew_s);
    header.nonce = std::move(nonce);
    const base::hawk::Request signed_part{request.method, request.target, lower_host_, target_.port};
    return base::hawk::sign(pass.key, std::move(header), signed_part);
}

void SyncWriter::write(const Request& request, const SyncPass& pass, std::int64_t clock_skew_s, Dice& dice,
                       std::string& bytes) const {
    bytes.clear();
    const auto out = std::back_inserter(bytes);
    fmt::format_to(out, "{} {} HTTP/1.1\r\nHost: {}\r\nAuthorization: {}\r\nAccept: application/json\r\n",
                   request.method, request.target, target_.authority(),
                   pass.basic.empty() ? signature(request, pass, clock_skew_s, dice) : pass.basic);
    bytes += request.more_headers;
    if (!request.body.empty())
        fmt::format_to(out, "Content-Type: application/json\r\nContent-Length: {}\r\n", request.body.size());
    bytes += "\r\n";
    bytes += request.body;
}

void SyncWriter::write_token_request(std::string_view access_token, std::string_view key_id,
                                     std::string& bytes) const {
    bytes.clear();
    fmt::format_to(std::back_inserter(bytes),
                   "GET {} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\nX-KeyID: {}\r\n"
                   "Accept: application/json\r\n\r\n",
                   target_.path, target_.authority(), access_token, key_id);
}

std::string_view SyncWriter::payload(std::size_t size, Dice& dice) const {
    size = std::min(size, longest_payload);
    return std::string_view(letters_).substr(dice.below(letters_.size() - size), size);
}

bool is_weave_path(std::string_view path) {
    return path.ends_with("/1.1") || path.ends_with("/1.0") || path.ends_with("/1");
}

std::size_t pareto_size(Dice& dice) {
    constexpr double least = 300, shape = 3, most = 7000;
    return static_cast<std::size_t>(std::min(least * std::pow(1 - dice.share(), -1 / shape), most));
}

std::uint32_t own_records(std::string_view collection) {
    if (collection == "tabs" || collection == "clients" || collection == "prefs") return 1;
    return collection == "history" ? 1000 : 200;
}

void append_new_id(std::string& out, Dice& dice) {
    for (int i = 0; i < 14; ++i)
        out += id_letters[dice.below(id_letters.size())];
    fmt::format_to(std::back_inserter(out), "{}", dice.below(10'000'000));
}

void append_own_id(std::string& out, std::string_view collection, std::uint32_t number) {
    fmt::format_to(std::back_inserter(out), "{}{:06}", collection, number);
}

std::optional<std::int64_t> clock_skew_of(const Answer& answer) {
    const auto text = answer.headers.find("X-Weave-Timestamp");
    const auto theirs =
        text ? base::parse_integer<std::int64_t>(text->substr(0, text->find('.'))) : std::nullopt;
    return theirs ? std::optional(*theirs - std::time(nullptr)) : std::nullopt;
}

std::string_view batch_of(std::string_view body) {
    constexpr std::string_view key = "\"batch\":";
    const auto at = body.find(key);
    if (at == std::string_view::npos) return {};
    auto rest = body.substr(at + key.size());
    rest = base::trim(rest.substr(0, rest.find_first_of(",}")));
    if (!rest.starts_with('"')) return rest;
    return rest.size() < 2 ? std::string_view() : rest.substr(1, rest.size() - 2);
}

}  // namespace homespun::stampede
