#pragma once
#include <string>
#include <string_view>
#include <utility>

#include "base/result.hpp"
#include "sys/descriptor.hpp"

namespace homespun::sys {

/// The whole of a file. The error names the file and the reason.
base::Result<std::string> read_file(const std::string& path);

/// The first line of a file, without its line end, as people keep a secret in one; blanks belong to it. Fails
/// when it is empty. What else is read of the file is wiped.
base::Result<std::string> read_secret(const std::string& path);

/// Writes a file as a whole: to a temporary name beside it, synced, then renamed over it, and the directory
/// synced. Nobody ever sees half of it. `mode` is the permission bits, for example 0600.
base::Result<void> write_file_atomically(const std::string& path, std::string_view content, unsigned mode);

/// Makes the directory (and its parents) with mode 0700 where missing; checks that it is a directory we can
/// write to.
base::Result<void> make_private_directory(const std::string& path);

/// Makes an empty file with mode 0600; fails when the path is taken.
base::Result<void> make_private_file(const std::string& path);

/// Copies `from` into the new file `to` (mode 0600) and syncs it. After a failure `to` does not exist.
base::Result<void> copy_file(const std::string& from, const std::string& to);

/// Sees to it that a file's content, or the names in a directory, survive a loss of power.
base::Result<void> sync_path(const std::string& path);

enum class Taken { replace, refuse };  ///< what a renaming does when the new name is taken

/// Renames and syncs the new name's directory. The parents of both must be on one file system.
base::Result<void> rename_durably(const std::string& from, const std::string& to,
                                  Taken taken = Taken::replace);

/// A lock on a directory, held by an open descriptor; it goes with the process.
class DirectoryLock {
  public:
    /// Fails when somebody holds it.
    static base::Result<DirectoryLock> take(const std::string& directory);

  private:
    explicit DirectoryLock(Descriptor file) : file_(std::move(file)) {}
    Descriptor file_;
};

/// A lock on a file beside something that several programs change; it goes with the process. Blocks until
/// nobody else holds it: for work that takes no longer than a file is read and written.
class FileLock {
  public:
    /// Makes the file (mode 0600) where missing; it stays, for the next ones.
    static base::Result<FileLock> wait(const std::string& path);

  private:
    explicit FileLock(Descriptor file) : file_(std::move(file)) {}
    Descriptor file_;
};

/// An exclusive claim on a data directory, held by an open, locked file in it; it goes with the process.
class Lease {
  public:
    /// Fails with the other process's number when somebody holds it.
    static base::Result<Lease> take(const std::string& directory);

  private:
    explicit Lease(Descriptor file) : file_(std::move(file)) {}
    Descriptor file_;
};

}  // namespace homespun::sys
