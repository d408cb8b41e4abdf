#pragma once
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

namespace homespun::base {

enum class LogLevel { debug, info, warning, error };

/// One fact of an event. Never put secrets, payloads or passwords into one.
struct LogField {
    std::string_view name;
    std::variant<std::string_view, std::int64_t> value;
};

/// One line an event: `2026-11-21T03:42:15.123Z info request status=200 ...`, or JSON. Thread-safe.
class Logger {
  public:
    virtual ~Logger() = default;
    /// `event` is a fixed word (`request`, `refused`, `store_opened`), the facts go into fields.
    virtual void log(LogLevel level, std::string_view event, std::initializer_list<LogField> fields) = 0;

    void debug(std::string_view event, std::initializer_list<LogField> fields = {}) {
        log(LogLevel::debug, event, fields);
    }
    void info(std::string_view event, std::initializer_list<LogField> fields = {}) {
        log(LogLevel::info, event, fields);
    }
    void warning(std::string_view event, std::initializer_list<LogField> fields = {}) {
        log(LogLevel::warning, event, fields);
    }
    void error(std::string_view event, std::initializer_list<LogField> fields = {}) {
        log(LogLevel::error, event, fields);
    }
};

enum class LogFormat { key_value, json };

/// Writes to standard error.
std::unique_ptr<Logger> make_stderr_logger(LogLevel least, LogFormat format);

/// Drops everything (tests).
class NullLogger final : public Logger {
  public:
    void log(LogLevel, std::string_view, std::initializer_list<LogField>) override {}
};

/// The line without time and level; pure, so that tests can read it.
std::string format_event(LogFormat format, std::string_view event, std::initializer_list<LogField> fields);

}  // namespace homespun::base
