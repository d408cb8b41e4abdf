#include "stampede/results/level_histograms.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "base/text.hpp"

namespace homespun::stampede {
namespace {

constexpr std::string_view send_lag = "send_lag";

std::string escaped(std::string_view name) {
    std::string tag;
    for (const char c : name) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte > 0x20 && byte < 0x7f && c != ',' && c != '%') {
            tag += c;
        } else {
            tag += fmt::format("%{:02X}", byte);
        }
    }
    return tag;
}

base::Histogram* part_of(Tally& tally, std::string_view kind) {
    if (kind == "response") return &tally.response;
    if (kind == "service") return &tally.service;
    if (kind == "first_byte") return &tally.first_byte;
    return nullptr;
}

/// The log has finite numbers only. Nothing is lost: the level's own line has its times exactly.
double sound(double seconds) {
    return std::isfinite(seconds) ? seconds : 0;
}

/// What the tags of a level's lines mean.
class TagReader {
  public:
    TagReader(std::span<const std::string> types, std::vector<Level>& levels) : levels_(levels) {
        std::size_t most = 0;
        for (const auto& level : levels)
            most = std::max(most, level.counts.types.size());
        const auto names = tag_names(types, most);
        for (std::size_t i = 0; i < names.size(); ++i)
            numbers_.emplace(names[i], i);
    }

    /// The level's number from 1, or nothing.
    static std::optional<std::size_t> level_of(std::string_view tag) {
        return base::parse_integer<std::size_t>(tag.substr(0, tag.find('/')));
    }

    /// Null when the tag means none.
    base::Histogram* find(std::string_view tag) {
        const auto number = level_of(tag);
        if (!number || *number == 0 || *number > levels_.size()) return nullptr;
        auto& counts = levels_[*number - 1].counts;
        const auto name = tag.substr(std::min(tag.find('/'), tag.size() - 1) + 1);
        if (name == send_lag) return &counts.send_lag;
        const auto slash = name.rfind('/');  // the last one: names of types may have some
        if (slash == std::string_view::npos) return nullptr;
        const auto type = numbers_.find(std::string(name.substr(0, slash)));
        if (type == numbers_.end() || type->second >= counts.types.size()) return nullptr;
        return part_of(counts.types[type->second], name.substr(slash + 1));
    }

  private:
    std::vector<Level>& levels_;
    std::map<std::string, std::size_t> numbers_;
};

/// A log that lost lines would make a level look faster or slower than it was.
base::Result<void> check_whole(std::span<const std::string> types, const std::vector<Level>& levels) {
    for (std::size_t i = 0; i < levels.size(); ++i) {
        const auto& tallies = levels[i].counts.types;
        for (std::size_t k = 0; k < tallies.size(); ++k) {
            if (tallies[k].response.count() == tallies[k].good) continue;
            return base::fail(fmt::format("level {} has {} good requests of {}, the log has {}", i + 1,
                                          tallies[k].good, tag_names(types, k + 1)[k],
                                          tallies[k].response.count()));
        }
    }
    return {};
}

}  // namespace

std::vector<std::string> tag_names(std::span<const std::string> types, std::size_t count) {
    std::vector<std::string> names;
    std::set<std::string> seen;
    for (std::size_t i = 0; i < count; ++i) {
        auto name = i < types.size() ? escaped(types[i]) : std::string();
        // "%~" stands in no escaped name.
        if (name.empty() || !seen.insert(name).second) name += fmt::format("%~{}", i + 1);
        names.push_back(std::move(name));
    }
    return names;
}

std::string histogram_lines(std::span<const std::string> types, const Level& level, std::size_t number) {
    std::string lines;
    const auto add = [&](const std::string& tag, const base::Histogram& histogram) {
        if (histogram.count() == 0) return;
        lines += base::to_text({tag, sound(level.start_s), sound(level.seconds), histogram});
    };
    const auto names = tag_names(types, level.counts.types.size());
    for (std::size_t i = 0; i < names.size(); ++i) {
        const auto& tally = level.counts.types[i];
        add(fmt::format("{}/{}/response", number, names[i]), tally.response);
        add(fmt::format("{}/{}/service", number, names[i]), tally.service);
        add(fmt::format("{}/{}/first_byte", number, names[i]), tally.first_byte);
    }
    add(fmt::format("{}/{}", number, send_lag), level.counts.send_lag);
    return lines;
}

base::Result<void> restore_histograms(std::string_view log, std::span<const std::string> types,
                                      std::vector<Level>& levels, bool torn) {
    auto lines = base::parse_histogram_log(log);
    if (!lines) return std::unexpected(lines.error());
    TagReader tags(types, levels);
    for (auto& line : *lines) {
        if (torn && TagReader::level_of(line.tag) == levels.size() + 1) continue;
        auto* place = tags.find(line.tag);
        if (place == nullptr) return base::fail(fmt::format("no level has the tag {}", line.tag));
        if (place->count() != 0) return base::fail(fmt::format("the tag {} stands twice", line.tag));
        *place = std::move(line.histogram);
    }
    return check_whole(types, levels);
}

}  // namespace homespun::stampede
