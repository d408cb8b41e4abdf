#include "seism/monkey/journal.hpp"

#include "base/json.hpp"
#include "seism/verdict/artefacts.hpp"

namespace homespun::seism {
namespace {

using base::json::Writer;

/// `bites` is empty for what was not done.
void write_event(Writer& writer, const Experiment& experiment, const MonkeyEvent& event,
                 const std::vector<std::uint64_t>& bites, std::chrono::system_clock::time_point now) {
    writer.begin_object().member("time", iso_time(now)).member("seed", experiment.seed);
    writer.member("event", event.number).key("perturbations").begin_array();
    for (std::size_t i = 0; i < event.perturbations.size(); ++i) {
        const auto& each = event.perturbations[i];
        writer.begin_object().member("name", each.name);
        writer.member("proxy", experiment.backs[each.back].name).member("behaviour", each.toxic.type);
        writer.member("settings", each.settings()).member("for", duration_text(each.time));
        if (i < bites.size()) writer.member("bites", bites[i]);
        writer.end_object();
    }
    writer.end_array();
}

}  // namespace

std::string journal_line(const Experiment& experiment, const MonkeyEvent& event, const MonkeyResult& result,
                         std::chrono::system_clock::time_point now) {
    std::string line;
    Writer writer(line);
    write_event(writer, experiment, event, result.bites, now);
    writer.member("verdict", word_of(result.judged.overall)).key("findings").begin_array();
    for (const auto& finding : result.judged.findings) {
        if (finding.colour == Colour::green) continue;
        writer.begin_object().member("rule", finding.rule);
        writer.member("verdict", word_of(result.judged.weight_of(finding)));
        writer.member("observed", finding.observed).end_object();
    }
    writer.end_array().end_object();
    return line + "\n";
}

std::string quiet_line(const Experiment& experiment, const MonkeyEvent& event,
                       std::chrono::system_clock::time_point now) {
    std::string line;
    Writer writer(line);
    write_event(writer, experiment, event, {}, now);
    writer.member("verdict", "quiet").end_object();
    return line + "\n";
}

}  // namespace homespun::seism
