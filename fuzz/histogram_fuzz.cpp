// Any bytes may come in as a histogram or a log of them. The first byte chooses: a histogram's text, its
// bytes before they are compressed, or a log. What is accepted is written so that it reads as the same again.

#include <zlib.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/encoding.hpp"
#include "base/histogram.hpp"

namespace {

using namespace homespun;
using base::Histogram;

void check_numbers(const Histogram& histogram) {
    std::uint64_t sum = 0;
    const auto buckets = histogram.buckets();
    for (std::size_t i = 0; i < buckets.size(); ++i) {
        sum += buckets[i].count;
        if (buckets[i].low > buckets[i].high) std::abort();
        // Each asks for all counts below it: too slow for every one of thousands.
        if ((i < 8 || i % 1024 == 0) && histogram.count_up_to(buckets[i].high) != sum) std::abort();
    }
    if (sum != histogram.count()) std::abort();
    std::int64_t before = histogram.min();
    for (const double q : {0.0, 0.001, 0.5, 0.99, 0.999999, 1.0}) {
        const auto value = histogram.quantile(q);
        if (value < before || value > histogram.max()) std::abort();
        before = value;
    }
    if (!(histogram.mean() >= 0) || !(histogram.standard_deviation() >= 0)) std::abort();
}

void check_text(std::string_view text) {
    const auto histogram = Histogram::decode(text);
    if (!histogram) {
        if (histogram.error().message.empty()) std::abort();
        return;
    }
    check_numbers(*histogram);
    const auto again = Histogram::decode(histogram->encode());
    if (!again || !(*again == *histogram) || again->min() != histogram->min() ||
        again->max() != histogram->max()) {
        std::abort();
    }
}

void check_payload(std::string_view payload) {
    auto size = compressBound(payload.size());
    std::string packed(size, '\0');
    if (compress(reinterpret_cast<Bytef*>(packed.data()), &size,
                 reinterpret_cast<const Bytef*>(payload.data()), payload.size()) != Z_OK) {
        std::abort();
    }
    packed.resize(size);
    std::string bytes = "\x1c\x84\x93\x14";
    for (int shift = 24; shift >= 0; shift -= 8)
        bytes += static_cast<char>(size >> shift & 0xff);
    check_text(base::base64_encode(bytes + packed, base::Base64::standard));
}

void check_log(std::string_view text) {
    const auto lines = base::parse_histogram_log(text);
    if (!lines) {
        if (lines.error().message.empty()) std::abort();
        return;
    }
    std::string written = base::histogram_log_head(0);
    for (const auto& line : *lines)
        written += base::to_text(line);
    const auto again = base::parse_histogram_log(written);
    if (!again || again->size() != lines->size()) std::abort();
    for (std::size_t i = 0; i < lines->size(); ++i) {
        const auto &one = (*lines)[i], &other = (*again)[i];
        if (one.tag != other.tag || !(one.histogram == other.histogram)) std::abort();
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
    switch (data[0] % 3) {
        case 0:
            check_text(rest);
            break;
        case 1:
            check_payload(rest);
            break;
        default:
            check_log(rest);
    }
    return 0;
}
