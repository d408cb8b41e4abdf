#include "sync/ops/secrets.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include "base/encoding.hpp"
#include "base/json.hpp"
#include "sys/files.hpp"

namespace homespun::sync::ops {
namespace {

constexpr std::size_t secret_bytes = 32;

std::string fresh(base::Random& random) {
    return base::hex_encode(random.bytes(secret_bytes));
}

std::string path_in(const std::string& directory) {
    return directory + "/secrets.json";
}

base::Result<Secrets> parse(const std::string& text, const std::string& path) {
    const auto bad = [&](std::string_view why) {
        return base::fail(
            fmt::format("{} cannot be used: {}; restore it from a backup (without it no client's token is "
                        "accepted until it signs in again)",
                        path, why));
    };
    const auto json = base::json::parse(text);
    if (!json) return bad(json.error().message);
    Secrets secrets;
    const auto* token = json->member("token");
    if (token == nullptr || token->array() == nullptr || token->array()->empty())
        return bad("no list \"token\" in it");
    for (const auto& one : *token->array()) {
        if (one.string() == nullptr || one.string()->empty()) return bad("a token secret is no text");
        secrets.token.push_back(*one.string());
    }
    const auto* metrics = json->string("metrics");
    const auto* salt = json->string("salt");
    if (metrics == nullptr || salt == nullptr || salt->empty())
        return bad("\"metrics\" or \"salt\" is missing");
    secrets.metrics = *metrics;
    secrets.salt = *salt;
    return secrets;
}

}  // namespace

base::Result<Secrets> Secrets::load_or_create(const std::string& directory, base::Random& random) {
    const auto path = path_in(directory);
    if (::access(path.c_str(), F_OK) == 0) {
        const auto text = sys::read_file(path);
        if (!text) return std::unexpected(text.error());
        return parse(*text, path);
    }
    Secrets secrets{{fresh(random)}, fresh(random), fresh(random)};
    if (auto saved = secrets.save(directory); !saved) return std::unexpected(saved.error());
    return secrets;
}

void Secrets::rotate_token(base::Random& random) {
    token.insert(token.begin(), fresh(random));
    if (token.size() > kept_token_secrets) token.resize(kept_token_secrets);
}

base::Result<void> Secrets::save(const std::string& directory) const {
    return sys::write_file_atomically(path_in(directory), to_json() + "\n", 0600);
}

std::string Secrets::to_json() const {
    std::string text;
    base::json::Writer writer(text);
    writer.begin_object().key("token").begin_array();
    for (const auto& one : token)
        writer.value(std::string_view(one));
    writer.end_array()
        .member("metrics", std::string_view(metrics))
        .member("salt", std::string_view(salt))
        .end_object();
    return text;
}

}  // namespace homespun::sync::ops
