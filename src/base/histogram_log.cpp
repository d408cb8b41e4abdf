#define ZLIB_CONST  // what is to be inflated is const
#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <chrono>
#include <cmath>
#include <concepts>
#include <limits>
#include <memory>
#include <new>
#include <optional>
#include <utility>

#include "base/encoding.hpp"
#include "base/histogram.hpp"
#include "base/text.hpp"

namespace homespun::base {
namespace {

constexpr std::uint32_t payload_cookie = 0x1c849303;
constexpr std::uint32_t compressed_cookie = 0x1c849304;
// The second-lowest digit of a cookie tells the width of counts, which this encoding does not have; writers
// put a 1 there, readers do not look.
constexpr std::uint32_t cookie_width = 0x10, cookie_width_mask = 0xf0;
constexpr std::size_t largest_text = std::size_t{4} << 20;
constexpr std::size_t largest_payload = std::size_t{4} << 20;
constexpr std::size_t header_size = 40;

void put(std::string& out, std::unsigned_integral auto value) {
    for (int shift = static_cast<int>(sizeof value) * 8 - 8; shift >= 0; shift -= 8)
        out += static_cast<char>(value >> shift & 0xff);
}

// Seven bits a byte, lowest first, small numbers of either sign short; a ninth byte carries eight bits, so
// that none is longer.
void put_count(std::string& out, std::int64_t value) {
    auto rest = static_cast<std::uint64_t>(value) << 1 ^ static_cast<std::uint64_t>(value >> 63);
    for (int i = 0; i < 8 && rest >= 0x80; ++i) {
        out += static_cast<char>((rest & 0x7f) | 0x80);
        rest >>= 7;
    }
    out += static_cast<char>(rest);
}

/// Takes numbers off the front of `bytes`; nothing when they have run out.
class Reader {
  public:
    explicit Reader(std::string_view bytes) : bytes_(bytes) {}
    [[nodiscard]] std::string_view rest() const { return bytes_; }

    template <std::unsigned_integral T>
    std::optional<T> number() {
        if (bytes_.size() < sizeof(T)) return std::nullopt;
        T value = 0;
        for (std::size_t i = 0; i < sizeof(T); ++i)
            value = static_cast<T>(value << 8 | static_cast<unsigned char>(bytes_[i]));
        bytes_.remove_prefix(sizeof(T));
        return value;
    }

    std::optional<std::int64_t> count() {
        std::uint64_t value = 0;
        for (std::size_t i = 0; i < 9 && i < bytes_.size(); ++i) {
            const std::uint64_t byte = static_cast<unsigned char>(bytes_[i]);
            const bool last = i == 8 || byte < 0x80;
            value |= (i == 8 ? byte : byte & 0x7f) << (7 * i);
            if (!last) continue;
            bytes_.remove_prefix(i + 1);
            return static_cast<std::int64_t>(value >> 1 ^ (~(value & 1) + 1));
        }
        return std::nullopt;
    }

  private:
    std::string_view bytes_;
};

std::string deflated(std::string_view bytes) {
    auto size = compressBound(bytes.size());
    std::string out(size, '\0');
    const auto* source = reinterpret_cast<const Bytef*>(bytes.data());
    // With room enough it fails only for want of memory.
    if (compress(reinterpret_cast<Bytef*>(out.data()), &size, source, bytes.size()) != Z_OK)
        throw std::bad_alloc();
    out.resize(size);
    return out;
}

Result<std::string> inflated(std::string_view bytes) {
    z_stream stream{};
    stream.next_in = reinterpret_cast<const Bytef*>(bytes.data());
    stream.avail_in = static_cast<uInt>(bytes.size());
    if (inflateInit(&stream) != Z_OK) throw std::bad_alloc();
    const std::unique_ptr<z_stream, decltype(&inflateEnd)> end(&stream, &inflateEnd);
    std::string out;
    int status = Z_OK;
    while (status == Z_OK) {
        const auto filled = out.size();
        out.resize(std::max<std::size_t>(4096, 2 * filled));
        stream.next_out = reinterpret_cast<Bytef*>(out.data() + filled);
        stream.avail_out = static_cast<uInt>(out.size() - filled);
        status = inflate(&stream, Z_NO_FLUSH);
        out.resize(out.size() - stream.avail_out);
        if (out.size() > largest_payload) return fail("the histogram is too large once decompressed");
    }
    if (status != Z_STREAM_END) return fail("the histogram's zlib stream is damaged or cut short");
    if (stream.avail_in != 0) return fail("there is something behind the histogram's zlib stream");
    return out;
}

/// The layout of a histogram with any number of digits: its lowest bucket holds 2^bits single values.
struct Layout {
    int bits;
    std::size_t size;  ///< how many counts there may be

