#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace homespun::stampede {

/// A file that only grows, opened at the first append. What an append adds is there as a whole or not at all:
/// after a failure (a full disk) the file is cut back to what it was.
class AppendFile {
  public:
    explicit AppendFile(std::string path) : path_(std::move(path)) {}
    AppendFile(AppendFile&& other) noexcept;
    AppendFile& operator=(AppendFile&&) = delete;
    ~AppendFile();

    /// With the kernel when it returns. The error names the file.
    base::Result<void> append(std::string_view text);
    /// Takes back the last append.
    void undo();
    /// Forgets the open file, for when another has taken its name.
    void close();

  private:
    base::Result<void> open();

    std::string path_;
    int descriptor_ = -1;
    std::int64_t size_ = 0, size_before_ = 0;
};

/// An exclusive claim on a file, which is made where missing and holds the owner's process number. It goes
/// with the process.
class FileLock {
  public:
    /// The error says who holds it.
    static base::Result<FileLock> take(const std::string& path);
    FileLock(FileLock&& other) noexcept;
    FileLock& operator=(FileLock&&) = delete;
    ~FileLock();

  private:
    explicit FileLock(int descriptor) : descriptor_(descriptor) {}
    int descriptor_;
};

}  // namespace homespun::stampede
