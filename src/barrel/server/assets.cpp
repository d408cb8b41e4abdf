#include "barrel/server/assets.hpp"

#include <cerrno>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crypto.hpp"
#include "base/encoding.hpp"
#include "base/text.hpp"

namespace homespun::barrel {
namespace {

/// An open descriptor with an end.
class Descriptor {
  public:
    explicit Descriptor(int number) : number_(number) {}
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
    Descriptor& operator=(Descriptor&& other) noexcept {
        std::swap(number_, other.number_);
        return *this;
    }
    ~Descriptor() {
        if (number_ >= 0) ::close(number_);
    }
    [[nodiscard]] int get() const { return number_; }

  private:
    int number_;
};

std::optional<std::string> read_all(int descriptor, std::size_t size) {
    std::string bytes(size, '\0');
    std::size_t done = 0;
    while (done < size) {
        const ssize_t got = ::read(descriptor, bytes.data() + done, size - done);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return std::nullopt;
        if (got == 0) break;  // it has become shorter since
        done += static_cast<std::size_t>(got);
    }
    bytes.resize(done);
    return bytes;
}

}  // namespace

bool is_safe_asset_name(std::string_view name) {
    if (name.contains('\\') || name.contains('\0')) return false;
    for (const std::string_view part : base::split(name, '/')) {
        if (part.empty() || part.starts_with('.')) return false;
    }
    return true;
}

std::string_view content_type_of(std::string_view name) {
    static const std::map<std::string, std::string_view, std::less<>> types = {
        {"html", "text/html; charset=utf-8"},
        {"htm", "text/html; charset=utf-8"},
        {"css", "text/css; charset=utf-8"},
        {"js", "text/javascript; charset=utf-8"},
        {"mjs", "text/javascript; charset=utf-8"},
        {"json", "application/json"},
        {"map", "application/json"},
        {"txt", "text/plain; charset=utf-8"},
        {"rbr", "text/plain; charset=utf-8"},
        {"md", "text/markdown; charset=utf-8"},
        {"csv", "text/csv; charset=utf-8"},
        {"xml", "application/xml"},
        {"svg", "image/svg+xml"},
        {"png", "image/png"},
        {"jpg", "image/jpeg"},
        {"jpeg", "image/jpeg"},
        {"gif", "image/gif"},
        {"webp", "image/webp"},
        {"ico", "image/x-icon"},
        {"woff2", "font/woff2"},
        {"woff", "font/woff"},
        {"ttf", "font/ttf"},
        {"wasm", "application/wasm"},
        {"pdf", "application/pdf"},
        {"webmanifest", "application/manifest+json"},
    };
    const std::size_t dot = name.find_last_of("./");
    if (dot == std::string_view::npos || name[dot] == '/') return "application/octet-stream";
    const auto found = types.find(base::to_lower(name.substr(dot + 1)));
    return found == types.end() ? "application/octet-stream" : found->second;
}

std::string etag_of(std::string_view bytes) {
    return fmt::format("\"{}\"", base::hex_encode(base::sha256(bytes)).substr(0, 32));
}

EmbeddedAssets::EmbeddedAssets(std::span<const Entry> entries) {
    for (const Entry& entry : entries)
        known_.insert_or_assign(std::string(entry.name), Known{entry.bytes, etag_of(entry.bytes)});
}

std::optional<Asset> EmbeddedAssets::find(std::string_view name) const {
    if (!is_safe_asset_name(name)) return std::nullopt;
    const auto found = known_.find(name);
    if (found == known_.end()) return std::nullopt;
    return Asset{found->second.bytes, found->second.etag, nullptr};
}

std::expected<DirectoryAssets, std::string> DirectoryAssets::open(const std::string& directory) {
    const int descriptor = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0) return std::unexpected(fmt::format("{}: {}", directory, std::strerror(errno)));
    return DirectoryAssets(descriptor);
}

DirectoryAssets::DirectoryAssets(DirectoryAssets&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)) {}

DirectoryAssets::~DirectoryAssets() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

std::optional<Asset> DirectoryAssets::find(std::string_view name) const {
    if (!is_safe_asset_name(name)) return std::nullopt;
    Descriptor at(-1);
    while (true) {
        const std::size_t slash = name.find('/');
        const std::string part(name.substr(0, slash));
        const bool last = slash == std::string_view::npos;
        // NONBLOCK: a fifo must not hold up the loop.
        const int flags = O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | (last ? 0 : O_DIRECTORY);
        Descriptor next(::openat(at.get() >= 0 ? at.get() : descriptor_, part.c_str(), flags));
        if (next.get() < 0) return std::nullopt;
        at = std::move(next);
        if (last) break;
        name.remove_prefix(slash + 1);
    }
    struct stat facts{};
    if (::fstat(at.get(), &facts) != 0 || !S_ISREG(facts.st_mode)) return std::nullopt;
    if (facts.st_size < 0 || static_cast<std::uint64_t>(facts.st_size) > max_size) return std::nullopt;
    auto bytes = read_all(at.get(), static_cast<std::size_t>(facts.st_size));
    if (!bytes) return std::nullopt;
    const auto owner = std::make_shared<const std::string>(std::move(*bytes));
    return Asset{*owner, etag_of(*owner), owner};
}

}  // namespace homespun::barrel
