#include "stampede/engine/tally.hpp"

#include <algorithm>
#include <numeric>

namespace homespun::stampede {

std::string_view name_of(ErrorClass error) {
    constexpr std::array<std::string_view, error_classes> names{
        "refused", "timeout", "reset",        "malformed",  "4xx",
        "busy",    "5xx",     "wrong status", "wrong body", "full"};
    return names[static_cast<std::size_t>(error)];
}

std::uint64_t Tally::failed() const {
    return std::accumulate(errors.begin(), errors.end(), std::uint64_t{0});
}

void Tally::add(const Tally& other) {
    good += other.good;
    for (std::size_t i = 0; i < error_classes; ++i)
        errors[i] += other.errors[i];
    bytes_in += other.bytes_in;
    bytes_out += other.bytes_out;
    response.add(other.response);
    service.add(other.service);
    first_byte.add(other.first_byte);
}

void Tally::clear() {
    good = bytes_in = bytes_out = 0;
    errors.fill(0);
    response.clear();
    service.clear();
    first_byte.clear();
}

std::optional<std::int64_t> Tally::quantile(double q) const {
    if (good == 0) return std::nullopt;
    const double of_good = q * static_cast<double>(total()) / static_cast<double>(good);
    if (of_good > 1) return std::nullopt;
    return response.quantile(of_good);
}

double Tally::apdex(std::int64_t target_us) const {
    if (total() == 0) return 1;
    const auto satisfied = static_cast<double>(response.count_up_to(target_us));
    const auto tolerated = static_cast<double>(response.count_up_to(4 * target_us)) - satisfied;
    return (satisfied + tolerated / 2) / static_cast<double>(total());
}

Tally Counts::all() const {
    Tally sum;
    for (const auto& tally : types)
        sum.add(tally);
    return sum;
}

void Counts::add(const Counts& other) {
    if (types.size() < other.types.size()) types.resize(other.types.size());
    for (std::size_t i = 0; i < other.types.size(); ++i)
        types[i].add(other.types[i]);
    sessions_started += other.sessions_started;
    sessions_finished += other.sessions_finished;
    connections_opened += other.connections_opened;
    in_flight_peak = std::max(in_flight_peak, other.in_flight_peak);
    send_lag.add(other.send_lag);
    out_of_ports += other.out_of_ports;
    out_of_descriptors += other.out_of_descriptors;
}

void Counts::clear() {
    for (auto& tally : types)
        tally.clear();
    sessions_started = sessions_finished = connections_opened = in_flight_peak = 0;
    send_lag.clear();
    out_of_ports = out_of_descriptors = 0;
}

}  // namespace homespun::stampede
