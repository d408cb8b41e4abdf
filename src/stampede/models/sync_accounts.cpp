#include "stampede/models/sync_accounts.hpp"

#include <fmt/format.h>

#include "base/json.hpp"
#include "base/text.hpp"

namespace homespun::stampede {

base::Result<std::shared_ptr<SyncAccounts>> SyncAccounts::parse(std::string_view text,
                                                                std::string_view source) {
    auto accounts = std::make_shared<SyncAccounts>();
    std::size_t number = 0;
    for (const auto line : base::split(text, '\n')) {
        ++number;
        if (base::trim(line).empty()) continue;
        const auto json = base::json::parse(base::trim(line));
        const auto* token = json ? json->string("access_token") : nullptr;
        const auto* key_id = json ? json->string("key_id") : nullptr;
        const auto fit = [](const std::string* field) {
            return field != nullptr && !field->empty() &&
                   field->find_first_of(" \r\n\t") == std::string::npos;
        };
        if (!fit(token) || !fit(key_id)) {
            return base::fail(
                fmt::format("{}:{}: each line must be a JSON object with access_token and key_id, as "
                            "`homespun seed` prints it",
                            source, number));
        }
        accounts->accounts_.push_back({*token, *key_id});
    }
    if (accounts->accounts_.empty()) return base::fail(fmt::format("{}: no accounts in it", source));
    accounts->held_.resize(accounts->accounts_.size());
    return accounts;
}

std::optional<SyncPass> SyncAccounts::pass_of(std::uint64_t user, std::int64_t now_s) const {
    const std::lock_guard lock(lock_of(user));
    const auto& held = held_[index(user)];
    return held.until_s > now_s ? std::optional(held.pass) : std::nullopt;
}

void SyncAccounts::keep(std::uint64_t user, SyncPass pass, std::int64_t until_s) {
    const std::lock_guard lock(lock_of(user));
    held_[index(user)] = {std::move(pass), until_s};
}

void SyncAccounts::drop(std::uint64_t user) {
    const std::lock_guard lock(lock_of(user));
    held_[index(user)].until_s = 0;
}

std::optional<GivenPass> read_token_answer(std::string_view body, const Target& target) {
    const auto json = base::json::parse(body);
    if (!json) return std::nullopt;
    const auto* id = json->string("id");
    const auto* key = json->string("key");
    const auto* endpoint = json->string("api_endpoint");
    const auto* duration = json->integer("duration");
    if (id == nullptr || key == nullptr || endpoint == nullptr || duration == nullptr) return std::nullopt;
    const auto root = target.root();
    if (!endpoint->starts_with(root + "/") || *duration <= 0) return std::nullopt;
    return GivenPass{{endpoint->substr(root.size()), *id, *key}, *duration};
}

}  // namespace homespun::stampede
