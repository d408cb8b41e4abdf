#pragma once
#include <string>

#include "base/json.hpp"
#include "base/result.hpp"

/// Calls the API of a running server, one call at a time, and waits for the answer.
class ApiClient {
  public:
    /// `url`: http://host:port; without a scheme it is http.
    explicit ApiClient(std::string url) : url_(std::move(url)) {}

    /// The JSON of the answer; null for one without a body. An answer of 4xx or 5xx is an error with the
    /// server's words.
    homespun::base::Result<homespun::base::json::Value> call(const std::string& method,
                                                             const std::string& path,
                                                             std::string body = {}) const;

  private:
    std::string url_;
};
