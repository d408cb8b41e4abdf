#include "seism/wire/resp.hpp"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <optional>

#include "base/text.hpp"

namespace homespun::seism::wire::resp {
namespace {

constexpr std::size_t most_of_word = 512;
constexpr std::size_t most_of_number = 32;
constexpr std::size_t most_of_inline = 65536;               // Redis's PROTO_INLINE_MAX_SIZE
constexpr std::int64_t most_elements = 1'048'576 * 1024LL;  // of an array, 1 Gi
constexpr std::int64_t most_of_bulk = 4LL * 1024 * 1024 * 1024;

constexpr std::string_view writes[] = {"APPEND",
                                       "BITFIELD",
                                       "BITOP",
                                       "BLMOVE",
                                       "BLMPOP",
                                       "BLPOP",
                                       "BRPOP",
                                       "BRPOPLPUSH",
                                       "BZMPOP",
                                       "BZPOPMAX",
                                       "BZPOPMIN",
                                       "COPY",
                                       "DECR",
                                       "DECRBY",
                                       "DEL",
                                       "EXPIRE",
                                       "EXPIREAT",
                                       "FLUSHALL",
                                       "FLUSHDB",
                                       "FUNCTION",
                                       "GEOADD",
                                       "GEORADIUS",
                                       "GEORADIUSBYMEMBER",
                                       "GEOSEARCHSTORE",
                                       "GETDEL",
                                       "GETEX",
                                       "GETSET",
                                       "HDEL",
                                       "HINCRBY",
                                       "HINCRBYFLOAT",
                                       "HMSET",
                                       "HSET",
                                       "HSETNX",
                                       "INCR",
                                       "INCRBY",
                                       "INCRBYFLOAT",
                                       "LINSERT",
                                       "LMOVE",
                                       "LMPOP",
                                       "LPOP",
                                       "LPUSH",
                                       "LPUSHX",
                                       "LREM",
                                       "LSET",
                                       "LTRIM",
                                       "MIGRATE",
                                       "MOVE",
                                       "MSET",
                                       "MSETNX",
                                       "PERSIST",
                                       "PEXPIRE",
                                       "PEXPIREAT",
                                       "PFADD",
                                       "PFDEBUG",
                                       "PFMERGE",
                                       "PSETEX",
                                       "RENAME",
                                       "RENAMENX",
                                       "RESTORE",
                                       "RESTORE-ASKING",
                                       "RPOP",
                                       "RPOPLPUSH",
                                       "RPUSH",
                                       "RPUSHX",
                                       "SADD",
                                       "SDIFFSTORE",
                                       "SET",
                                       "SETBIT",
                                       "SETEX",
                                       "SETNX",
                                       "SETRANGE",
                                       "SINTERSTORE",
                                       "SMOVE",
                                       "SORT",
                                       "SPOP",
                                       "SREM",
                                       "SUNIONSTORE",
                                       "SWAPDB",
                                       "UNLINK",
                                       "XACK",
                                       "XADD",
                                       "XAUTOCLAIM",
                                       "XCLAIM",
                                       "XDEL",
                                       "XGROUP",
                                       "XREADGROUP",
                                       "XSETID",
                                       "XTRIM",
                                       "ZADD",
                                       "ZDIFFSTORE",
                                       "ZINCRBY",
                                       "ZINTERSTORE",
                                       "ZMPOP",
                                       "ZPOPMAX",
                                       "ZPOPMIN",
                                       "ZRANGESTORE",
                                       "ZREM",
                                       "ZREMRANGEBYLEX",
                                       "ZREMRANGEBYRANK",
                                       "ZREMRANGEBYSCORE",
                                       "ZUNIONSTORE"};
static_assert(std::ranges::is_sorted(writes));

/// Commands whose first key is the third word or, for scripts, the fourth.
constexpr std::string_view key_third[] = {"BITOP", "MEMORY", "OBJECT", "XGROUP",
                                          "XINFO", "ZDIFF",  "ZINTER", "ZUNION"};
constexpr std::string_view key_fourth[] = {"EVAL", "EVALSHA", "EVALSHA_RO", "EVAL_RO", "FCALL", "FCALL_RO"};

void append_bounded(std::string& to, std::string_view bytes, std::size_t most) {
    to.append(bytes.substr(0, most - std::min(most, to.size())));
}

void make_upper(std::string& word) {
    std::ranges::transform(word, word.begin(),
                           [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
}

/// The part of `bytes` up to and with a line end; all when there is none.
std::size_t to_line_end(std::string_view bytes) {
    const auto end = bytes.find('\n');
    return end == std::string_view::npos ? bytes.size() : end + 1;
}

std::optional<std::int64_t> number(std::string_view line, std::int64_t most) {
    const auto value = base::parse_integer<std::int64_t>(line);
    return value && *value <= most ? value : std::nullopt;
}

}  // namespace

bool is_write(std::string_view name) {
    return std::ranges::binary_search(writes, name);
}

std::size_t CommandReader::feed(std::string_view bytes) {
    std::size_t used = 0;
    const bool was_decided = decided_;
    while (used < bytes.size() && state_ != State::ended && state_ != State::malformed &&
           decided_ == was_decided) {
        if (state_ == State::start) state_ = bytes[used] == '*' ? State::array_line : State::inline_line;
        auto rest = bytes.substr(used);
        if (!decided_) rest = rest.substr(0, most_held + 1 - held_);
        const auto now = state_ == State::bulk ? feed_bulk(rest) : feed_line(rest);
        used += now;
        held_ += now;
        if (held_ > most_held) decided_ = true;
    }
    if (state_ == State::ended) decided_ = true;
    return used;
}

std::size_t CommandReader::feed_line(std::string_view bytes) {
    const auto most = state_ == State::inline_line ? most_of_inline : most_of_number;
    const auto used = to_line_end(bytes.substr(0, most + 1 - line_.size()));
    line_.append(bytes.substr(0, used));
    if (line_.size() > most)
        state_ = State::malformed;
    else if (line_.back() == '\n')
        line_ended();
    return used;
}

void CommandReader::line_ended() {
    if (state_ == State::inline_line) {
        read_inline();
        return;
    }
    const std::string_view line(line_);
    if (!line.ends_with("\r\n")) {
        state_ = State::malformed;
        return;
    }
    const auto value = number(line.substr(1, line.size() - 3), most_elements);
    if (state_ == State::array_line) {
        size_ = value.value_or(0);
        state_ = !value ? State::malformed : size_ <= 0 ? State::ended : State::bulk_line;
    } else if (line[0] != '$' || !value || *value < 0) {
        state_ = State::malformed;
    } else {
        left_ = *value + 2;
        state_ = State::bulk;
    }
    line_.clear();
}

/// Quotes are taken off a word's ends, escapes stay as they are.
void CommandReader::read_inline() {
    for (std::string_view rest = base::trim(line_); !rest.empty(); rest = base::trim(rest)) {
        auto end = std::min(rest.size(), rest.find_first_of(" \t"));
        auto word = rest.substr(0, end);
        if (rest[0] == '"' || rest[0] == '\'') {
            end = std::min(rest.size(), rest.find(rest[0], 1));
            word = rest.substr(1, end - 1);
            end = std::min(rest.size(), end + 1);
        }
        if (index_ < std::ssize(words_))
            append_bounded(words_[static_cast<std::size_t>(index_)], word, most_of_word);
        ++index_;
        rest.remove_prefix(end);
    }
    size_ = index_;
    place_key();
    state_ = State::ended;
}

std::size_t CommandReader::feed_bulk(std::string_view bytes) {
    const auto used = static_cast<std::size_t>(std::min<std::int64_t>(left_, std::ssize(bytes)));
    const auto of_word = std::clamp<std::int64_t>(left_ - 2, 0, static_cast<std::int64_t>(used));
    if (index_ < std::ssize(words_))
        append_bounded(words_[static_cast<std::size_t>(index_)],
                       bytes.substr(0, static_cast<std::size_t>(of_word)), most_of_word);
    left_ -= static_cast<std::int64_t>(used);
    if (left_ == 0) word_ended();
    return used;
}

void CommandReader::word_ended() {
    if (index_ == 0) place_key();
    if (index_ == static_cast<std::int64_t>(key_at_)) decided_ = true;
    state_ = ++index_ == size_ ? State::ended : State::bulk_line;
}

void CommandReader::place_key() {
    make_upper(words_[0]);
    if (std::ranges::find(key_third, words_[0]) != std::end(key_third)) key_at_ = 2;
    if (std::ranges::find(key_fourth, words_[0]) != std::end(key_fourth)) key_at_ = 3;
}

void CommandReader::restart() {
    state_ = State::start;
    decided_ = false;
    line_.clear();
    for (auto& word : words_)
        word.clear();
    key_at_ = 1;
    held_ = 0;
    size_ = index_ = left_ = 0;
}

std::size_t ReplyReader::feed(std::string_view bytes) {
    std::size_t used = 0;
    while (used < bytes.size() && state_ != State::ended && state_ != State::malformed) {
        if (state_ == State::start || state_ == State::type) {
            element_ = bytes[used++];
            if (state_ == State::start) {
                type_ = element_;
                elements_left_ = 1;
            }
            state_ = std::string_view("+-:$*_#,(!=%~>|").contains(element_) ? State::line : State::malformed;
        } else if (state_ == State::line) {
            used += feed_line(bytes.substr(used));
        } else {
            const auto now =
                std::min<std::int64_t>(bulk_left_, static_cast<std::int64_t>(bytes.size() - used));
            used += static_cast<std::size_t>(now);
            bulk_left_ -= now;
            if (bulk_left_ == 0) element_ended();
        }
    }
    return used;
}

std::size_t ReplyReader::feed_line(std::string_view bytes) {
    const bool counted = std::string_view("$!=*~>%|").contains(element_);
    if (counted) bytes = bytes.substr(0, most_of_number + 1 - number_.size());
    const auto used = to_line_end(bytes);
    if (counted) {
        number_.append(bytes.substr(0, used));
        if (number_.size() > most_of_number) {
            state_ = State::malformed;
            return used;
        }
    }
    if (bytes[used - 1] == '\n') line_ended();
    return used;
}

void ReplyReader::line_ended() {
    if (number_.empty()) {
        element_ended();
        return;
    }
    const auto value = number(base::trim(number_), element_ == '$' ? most_of_bulk : most_elements);
    number_.clear();
    if (!value || *value < -1) {
        state_ = State::malformed;
        return;
    }
    const auto count = std::max<std::int64_t>(*value, 0);
    switch (element_) {
        case '$':
        case '!':
        case '=':
            if (*value < 0) break;
            bulk_left_ = count + 2;
            state_ = State::bulk;
            return;
        case '|':  // tells something of the element behind it
            elements_left_ += 1 + 2 * count;
            break;
        case '%':
            elements_left_ += 2 * count;
            break;
        default:
            elements_left_ += count;
    }
    if (elements_left_ > most_elements * 4)
        state_ = State::malformed;
    else
        element_ended();
}

void ReplyReader::element_ended() {
    state_ = --elements_left_ == 0 ? State::ended : State::type;
}

void ReplyReader::restart() {
    state_ = State::start;
    number_.clear();
}

}  // namespace homespun::seism::wire::resp
