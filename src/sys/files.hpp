#pragma once
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace homespun::sys {

/// The whole of a file. The error names the file and the reason.
base::Result<std::string> read_file(const std::string& path);

/// Writes a file as a whole: to a temporary name beside it, synced, then renamed over it, and the directory
/// synced. Nobody ever sees half of it. `mode` is the permission bits, for example 0600.
base::Result<void> write_file_atomically(const std::string& path, std::string_view content, unsigned mode);

/// Makes the directory (and its parents) with mode 0700 where missing; checks that it is a directory we can
/// write to.
base::Result<void> make_private_directory(const std::string& path);

/// An exclusive claim on a data directory, held by an open, locked file in it; it goes with the process.
class Lease {
  public:
    /// Fails with the other process's number when somebody holds it.
    static base::Result<Lease> take(const std::string& directory);
    Lease(Lease&& other) noexcept;
    Lease& operator=(Lease&&) = delete;
    ~Lease();

  private:
    explicit Lease(int descriptor) : descriptor_(descriptor) {}
    int descriptor_;
};

}  // namespace homespun::sys
