#include "seism/experiment/chaos_toolkit.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "base/json.hpp"
#include "net/http/url.hpp"

namespace homespun::seism {

using base::json::Array;
using base::json::Object;
using base::json::Value;
using base::json::Writer;

namespace {

/// A function of chaostoxi.toxic.actions: the toxic it makes, and which of its arguments are attributes of
/// it.
struct ToxicMaker {
    std::string_view function, type;
    std::vector<std::pair<std::string_view, std::string_view>> attributes;  ///< argument, attribute
};

const std::vector<ToxicMaker>& makers() {
    static const std::vector<ToxicMaker> all = {
        {"create_latency_toxic", "latency", {{"latency", "latency"}, {"jitter", "jitter"}}},
        {"create_bandwith_degradation_toxic", "bandwidth", {{"rate", "rate"}}},
        {"create_slow_connection_close_toxic", "slow_close", {{"delay", "delay"}}},
        {"create_timeout_toxic", "timeout", {{"timeout", "timeout"}}},
        {"create_slicer_toxic",
         "slicer",
         {{"average_size", "average_size"}, {"size_variation", "size_variation"}, {"delay", "delay"}}},
        {"create_limiter_toxic", "limit_data", {{"bytes_limit", "bytes"}, {"bytes", "bytes"}}},
    };
    return all;
}

std::string text_of(const Value* value, std::string_view name, std::string standard = {}) {
    const auto* text = value ? value->string(name) : nullptr;
    return text ? *text : standard;
}

std::optional<double> number_of(const Value* value) {
    if (value && value->integer()) return static_cast<double>(*value->integer());
    if (value && value->real()) return *value->real();
    return std::nullopt;
}

const Array& list_of(const Value* value, std::string_view name) {
    static const Array none;
    const auto* member = value ? value->member(name) : nullptr;
    return member && member->array() ? *member->array() : none;
}

struct BackFound {
    std::string name, listen, upstream;
};

struct Disturbance {
    std::string back, toxic, behaviour;
    Object attributes{};
    std::string stream{};
    double toxicity = 1;
    double begins = 0, ends = -1;  ///< seconds of the method; below 0: never taken back
};

class Import {
  public:
    void read(const Value& experiment) {
        experiment_ = &experiment;
        read_hypothesis(experiment.member("steady-state-hypothesis"));
        const auto& method = list_of(&experiment, "method");
        for (std::size_t i = 0; i < method.size(); ++i)
            read_step(method[i], fmt::format("method[{}]", i));
        for (auto& each : disturbances_) {
            if (each.ends < 0) each.ends = time_;
        }
        if (disturbances_.empty())
            notes_.emplace_back("perturbations: none was found; give some, or schedule.matrix");
        if (upstream_.empty()) notes_.emplace_back("front.upstream: where does the application listen?");
        notes_.emplace_back("app: give a command, when Seism is to start the application");
    }

    [[nodiscard]] Imported result() const;

  private:
    void read_hypothesis(const Value* hypothesis);
    void read_probe(const Value& probe, const std::string& place);
    void read_step(const Value& step, const std::string& place);
    /// False: it is not known.
    bool read_action(std::string_view function, const Value* arguments);
    void add_proxy(const Value* arguments);
    void add_toxic(const ToxicMaker& maker, const Value* arguments);
    void add_any_toxic(const Value* arguments);
    void add(Disturbance disturbance);
    void take_back(std::string_view back, std::string_view toxic);

