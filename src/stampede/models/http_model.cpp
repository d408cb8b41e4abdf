#include "stampede/models/http_model.hpp"

#include <algorithm>

namespace homespun::stampede {
namespace {

constexpr std::string_view user_mark = "{user}";

void replace_all(std::string& text, std::string_view from, std::string_view to) {
    for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
        text.replace(at, from.size(), to);
}

}  // namespace

ErrorClass class_of_status(const Answer& answer) {
    if (answer.status == 429 || (answer.status == 503 && answer.headers.has("Retry-After")))
        return ErrorClass::busy;
    if (answer.status == 507) return ErrorClass::full;
    if (answer.status >= 500) return ErrorClass::server_error;
    if (answer.status >= 400) return ErrorClass::client_error;
    return ErrorClass::wrong_status;
}

std::optional<ErrorClass> judge_http(const HttpRequest& request, const Answer& answer) {
    const bool well = request.expected.empty()
                          ? answer.status >= 200 && answer.status < 400
                          : std::ranges::find(request.expected, answer.status) != request.expected.end();
    if (!well) return class_of_status(answer);
    using enum HttpRequest::BodyCheck;
    const bool fits = request.check == none || (request.check == is && answer.body == request.check_text) ||
                      (request.check == contains && answer.body.contains(request.check_text)) ||
                      (request.check == size && answer.body.size() == request.check_size);
    return fits ? std::nullopt : std::optional(ErrorClass::wrong_body);
}

class HttpModel::Asking final : public Session {
  public:
    explicit Asking(const HttpModel& model) : model_(model) {}

    void begin(std::uint64_t user, std::uint64_t draw, Memory&) override {
        user_ = user;
        const auto place = std::ranges::upper_bound(model_.limits_, Dice(draw).share());
        chosen_ = std::min<std::size_t>(static_cast<std::size_t>(place - model_.limits_.begin()),
                                        model_.requests_.size() - 1);
        asked_ = false;
    }
    Next next(Draft& draft) override {
        if (asked_) return Next::end();
        asked_ = true;
        const auto& prepared = model_.requests_[chosen_];
        draft.type = static_cast<std::uint16_t>(chosen_);
        draft.head = prepared.request.method == "HEAD";
        if (prepared.names_user) {
            draft.bytes = model_.bytes_of(prepared.request, std::to_string(user_));
        } else {
            draft.bytes = prepared.bytes;
        }
        return Next::ask();
    }
    std::optional<ErrorClass> judge(const Answer& answer) override {
        return judge_http(model_.requests_[chosen_].request, answer);
    }
    void broken(ErrorClass) override {}
    std::chrono::microseconds rest() override { return model_.rest_; }

  private:
    const HttpModel& model_;
    std::uint64_t user_ = 0;
    std::size_t chosen_ = 0;
    bool asked_ = false;
};

HttpModel::HttpModel(std::string name, const Target& target, std::vector<HttpRequest> requests,
                     std::chrono::microseconds rest)
    : name_(std::move(name)), authority_(target.authority()), root_path_(target.path), rest_(rest) {
    double sum = 0;
    for (const auto& request : requests)
        sum += request.weight;
    double running = 0;
    for (auto& request : requests) {
        running += request.weight / sum;
        limits_.push_back(running);
        types_.push_back(request.name);
        const bool names_user = request.target.contains(user_mark) || request.body.contains(user_mark);
        auto bytes = bytes_of(request, "");
        requests_.push_back({std::move(request), std::move(bytes), names_user});
    }
}

std::vector<std::pair<std::string, double>> HttpModel::mix() const {
    std::vector<std::pair<std::string, double>> mix;
    double before = 0;
    for (std::size_t i = 0; i < types_.size(); ++i) {
        mix.emplace_back(types_[i], limits_[i] - before);
        before = limits_[i];
    }
    return mix;
}

std::unique_ptr<Session> HttpModel::make_session() const {
    return std::make_unique<Asking>(*this);
}

std::string HttpModel::bytes_of(const HttpRequest& request, std::string_view user) const {
    auto target = root_path_ + request.target;
    auto body = request.body;
    replace_all(target, user_mark, user);
    replace_all(body, user_mark, user);
    std::string bytes = request.method + " " + target + " HTTP/1.1\r\nHost: " + authority_ + "\r\n";
    for (const auto& [name, value] : request.headers)
        bytes += name + ": " + value + "\r\n";
    if (!body.empty() || request.method == "POST" || request.method == "PUT")
        bytes += "Content-Length: " + std::to_string(body.size()) + "\r\n";
    return bytes + "\r\n" + body;
}

}  // namespace homespun::stampede
