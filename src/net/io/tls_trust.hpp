#pragma once
#include <memory>
#include <string>

#include "base/result.hpp"

namespace homespun::net {

struct TlsContext;

/// Whom TLS peers must be vouched for by. Immutable after loading; connections share it.
class TlsTrust {
  public:
    /// `ca_file` is a PEM file of the authorities that count; empty means the system's. TLS 1.2 or newer.
    static base::Result<std::unique_ptr<TlsTrust>> load(const std::string& ca_file);
    ~TlsTrust();

    /// For src/net only.
    [[nodiscard]] TlsContext& context() const { return *context_; }

  private:
    explicit TlsTrust(std::unique_ptr<TlsContext> context);
    std::unique_ptr<TlsContext> context_;
};

}  // namespace homespun::net