    const Value* experiment_ = nullptr;
    std::string upstream_;
    std::vector<std::pair<std::string, std::string>> requests_;  ///< method, target
    std::vector<std::int64_t> statuses_;
    std::vector<BackFound> backs_;
    std::vector<Disturbance> disturbances_;
    std::vector<std::string> notes_;
    double time_ = 0;
};

void Import::read_hypothesis(const Value* hypothesis) {
    const auto& probes = list_of(hypothesis, "probes");
    for (std::size_t i = 0; i < probes.size(); ++i)
        read_probe(probes[i], fmt::format("steady-state-hypothesis.probes[{}]", i));
}

void Import::read_probe(const Value& probe, const std::string& place) {
    const auto* provider = probe.member("provider");
    const auto url = net::http::Url::parse(text_of(provider, "url"));
    if (text_of(provider, "type") != "http" || !url || url->tls) {
        notes_.push_back(place + ": only http probes are carried over");
        return;
    }
    const auto upstream = fmt::format("{}:{}", url->host, url->port);
    if (upstream_.empty()) upstream_ = upstream;
    if (upstream != upstream_) {
        notes_.push_back(fmt::format("{}: asks {}, not {}; there is one front", place, upstream, upstream_));
        return;
    }
    requests_.emplace_back(text_of(provider, "method", "GET"), url->target);
    const auto* tolerance = probe.member("tolerance");
    if (tolerance && tolerance->integer()) {
        statuses_.push_back(*tolerance->integer());
    } else if (tolerance && tolerance->array()) {
        for (const auto& each : *tolerance->array()) {
            if (each.integer()) statuses_.push_back(*each.integer());
        }
    } else {
        notes_.push_back(place + ".tolerance: only statuses are carried over");
    }
}

void Import::read_step(const Value& step, const std::string& place) {
    const auto* provider = step.member("provider");
    const auto* pauses = step.member("pauses");
    time_ += std::max(number_of(pauses ? pauses->member("before") : nullptr).value_or(0), 0.0);
    const auto function = text_of(provider, "func");
    const bool known = text_of(provider, "module").starts_with("chaostoxi.") &&
                       read_action(function, provider->member("arguments"));
    if (!known)
        notes_.push_back(
            fmt::format("{} ({}): is not carried over", place, text_of(&step, "name", function)));
    time_ += std::max(number_of(pauses ? pauses->member("after") : nullptr).value_or(0), 0.0);
}

bool Import::read_action(std::string_view function, const Value* arguments) {
    const auto proxy = text_of(arguments, "proxy_name");
    if (function == "create_proxy") {
        add_proxy(arguments);
    } else if (function == "disable_proxy") {
        add({.back = proxy, .toxic = "", .behaviour = "refuse"});
    } else if (function == "enable_proxy") {
        take_back(proxy, "");
    } else if (function == "delete_toxic") {
        take_back(text_of(arguments, "for_proxy"), text_of(arguments, "toxic_name"));
    } else if (function == "create_toxic") {
        add_any_toxic(arguments);
    } else {
        const auto maker = std::ranges::find(makers(), function, &ToxicMaker::function);
        if (maker == makers().end()) return false;
        add_toxic(*maker, arguments);
    }
    return true;
}

void Import::add_proxy(const Value* arguments) {
    const auto port = [&](std::string_view name) {
        return number_of(arguments ? arguments->member(name) : nullptr).value_or(0);
    };
    BackFound back{.name = text_of(arguments, "proxy_name"), .listen = {}, .upstream = {}};
    // It listened on every address; Seism stays on loopback unless it is told otherwise.
    if (port("listen_port") > 0) back.listen = fmt::format("127.0.0.1:{}", port("listen_port"));
    if (port("upstream_port") > 0)
        back.upstream = fmt::format("{}:{}", text_of(arguments, "upstream_host"), port("upstream_port"));
    std::erase_if(backs_, [&](const BackFound& each) { return each.name == back.name; });
    backs_.push_back(std::move(back));
}

void Import::add_toxic(const ToxicMaker& maker, const Value* arguments) {
    Disturbance made{.back = text_of(arguments, "for_proxy"),
                     .toxic = text_of(arguments, "toxic_name"),
                     .behaviour = std::string(maker.type)};
    for (const auto& [argument, attribute] : maker.attributes) {
        const auto* value = arguments ? arguments->member(argument) : nullptr;
        if (value) made.attributes.emplace_back(attribute, *value);
    }
    add(std::move(made));
}

void Import::add_any_toxic(const Value* arguments) {
    Disturbance made{.back = text_of(arguments, "for_proxy"),
                     .toxic = text_of(arguments, "toxic_name"),
                     .behaviour = text_of(arguments, "toxic_type")};
    made.stream = text_of(arguments, "stream");
    made.toxicity = number_of(arguments ? arguments->member("toxicity") : nullptr).value_or(1);
    const auto* attributes = arguments ? arguments->member("attributes") : nullptr;
    if (attributes && attributes->object()) made.attributes = *attributes->object();
    add(std::move(made));
}

void Import::add(Disturbance disturbance) {
    if (std::ranges::find(backs_, disturbance.back, &BackFound::name) == backs_.end())
        backs_.push_back({.name = disturbance.back, .listen = {}, .upstream = {}});
    disturbance.begins = time_;
    disturbances_.push_back(std::move(disturbance));
}

void Import::take_back(std::string_view back, std::string_view toxic) {
    for (auto& each : disturbances_) {
        if (each.back == back && each.toxic == toxic && each.ends < 0) each.ends = time_;
    }
}

std::string one_disturbance(const Disturbance& each, std::size_t number) {
    constexpr double standard_s = 5, most_s = 86'400, ms_per_s = 1000;
    const double seconds = std::min(each.ends - each.begins, most_s);
    std::string text;
    Writer json(text);
    json.begin_object()
        .member("name",
                fmt::format("{}/{}/{}", number, each.back, each.toxic.empty() ? each.behaviour : each.toxic))
        .member("proxy", each.back)
        .member("behaviour", each.behaviour);
    if (!each.attributes.empty()) json.key("attributes").value(Value(each.attributes));
    if (!each.stream.empty()) json.member("stream", each.stream);
    if (each.toxicity != 1) json.member("toxicity", each.toxicity);
    json.member("for", fmt::format("{}ms", std::llround((seconds > 0 ? seconds : standard_s) * ms_per_s)));
    json.end_object();
    return text;
}

Imported Import::result() const {
    std::string text = "{\n  \"seism\": 1,\n  ";
    const auto quoted = [](std::string_view words) {
        std::string out;
        base::json::append_string(out, words);
        return out;
    };
    const auto lines = [&](std::string_view name, const std::vector<std::string>& each) {
        text += fmt::format(",\n  \"{}\": [\n    {}\n  ]", name, fmt::join(each, ",\n    "));
    };
    text += fmt::format("\"title\": {}", quoted(text_of(experiment_, "title")));
    if (const auto description = text_of(experiment_, "description"); !description.empty())
        text += fmt::format(",\n  \"description\": {}", quoted(description));
    text += fmt::format(",\n  \"front\": {{\"upstream\": {}}}", quoted(upstream_));
    std::vector<std::string> backs, requests, disturbances;
    for (const auto& back : backs_)
        backs.push_back(fmt::format("{{\"name\": {}, \"listen\": {}, \"upstream\": {}}}", quoted(back.name),
                                    quoted(back.listen), quoted(back.upstream)));
    lines("backs", backs);
    for (const auto& [method, target] : requests_)
        requests.push_back(fmt::format("{{{}: {}}}", quoted(method), quoted(target)));
    if (!requests.empty())
        text += fmt::format(",\n  \"traffic\": {{\"requests\": [{}]}}", fmt::join(requests, ", "));
    if (!statuses_.empty())
        text += fmt::format(",\n  \"steady-state\": {{\"probes\": [{{\"type\": \"status\", \"in\": [{}]}}]}}",
                            fmt::join(statuses_, ", "));
    for (const auto& each : disturbances_)
        disturbances.push_back(one_disturbance(each, disturbances.size() + 1));
    lines("perturbations", disturbances);
    Imported imported{.text = text + "\n}\n", .notes = notes_};
    for (const auto& back : backs_) {
        if (back.listen.empty() || back.upstream.empty())
            imported.notes.push_back(
                fmt::format("backs: give the addresses of {}: the experiment does not tell them", back.name));
    }
    return imported;
}

}  // namespace

base::Result<Imported> import_chaos_toolkit(std::string_view text) {
    const auto value = base::json::parse(text);
    if (!value) return base::fail("no JSON: " + value.error().message);
    if (!value->object() || !value->member("method"))
        return base::fail("this is no experiment of the Chaos Toolkit: it has no method");
    Import import;
    import.read(*value);
    return import.result();
}

}  // namespace homespun::seism
