#pragma once
#include "barrel/server/application.hpp"
#include "base/log.hpp"
#include "reason_texts.hpp"
#include "request_metrics.hpp"

/// Counts every answer, and logs it: a line per refusal, and per request when asked for. Owns nothing
/// that it is given. Thread-safe.
class RequestLog {
  public:
    RequestLog(homespun::base::Logger& logger, const RequestMetrics& metrics, bool every_request,
               const ReasonTexts& reasons)
        : logger_(logger), metrics_(metrics), every_request_(every_request), reasons_(reasons) {}
    /// For `barrel::Application::build`; refers to this object.
    homespun::barrel::Application::Observer observer();

  private:
    homespun::base::Logger& logger_;
    const RequestMetrics& metrics_;
    bool every_request_;
    const ReasonTexts& reasons_;
};
