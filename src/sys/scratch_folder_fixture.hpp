#pragma once
#include <stdlib.h>

#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>

namespace homespun::sys {

/// For tests: a directory of its own, gone with the object. Its path is empty when it could not be made.
class ScratchFolder {
  public:
    ScratchFolder() : ScratchFolder(std::filesystem::temp_directory_path()) {}
    /// In memory where the system has such a place: for tests that write much and need no disk.
    static ScratchFolder in_memory() {
        const std::filesystem::path memory = "/dev/shm";
        std::error_code ignored;
        return ScratchFolder(
            std::filesystem::is_directory(memory, ignored) ? memory : std::filesystem::temp_directory_path());
    }
    explicit ScratchFolder(const std::filesystem::path& parent) {
        std::string name = (parent / "homespun-test-XXXXXX").string();
        if (::mkdtemp(name.data()) != nullptr) path_ = name;
    }
    ScratchFolder(const ScratchFolder&) = delete;
    ScratchFolder& operator=(const ScratchFolder&) = delete;
    ~ScratchFolder() {
        if (path_.empty()) return;
        std::error_code ignored;
        // A test may have taken its own rights away.
        std::filesystem::permissions(path_, std::filesystem::perms::owner_all, ignored);
        std::filesystem::remove_all(path_, ignored);
    }
    [[nodiscard]] const std::string& path() const { return path_; }
    [[nodiscard]] std::string operator/(std::string_view name) const {
        return path_ + "/" + std::string(name);
    }

  private:
    std::string path_;
};

}  // namespace homespun::sys
