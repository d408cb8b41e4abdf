#include "seism/wire/memcached_text.hpp"

#include <algorithm>
#include <iterator>

#include "base/text.hpp"

namespace homespun::seism::wire::memcached_text {
namespace {

constexpr std::int64_t most_of_block = 1LL << 40;
constexpr std::size_t most_kept = 512;  // a line VALUE with the longest key has 310 bytes

constexpr std::string_view storage[] = {"add", "append", "cas", "prepend", "replace", "set"};
constexpr std::string_view changes[] = {"add",     "append",  "cas",  "decr", "delete", "flush_all",
                                        "gat",     "gats",    "incr", "ma",   "md",     "ms",
                                        "prepend", "replace", "set",  "touch"};
constexpr std::string_view may_be_silent[] = {"add",    "append",    "cache_memlimit", "cas",     "decr",
                                              "delete", "flush_all", "incr",           "prepend", "replace",
                                              "set",    "touch",     "verbosity"};
static_assert(std::ranges::is_sorted(storage) && std::ranges::is_sorted(changes) &&
              std::ranges::is_sorted(may_be_silent));

using Words = std::array<std::string_view, 8>;

/// The first words, and the last one in `last`.
Words first_words(std::string_view line, std::string_view& last) {
    Words words{};
    std::size_t count = 0;
    while (true) {
        line.remove_prefix(std::min(line.size(), line.find_first_not_of(" \r\n")));
        if (line.empty()) return words;
        last = line.substr(0, line.find_first_of(" \r\n"));
        if (count < words.size()) words[count++] = last;
        line.remove_prefix(last.size());
    }
}

std::int64_t block_size(std::string_view word) {
    const auto size = base::parse_integer<std::int64_t>(word);
    return size && *size >= 0 && *size < most_of_block ? *size + 2 : 0;
}

void read_flags(std::string_view line, std::size_t skipped, CommandLine& command) {
    for (std::size_t word = 0;; ++word) {
        line.remove_prefix(std::min(line.size(), line.find_first_not_of(" \r\n")));
        if (line.empty()) return;
        const auto flag = line.substr(0, line.find_first_of(" \r\n"));
        line.remove_prefix(flag.size());
        if (word < skipped) continue;
        if (flag[0] == 'q') command.quiet = true;
        if (flag[0] == 'k') command.wants_key = true;
        if (flag[0] == 'O') command.opaque = flag;
    }
}

}  // namespace

CommandLine parse_command(std::string_view line) {
    std::string_view last;
    const auto words = first_words(line, last);
    CommandLine command{.name = words[0], .key = words[1]};
    const auto name = command.name;
    command.writes = std::ranges::binary_search(changes, name);
    command.storage = std::ranges::binary_search(storage, name);
    command.noreply = name == "quit" || name == "shutdown" ||
                      (last == "noreply" && std::ranges::binary_search(may_be_silent, name));
    command.ends_order = name == "watch";
    if (name == "gat" || name == "gats") command.key = words[2];
    if (command.storage) command.block = block_size(words[4]);
    if (name == "ms") command.block = block_size(words[2]);
    command.meta =
        name == "mg" || name == "ms" || name == "md" || name == "ma" || name == "me" || name == "mn";
    if (command.meta && name != "me" && name != "mn") read_flags(line, name == "ms" ? 3 : 2, command);
    return command;
}

std::size_t CommandReader::feed(std::string_view bytes) {
    if (state_ == State::block) {
        const auto used = std::min<std::int64_t>(left_, std::ssize(bytes));
        left_ -= used;
        if (left_ == 0) state_ = State::ended;
        return static_cast<std::size_t>(used);
    }
    bytes = bytes.substr(0, most_of_line + 1 - line_.size());
    const auto end = bytes.find('\n');
    line_.append(bytes.substr(0, end == bytes.npos ? end : end + 1));
    if (line_.size() > most_of_line) {
        state_ = State::malformed;
    } else if (end != bytes.npos) {
        command_ = parse_command(line_);
        left_ = command_.block;
        state_ = left_ > 0 ? State::block : State::ended;
    }
    return end == bytes.npos ? bytes.size() : end + 1;
}

void CommandReader::restart() {
    state_ = State::line;
    line_.clear();
    command_ = {};
}

std::size_t ReplyReader::feed(std::string_view bytes) {
    std::size_t used = 0;
    while (used < bytes.size() && state_ != State::ended) {
        const auto rest = bytes.substr(used);
        if (state_ == State::block) {
            const auto now = std::min<std::int64_t>(left_, std::ssize(rest));
            used += static_cast<std::size_t>(now);
            left_ -= now;
            if (left_ == 0) state_ = ends_with_block_ ? State::ended : State::line;
            continue;
        }
        const auto end = rest.find('\n');
        const auto line = rest.substr(0, end);
        line_.append(line.substr(0, most_kept - std::min(most_kept, line_.size())));
        inside_ = true;
        used += end == rest.npos ? rest.size() : end + 1;
        if (end != rest.npos) line_ended();
    }
    return used;
}

void ReplyReader::line_ended() {
    const std::string_view line(line_);
    const bool value = line.starts_with("VALUE "), meta_value = line.starts_with("VA ");
    if (value || meta_value) {
        std::string_view last;
        left_ = block_size(first_words(line, last)[value ? 3 : 1]);
        ends_with_block_ = meta_value;
        state_ = left_ > 0 ? State::block : meta_value ? State::ended : State::line;
    } else if (!(line.starts_with("STAT ") || line.starts_with("ITEM ") || line.starts_with("PREFIX ") ||
                 line.starts_with("key=") || line.starts_with("mg "))) {
        state_ = State::ended;
        while (line_.ends_with('\r'))
            line_.pop_back();
    }
    if (state_ != State::ended) line_.clear();
}

void ReplyReader::restart() {
    state_ = State::line;
    inside_ = ends_with_block_ = false;
    line_.clear();
}

}  // namespace homespun::seism::wire::memcached_text
