#pragma once
#include <array>
#include <map>
#include <mutex>
#include <string>

#include "barrel/server/application.hpp"
#include "base/log.hpp"
#include "base/metrics.hpp"
#include "reason_texts.hpp"

/// Counts and logs every answer: requests by service and class of status, durations by service; a line per
/// refusal, and per request when asked for. Thread-safe once made.
class RequestLog {
  public:
    RequestLog(homespun::base::Logger& logger, homespun::base::metrics::Registry& metrics, bool every_request,
               ReasonTexts reasons);
    /// For `barrel::Application::build`; refers to this object.
    homespun::barrel::Application::Observer observer();

  private:
    struct Numbers {
        std::array<homespun::base::metrics::Counter, 6> by_class;  ///< [2] = 2xx …
        homespun::base::metrics::Histogram duration;
    };
    const Numbers& numbers_of(std::string_view service) const;

    homespun::base::Logger& logger_;
    bool every_request_;
    const ReasonTexts reasons_;
    std::map<std::string, Numbers, std::less<>> services_;
};
