#pragma once
#include <memory>
#include <mutex>
#include <string>

#include "base/cef.hpp"
#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/result.hpp"

namespace homespun::sys {

/// A file of CEF lines (mode 0600), opened anew when somebody has moved it away (log rotation). One write a
/// line. What cannot be written goes to the event log as `cef_lost`, once until a line could be written
/// again.
class CefFile final : public base::cef::Sink {
  public:
    /// `logger` and `clock` outlive it.
    static base::Result<std::unique_ptr<CefFile>> open(std::string path, base::cef::Device device,
                                                       const base::Clock& clock, base::Logger& logger);
    ~CefFile() override;
    void write(const base::cef::Event& event) override;

  private:
    CefFile(std::string path, base::cef::Device device, const base::Clock& clock, base::Logger& logger);
    int current();
    void lost(int error);

    std::string path_, host_;
    base::cef::Device device_;
    const base::Clock& clock_;
    base::Logger& logger_;
    std::mutex mutex_;
    int descriptor_ = -1;
    bool losing_ = false;
};

/// The same lines to syslog (facility LOCAL4, priority INFO), whose daemon adds time and host of its own.
class CefSyslog final : public base::cef::Sink {
  public:
    CefSyslog(base::cef::Device device, const base::Clock& clock);
    void write(const base::cef::Event& event) override;

  private:
    std::string host_;
    base::cef::Device device_;
    const base::Clock& clock_;
};

}  // namespace homespun::sys
