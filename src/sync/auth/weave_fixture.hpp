#pragma once
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/cef.hpp"
#include "sync/auth/user_backend.hpp"

namespace homespun::sync::auth {

/// Keeps the events, as lines too.
class KeepingSink final : public base::cef::Sink {
  public:
    void write(const base::cef::Event& event) override {
        events.push_back(event);
        lines.push_back(base::cef::format({}, 0, "host", event).text);
    }
    [[nodiscard]] std::vector<std::string> names() const {
        std::vector<std::string> all;
        for (const auto& event : events)
            all.push_back(event.name);
        return all;
    }
    std::vector<base::cef::Event> events;
    std::vector<std::string> lines;
};

/// A back-end that knows what it is told and fails when it is told to; never suspends.
class PlainBackend : public UserBackend {
  public:
    std::optional<BackendFailure> failure;
    std::map<std::string, std::pair<BackendUser, std::string>> users;  ///< name: user, password
    int asked = 0;

    using MaybeUser = std::optional<BackendUser>;

    base::Task<BackendResult<MaybeUser>> find(base::Executor&, std::string name) override {
        if (failure) co_return std::unexpected(*failure);
        const auto found = users.find(name);
        co_return found == users.end() ? MaybeUser() : MaybeUser(found->second.first);
    }
    base::Task<BackendResult<MaybeUser>> authenticate(base::Executor&, std::string name,
                                                      std::string password) override {
        ++asked;
        if (failure) co_return std::unexpected(*failure);
        const auto found = users.find(name);
        if (found == users.end() || found->second.second != password) co_return MaybeUser();
        co_return MaybeUser(found->second.first);
    }
    base::Task<BackendResult<MaybeUser>> create(base::Executor&, std::string name, std::string password,
                                                std::string mail) override {
        if (failure) co_return std::unexpected(*failure);
        if (users.contains(name)) co_return MaybeUser();
        users[name] = {{.id = users.size() + 1, .name = name, .mail = std::move(mail)}, std::move(password)};
        co_return MaybeUser(users[name].first);
    }
    base::Task<BackendResult<void>> set_password(base::Executor&, BackendUser user,
                                                 std::string password) override {
        if (failure) co_return std::unexpected(*failure);
        users[user.name].second = std::move(password);
        co_return BackendResult<void>();
    }
    base::Task<BackendResult<void>> set_mail(base::Executor&, BackendUser user, std::string mail) override {
        if (failure) co_return std::unexpected(*failure);
        users[user.name].first.mail = std::move(mail);
        co_return BackendResult<void>();
    }
    base::Task<BackendResult<void>> remove(base::Executor&, BackendUser user) override {
        if (failure) co_return std::unexpected(*failure);
        users.erase(user.name);
        co_return BackendResult<void>();
    }
};

}  // namespace homespun::sync::auth