    [[nodiscard]] std::int64_t middle_of(std::size_t index) const {
        const auto half = std::size_t{1} << (bits - 1);
        const auto exponent = index < 2 * half ? 0 : index / half - 1;
        const auto low = (index - exponent * half) << exponent;
        return static_cast<std::int64_t>(low + (std::size_t{1} << exponent) / 2);
    }
};

/// Reads the payload's header off the front.
Result<Layout> read_header(Reader& reader) {
    if (reader.rest().size() < header_size) return fail("the histogram's header is cut short");
    const auto cookie = *reader.number<std::uint32_t>();
    const auto length = *reader.number<std::uint32_t>();
    const auto index_offset = *reader.number<std::uint32_t>();
    const auto digits = *reader.number<std::uint32_t>();
    const auto lowest = *reader.number<std::uint64_t>();
    const auto highest = *reader.number<std::uint64_t>();
    const auto ratio = std::bit_cast<double>(*reader.number<std::uint64_t>());
    if ((cookie & ~cookie_width_mask) != payload_cookie) return fail("the histogram is not in V2 encoding");
    if (length != reader.rest().size()) return fail("the histogram's length is not what it says");
    if (index_offset != 0) return fail("the histogram's indexes are shifted, which is not supported");
    if (digits > 5) return fail(fmt::format("the histogram has {} significant digits, not 0 to 5", digits));
    if (lowest != 1) return fail(fmt::format("the histogram's lowest value is {}, not 1", lowest));
    if (highest < 2 || highest > std::numeric_limits<std::int64_t>::max())
        return fail("the histogram's highest value is out of range");
    if (ratio != 1) return fail("the histogram's values are scaled, which is not supported");
    constexpr std::uint32_t single_values[] = {2, 20, 200, 2000, 20000, 200000};
    const int bits = std::bit_width(single_values[digits] - 1);
    const auto buckets =
        static_cast<std::size_t>(std::max(static_cast<int>(std::bit_width(highest)) - bits, 0)) + 1;
    return Layout{bits, (buckets + 1) << (bits - 1)};
}

Result<void> read_counts(Reader& reader, const Layout& layout, Histogram& histogram) {
    std::uint64_t total = 0;
    std::size_t index = 0;
    while (!reader.rest().empty()) {
        const auto count = reader.count();
        if (!count) return fail("the histogram's last count is cut short");
        const auto size = static_cast<std::uint64_t>(*count);
        const std::uint64_t steps = *count < 0 ? ~size + 1 : 1;
        if (steps > layout.size - index) return fail("the histogram has counts above its highest value");
        if (*count > 0) {
            total += size;
            if (total > std::numeric_limits<std::int64_t>::max())
                return fail("the histogram's counts are too many to be added up");
            histogram.record(layout.middle_of(index), size);
        }
        index += static_cast<std::size_t>(steps);
    }
    return {};
}

std::optional<double> parse_seconds(std::string_view text) {
    double value = 0;
    const auto* const end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, value);
    if (error != std::errc{} || rest != end || !std::isfinite(value)) return std::nullopt;
    return value;
}

bool fits_tag(char c) {
    return std::string_view(", \t\r\n\v\f").find(c) == std::string_view::npos;
}

/// The part of `text` up to the first comma, taken off it with the comma.
std::string_view take_field(std::string_view& text) {
    const auto comma = std::min(text.find(','), text.size());
    const auto field = text.substr(0, comma);
    text.remove_prefix(std::min(comma + 1, text.size()));
    return field;
}

Result<HistogramLine> parse_line(std::string_view text) {
    HistogramLine line;
    if (text.starts_with("Tag=")) {
        line.tag = take_field(text).substr(4);
        if (!std::ranges::all_of(line.tag, fits_tag)) return fail("the tag has a blank in it");
    }
    if (std::ranges::count(text, ',') != 3)
        return fail("not start, length, largest value and histogram with commas between them");
    const auto start = parse_seconds(take_field(text));
    const auto interval = parse_seconds(take_field(text));
    const auto largest = parse_seconds(take_field(text));
    if (!start || !interval || !largest) return fail("start, length or largest value is not a number");
    auto histogram = Histogram::decode(text);
    if (!histogram) return std::unexpected(histogram.error());
    line.start_s = *start;
    line.interval_s = *interval;
    line.histogram = std::move(*histogram);
    return line;
}

/// ISO 8601 in UTC. What is no time of the years 1970 to 9999 becomes the nearest that is.
std::string date_text(double seconds) {
    using namespace std::chrono;
    constexpr double last = 253402300799;
    const sys_seconds moment{
        std::chrono::seconds(static_cast<std::int64_t>(seconds > 0 ? std::min(seconds, last) : 0))};
    const auto day = floor<days>(moment);
    const year_month_day date(day);
    const hh_mm_ss time(moment - day);
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", static_cast<int>(date.year()),
                       static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                       time.hours().count(), time.minutes().count(), time.seconds().count());
}

}  // namespace

