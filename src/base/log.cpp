#include "base/log.hpp"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include "base/json.hpp"
#include "base/text.hpp"

namespace homespun::base {
namespace {

bool needs_quotes(std::string_view text) {
    if (text.empty()) return true;
    for (const char c : text) {
        if (static_cast<unsigned char>(c) <= ' ' || c == '"' || c == '=' || c == '\\' || c == 0x7f)
            return true;
    }
    return false;
}

/// A line is always UTF-8, also where a peer's bytes are not.
std::string readable(std::string_view value) {
    return is_utf8(value) ? std::string(value) : percent_encode(value);
}

class StderrLogger final : public Logger {
  public:
    StderrLogger(LogLevel least, LogFormat format)
        : format_(format), logger_("homespun", std::make_shared<spdlog::sinks::stderr_sink_mt>()) {
        logger_.set_level(level_of(least));
        const char* const pattern = format == LogFormat::json
                                        ? R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l",%v})"
                                        : "%Y-%m-%dT%H:%M:%S.%eZ %l %v";
        logger_.set_formatter(
            std::make_unique<spdlog::pattern_formatter>(pattern, spdlog::pattern_time_type::utc));
        logger_.flush_on(spdlog::level::info);
    }

    void log(LogLevel level, std::string_view event, std::initializer_list<LogField> fields) override {
        const auto spd_level = level_of(level);
        if (!logger_.should_log(spd_level)) return;
        const auto line = format_event(format_, event, fields);
        logger_.log(spd_level, spdlog::string_view_t(line.data(), line.size()));
    }

  private:
    static spdlog::level::level_enum level_of(LogLevel level) {
        switch (level) {
            case LogLevel::debug:
                return spdlog::level::debug;
            case LogLevel::info:
                return spdlog::level::info;
            case LogLevel::warning:
                return spdlog::level::warn;
            case LogLevel::error:
                return spdlog::level::err;
        }
        return spdlog::level::info;
    }

    LogFormat format_;
    spdlog::logger logger_;
};

}  // namespace

std::string format_event(LogFormat format, std::string_view event, std::initializer_list<LogField> fields) {
    std::string line;
    if (format == LogFormat::json) {
        line += "\"event\":";
        json::append_string(line, event);
        for (const auto& [name, value] : fields) {
            line += ',';
            json::append_string(line, name);
            line += ':';
            if (const auto* text = std::get_if<std::string_view>(&value)) {
                json::append_string(line, readable(*text));
            } else {
                line += std::to_string(std::get<std::int64_t>(value));
            }
        }
        return line;
    }
    line += event;
    for (const auto& [name, value] : fields) {
        line += ' ';
        line += name;
        line += '=';
        if (const auto* text = std::get_if<std::string_view>(&value)) {
            const auto shown = readable(*text);
            if (needs_quotes(shown)) {
                json::append_string(line, shown);
            } else {
                line += shown;
            }
        } else {
            line += std::to_string(std::get<std::int64_t>(value));
        }
    }
    return line;
}

std::unique_ptr<Logger> make_stderr_logger(LogLevel least, LogFormat format) {
    return std::make_unique<StderrLogger>(least, format);
}

}  // namespace homespun::base
