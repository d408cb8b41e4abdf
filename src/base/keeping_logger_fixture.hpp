#pragma once
#include <mutex>
#include <string>

#include "base/log.hpp"

namespace homespun::base {

/// For tests: keeps every line, to look for what must or must not be in it. Thread-safe.
class KeepingLogger final : public Logger {
  public:
    void log(LogLevel, std::string_view event, std::initializer_list<LogField> fields) override {
        const std::lock_guard lock(mutex_);
        text_ += format_event(LogFormat::key_value, event, fields) + "\n";
    }
    [[nodiscard]] std::string text() const {
        const std::lock_guard lock(mutex_);
        return text_;
    }
    /// How many lines are of this event.
    [[nodiscard]] int count(std::string_view event) const {
        const auto lines = "\n" + text();
        const auto wanted = "\n" + std::string(event) + " ";
        int found = 0;
        for (auto at = lines.find(wanted); at != std::string::npos; at = lines.find(wanted, at + 1))
            ++found;
        return found;
    }

  private:
    mutable std::mutex mutex_;
    std::string text_;
};

}  // namespace homespun::base