std::string Histogram::encode() const {
    std::string counts;
    const auto last = index_of(max());
    std::int64_t zeros = 0;
    for (std::size_t i = 0; i <= last; ++i) {
        const auto count = i < counts_.size() ? counts_[i] : 0;
        if (count == 0) {
            ++zeros;
            if (i < last) continue;
        }
        // A lone zero stands for itself, as HdrHistogram writes it.
        if (zeros != 0) put_count(counts, zeros == 1 ? 0 : -zeros);
        zeros = 0;
        if (count != 0) put_count(counts, static_cast<std::int64_t>(count));
    }
    std::string payload;
    put(payload, payload_cookie | cookie_width);
    put(payload, static_cast<std::uint32_t>(counts.size()));
    put(payload, std::uint32_t{0});  // the offset of indexes
    put(payload, std::uint32_t{3});  // digits
    put(payload, std::uint64_t{1});  // the lowest value
    put(payload, static_cast<std::uint64_t>(highest_value));
    put(payload, std::bit_cast<std::uint64_t>(1.0));  // the values' scale
    const auto compressed = deflated(payload + counts);
    std::string out;
    put(out, compressed_cookie | cookie_width);
    put(out, static_cast<std::uint32_t>(compressed.size()));
    return base64_encode(out + compressed, Base64::standard);
}

Result<Histogram> Histogram::decode(std::string_view text) {
    if (text.size() > largest_text) return fail("the histogram's text is too long");
    const auto bytes = base64_decode(text, Base64::standard);
    if (!bytes) return fail("the histogram is not base64");
    Reader outer(*bytes);
    const auto cookie = outer.number<std::uint32_t>();
    const auto length = outer.number<std::uint32_t>();
    if (!cookie || !length) return fail("the histogram's text is cut short");
    if ((*cookie & ~cookie_width_mask) != compressed_cookie)
        return fail("the histogram is not in compressed V2 encoding");
    if (*length != outer.rest().size()) return fail("the histogram's compressed length is not what it says");
    const auto payload = inflated(outer.rest());
    if (!payload) return std::unexpected(payload.error());
    Reader inner(*payload);
    const auto layout = read_header(inner);
    if (!layout) return std::unexpected(layout.error());
    Histogram histogram;
    if (auto read = read_counts(inner, *layout, histogram); !read) return std::unexpected(read.error());
    if (histogram.count_ != 0) {
        histogram.min_ = low_of(index_of(histogram.min_));
        histogram.max_ = high_of(index_of(histogram.max_));
    }
    return histogram;
}

std::string histogram_log_head(double start_time_s) {
    return fmt::format(
        "#[Histogram log format version 1.3]\n"
        "#[StartTime: {:.3f} (seconds since epoch), {}]\n"
        "\"StartTimestamp\",\"Interval_Length\",\"Interval_Max\",\"Interval_Compressed_Histogram\"\n",
        start_time_s, date_text(start_time_s));
}

std::string to_text(const HistogramLine& line) {
    std::string tag = line.tag;
    std::ranges::replace_if(tag, [](char c) { return !fits_tag(c); }, '_');
    const auto largest = static_cast<double>(line.histogram.max()) / 1e6;
    return fmt::format("{}{}{}{:.3f},{:.3f},{:.3f},{}\n", tag.empty() ? "" : "Tag=", tag,
                       tag.empty() ? "" : ",", line.start_s, line.interval_s, largest,
                       line.histogram.encode());
}

Result<std::vector<HistogramLine>> parse_histogram_log(std::string_view text) {
    std::vector<HistogramLine> lines;
    std::size_t number = 0;
    for (const auto raw : split(text, '\n')) {
        ++number;
        const auto content = trim(raw);
        if (content.empty() || content.starts_with('#') || content.starts_with('"')) continue;
        auto line = parse_line(content);
        if (!line) return fail(fmt::format("line {}: {}", number, line.error().message));
        lines.push_back(std::move(*line));
    }
    return lines;
}

}  // namespace homespun::base
