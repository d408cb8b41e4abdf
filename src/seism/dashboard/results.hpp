#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace homespun::seism {

/// The directory that `seism run` writes its results to, read while they grow. Thread-safe.
class Results {
  public:
    /// An error: it is no directory.
    static base::Result<Results> open(std::string folder);

    /// Part of a file.
    struct Piece {
        std::string bytes;
        std::string file;        ///< which file: another one of the same name has another word
        std::uint64_t next = 0;  ///< where to go on
    };
    /// Lines of a file that grows, from byte `from` on: as many whole ones as fit in a piece. When `file` is
    /// not the one that is there now, it is read from its beginning. Nothing: there is no such file yet.
    [[nodiscard]] std::optional<Piece> lines(std::string_view name, std::string_view file,
                                             std::uint64_t from) const;
    /// A file that is written as a whole; no bytes when it still is `file`. Nothing: there is none, or it is
    /// too large to show (64 MiB).
    [[nodiscard]] std::optional<Piece> whole(std::string_view name, std::string_view file) const;

    [[nodiscard]] const std::string& folder() const { return folder_; }

  private:
    explicit Results(std::string folder) : folder_(std::move(folder)) {}
    std::string folder_;
};

}  // namespace homespun::seism
