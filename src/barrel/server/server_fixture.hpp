#pragma once

// For the tests of this folder: contracts, bound and driven by hand, without sockets.

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "barrel/rbr/parser.hpp"
#include "barrel/server/application.hpp"
#include "barrel/server/assets.hpp"

namespace homespun::barrel::test {

/// Remembers the lines.
class ListLogger final : public base::Logger {
  public:
    void log(base::LogLevel /*level*/, std::string_view event,
             std::initializer_list<base::LogField> fields) override {
        lines.push_back(base::format_event(base::LogFormat::key_value, event, fields));
    }
    std::vector<std::string> lines;
};

struct Answer {
    int status = 0;
    std::string type;
    std::string body;
    net::http::Headers headers;

    [[nodiscard]] std::string header(std::string_view name) const {
        return std::string(headers.find(name).value_or("(none)"));
    }
};

inline rbr::File read(std::string_view source) {
    auto file = rbr::parse(source, "t.rbr");
    EXPECT_TRUE(file) << file.error().render();
    return std::move(*file);
}

inline Answer answer_of(net::http::Response response) {
    Answer answer{response.status, response.content_type, {}, response.headers};
    if (const std::string* text = std::get_if<std::string>(&response.body)) answer.body = *text;
    return answer;
}

/// One application. Its requests live as long as it does.
class World {
  public:
    explicit World(std::string_view source) : source_(source) {}

    Natives natives;
    const Assets* assets = nullptr;
    Service::Options options;
    ListLogger logger;
    Application::Observer observer;
    std::vector<std::string> mounts;

    net::http::Application& application() {
        if (application_) return *application_;
        auto service = Service::bind(read(source_), natives, assets, options);
        EXPECT_TRUE(service) << rbr::render(service.error());
        std::vector<Application::Mounted> services;
        services.push_back({"test", std::move(*service), mounts});
        auto built = Application::build(std::move(services), logger, observer);
        EXPECT_TRUE(built) << rbr::render(built.error());
        application_ = std::move(*built);
        return *application_;
    }

    net::http::Request& request(std::string method, std::string target, std::string body = {}) {
        auto& made = *requests_.emplace_back(std::make_unique<net::http::Request>());
        made.method = std::move(method);
        made.target = std::move(target);
        made.body = std::move(body);
        return made;
    }

    Answer send(net::http::Request& request) {
        plan = application().plan(request);
        std::optional<Answer> answer;
        base::spawn(application().handle(request), [&](auto outcome) {
            EXPECT_TRUE(outcome) << "an exception left the application";
            if (outcome) answer = answer_of(std::move(*outcome));
        });
        EXPECT_TRUE(answer) << "no answer";
        return answer.value_or(Answer{});
    }

    Answer send(std::string method, std::string target, std::string body = {}, std::string_view header = {},
                std::string_view value = {}) {
        auto& made = request(std::move(method), std::move(target), std::move(body));
        if (!header.empty()) made.headers.add(header, value);
        return send(made);
    }

    net::http::Plan plan;

  private:
    std::string source_;
    std::unique_ptr<Application> application_;
    std::vector<std::unique_ptr<net::http::Request>> requests_;
};

/// A handler that says `text`.
inline Handler says(std::string text) {
    return [text = std::move(text)](Context&) -> base::Task<net::http::Response> {
        co_return net::http::Response(200, "text/plain", text);
    };
}

}  // namespace homespun::barrel::test
