#include "seism/dashboard/results.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "sys/descriptor.hpp"

namespace homespun::seism {
namespace {

constexpr std::uint64_t largest_piece = 1ULL << 20, largest_whole = 64ULL << 20;

struct Opened {
    sys::Descriptor descriptor;
    std::uint64_t size = 0;
    std::string born, changed;
};

/// A regular file and no link: what lies in such a directory may be of a run that was not ours.
std::optional<Opened> open_file(const std::string& path) {
    Opened opened{
        .descriptor = sys::Descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)),
        .born = {},
        .changed = {}};
    struct statx facts{};
    constexpr unsigned wanted = STATX_BASIC_STATS | STATX_BTIME;
    if (opened.descriptor.get() < 0 ||
        ::statx(opened.descriptor.get(), "", AT_EMPTY_PATH, wanted, &facts) != 0 || !S_ISREG(facts.stx_mode))
        return std::nullopt;
    opened.size = facts.stx_size;
    // A number of an inode is used again; with the time of its birth it is not.
    opened.born =
        fmt::format("{:x}.{:x}.{:x}", facts.stx_ino, facts.stx_btime.tv_sec, facts.stx_btime.tv_nsec);
    opened.changed = fmt::format("{}.{:x}.{:x}.{:x}", opened.born, facts.stx_size, facts.stx_mtime.tv_sec,
                                 facts.stx_mtime.tv_nsec);
    return opened;
}

std::string read_at(const Opened& file, std::uint64_t from, std::uint64_t size) {
    std::string bytes(size, '\0');
    std::size_t filled = 0;
    while (filled < bytes.size()) {
        const auto got = ::pread(file.descriptor.get(), bytes.data() + filled, bytes.size() - filled,
                                 static_cast<off_t>(from + filled));
        if (got <= 0) break;  // it shrank: what is there is what can be shown
        filled += static_cast<std::size_t>(got);
    }
    bytes.resize(filled);
    return bytes;
}

}  // namespace

base::Result<Results> Results::open(std::string folder) {
    std::error_code error;
    if (std::filesystem::is_directory(folder, error)) return Results(std::move(folder));
    return base::fail(fmt::format("{}: {}", folder, error ? error.message() : "this is no directory"));
}

std::optional<Results::Piece> Results::lines(std::string_view name, std::string_view file,
                                             std::uint64_t from) const {
    const auto opened = open_file(fmt::format("{}/{}", folder_, name));
    if (!opened) return std::nullopt;
    if (file != opened->born || from > opened->size) from = 0;
    Piece piece{.bytes = read_at(*opened, from, std::min(opened->size - from, largest_piece)),
                .file = opened->born};
    const auto end = piece.bytes.rfind('\n');
    const bool endless = end == std::string::npos && piece.bytes.size() == largest_piece;
    piece.next = from + (endless ? piece.bytes.size() : end + 1);
    piece.bytes.resize(end + 1);  // npos + 1 is 0: a line that is still being written, or no line of ours
    return piece;
}

std::optional<Results::Piece> Results::whole(std::string_view name, std::string_view file) const {
    const auto opened = open_file(fmt::format("{}/{}", folder_, name));
    if (!opened || opened->size > largest_whole) return std::nullopt;
    Piece piece{.bytes = {}, .file = opened->changed, .next = opened->size};
    if (file != opened->changed) piece.bytes = read_at(*opened, 0, opened->size);
    return piece;
}

}  // namespace homespun::seism
