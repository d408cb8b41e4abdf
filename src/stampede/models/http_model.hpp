#pragma once
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "stampede/engine/session.hpp"
#include "stampede/models/http_mix.hpp"
#include "stampede/models/target.hpp"

namespace homespun::stampede {

/// Plain HTTP: every session is one request, chosen by weight.
class HttpModel final : public Model {
  public:
    /// `requests`: at least one. `rest`: a user's think time between two requests, in the closed model.
    HttpModel(std::string name, const Target& target, std::vector<HttpRequest> requests,
              std::chrono::microseconds rest = {});

    [[nodiscard]] std::string name() const override { return name_; }
    [[nodiscard]] const std::vector<std::string>& types() const override { return types_; }
    [[nodiscard]] std::vector<std::pair<std::string, double>> mix() const override;
    [[nodiscard]] double requests_per_session() const override { return 1; }
    [[nodiscard]] double sessions_per_user_hour() const override { return 0; }
    [[nodiscard]] std::unique_ptr<Session> make_session() const override;

  private:
    class Asking;
    struct Prepared {
        HttpRequest request;
        std::string bytes;  ///< as sent; rebuilt for each user when it names them
        bool names_user = false;
    };
    [[nodiscard]] std::string bytes_of(const HttpRequest& request, std::string_view user) const;

    std::string name_;
    std::string authority_;
    std::string root_path_;
    std::vector<Prepared> requests_;
    std::vector<double> limits_;  ///< running sums of the weights, the last is 1
    std::vector<std::string> types_;
    std::chrono::microseconds rest_;
};

/// Whether the answer is what the request expects.
std::optional<ErrorClass> judge_http(const HttpRequest& request, const Answer& answer);
/// The class of a status that was not expected.
ErrorClass class_of_status(const Answer& answer);

}  // namespace homespun::stampede
