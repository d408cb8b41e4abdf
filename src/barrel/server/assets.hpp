#pragma once

#include <cstddef>
#include <expected>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace homespun::barrel {

/// One file to be served.
struct Asset {
    std::string_view bytes;
    std::string etag;                   ///< Strong, with its quotes.
    std::shared_ptr<const void> owner;  ///< Keeps `bytes` alive; may be empty when they live for ever.
};

/// Where `file:` and `directory:` look. Called on all loops at once; outlives the services bound to it.
class Assets {
  public:
    virtual ~Assets() = default;
    /// `name` is a relative path such as `static/a.css`. Names that could lead elsewhere (see
    /// `is_safe_asset_name`) are never found.
    [[nodiscard]] virtual std::optional<Asset> find(std::string_view name) const = 0;
};

/// No part is empty or begins with a dot, no leading slash, no back slash, no NUL.
[[nodiscard]] bool is_safe_asset_name(std::string_view name);

/// The Content-Type that goes with the extension of a name; `application/octet-stream` when it is unknown.
[[nodiscard]] std::string_view content_type_of(std::string_view name);

/// The tag of these bytes: from their hash, so that it is the same on every machine.
[[nodiscard]] std::string etag_of(std::string_view bytes);

/// Files compiled into the program. The bytes must live as long as the program.
class EmbeddedAssets final : public Assets {
  public:
    struct Entry {
        std::string_view name;
        std::string_view bytes;
    };
    explicit EmbeddedAssets(std::span<const Entry> entries);
    [[nodiscard]] std::optional<Asset> find(std::string_view name) const override;

  private:
    struct Known {
        std::string_view bytes;
        std::string etag;
    };
    std::map<std::string, Known, std::less<>> known_;
};

/// Files of a directory, read when asked for. Never leaves it: every part of a name is opened relative to the
/// one before, symbolic links are not followed, only regular files up to `max_size` are served.
class DirectoryAssets final : public Assets {
  public:
    static constexpr std::size_t max_size = 16U << 20U;

    /// The error is a sentence for the operator.
    [[nodiscard]] static std::expected<DirectoryAssets, std::string> open(const std::string& directory);
    DirectoryAssets(DirectoryAssets&& other) noexcept;
    DirectoryAssets& operator=(DirectoryAssets&&) = delete;
    ~DirectoryAssets() override;
    [[nodiscard]] std::optional<Asset> find(std::string_view name) const override;

  private:
    explicit DirectoryAssets(int descriptor) : descriptor_(descriptor) {}

    int descriptor_;
};

}  // namespace homespun::barrel
