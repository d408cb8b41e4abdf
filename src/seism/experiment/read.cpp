// From the file's text to an Experiment: one function for each of its parts.

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <random>

#include "base/text.hpp"
#include "net/http/url.hpp"
#include "seism/experiment/behaviour.hpp"
#include "seism/experiment/experiment.hpp"
#include "seism/experiment/matrix.hpp"
#include "seism/recorder/golden.hpp"

namespace homespun::seism {

using base::json::Value;

namespace {

std::optional<HostPort> read_address(Fields& fields, std::string_view name, bool needed) {
    const auto text = needed ? fields.needed_text(name) : fields.text(name);
    if (text.empty()) return std::nullopt;
    const auto colon = text.rfind(':');
    const auto authority = net::http::parse_authority(text, false);
    if (colon == std::string::npos || !authority || text.ends_with(']')) {
        fields.problem(name, fmt::format("\"{}\" must be HOST:PORT", text));
        return std::nullopt;
    }
    return HostPort{.host = authority->host, .port = authority->port};
}

void read_app(Fields& fields, AppPlan& app, Thresholds& thresholds) {
    app.command = fields.texts("command");
    app.environment = fields.text_map("environment");
    app.directory = fields.text("directory");
    app.ready = fields.text("ready");
    app.stop = fields.word("stop", {"TERM", "INT", "KILL", "QUIT", "HUP"});
    app.start_within = fields.duration("start_within", app.start_within);
    app.pid = static_cast<int>(fields.integer("pid", 1, 1 << 22, 0));
    app.pidfile = fields.text("pidfile");
    const int ways = (app.command.empty() ? 0 : 1) + (app.pid != 0 ? 1 : 0) + (app.pidfile.empty() ? 0 : 1);
    if (ways > 1) fields.problem("", "give one of command, pid and pidfile");
    if (!app.ready.empty()) {
        if (const auto url = net::http::Url::parse(app.ready); !url)
            fields.problem("ready", url.error().message);
        else if (url->tls)
            fields.problem("ready", "must be an http URL");
    }
    fields.object("limits", [&](Fields& limits) {
        if (const auto mb = limits.integer("memory_mb", 1, 1 << 24, 0); mb != 0)
            thresholds.memory_most = static_cast<std::uint64_t>(mb) << 20;
    });
}

/// Of an application that we start, `upstream` can be found.
void read_front(Fields& fields, bool found, FrontPlan& front) {
    front.listen = read_address(fields, "listen", false);
    front.upstream = read_address(fields, "upstream", !found).value_or(HostPort{});
    fields.word("protocol", {"http"});
}

void read_back(Fields& fields, bool started, std::vector<BackPlan>& backs) {
    BackPlan back;
    back.name = fields.needed_text("name");
    if (std::ranges::find(backs, back.name, &BackPlan::name) != backs.end())
        fields.problem("name", fmt::format("there is another \"{}\"", back.name));
    back.variables = fields.texts("variables");
    const bool told = !back.variables.empty();
    if (told && !started) fields.problem("variables", "can only be set for an app.command");
    back.listen =
        read_address(fields, "listen", !told).value_or(HostPort{.host = told ? "127.0.0.1" : "", .port = 0});
    back.upstream = read_address(fields, "upstream", !told).value_or(HostPort{});
    back.protocol = *wire::protocol_named(
        fields.word("protocol", {"tcp", "http", "mysql", "postgres", "redis", "memcached", "ldap"}));
    back.strip_tls = fields.word("tls", {"pass", "strip"}) == "strip";
    backs.push_back(std::move(back));
}

void read_request(Fields& fields, TrafficPlan& traffic) {
    RequestPlan request;
    request.weight = fields.integer("weight", 1, 1'000'000, 1);
    int methods = 0;
    for (const auto* method : {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}) {
        if (!fields.any(method)) continue;
        ++methods;
        request.method = method;
        request.target = fields.text(method);
        if (!request.target.starts_with('/')) fields.problem(method, "must be a path that begins with /");
    }
    if (methods != 1) fields.problem("", R"(needs one method with its path: {"GET": "/item/1"})");
    request.headers = fields.text_map("headers");
    request.body = fields.text("body");
    traffic.requests.push_back(std::move(request));
}

void read_traffic(Fields& fields, TrafficPlan& traffic) {
    traffic.driven = fields.word("mode", {"driver", "external"}) == "driver";
    traffic.rate = fields.number("rate", 0.1, 100'000, traffic.rate);
    fields.objects("requests", [&](Fields& each) { read_request(each, traffic); });
    fields.object("golden", [&](Fields& golden) {
        traffic.masks = golden.texts("ignore");
        if (const auto masks = Masks::parse(traffic.masks); !masks)
            golden.problem("ignore", masks.error().message);
    });
    if (traffic.requests.empty()) traffic.requests.emplace_back();
}

void read_probe(Fields& fields, SteadyPlan& steady) {
    Probe probe;
    const auto type = fields.word("type", {"error_rate", "status", "p99_ms"});
    const auto* list = fields.any("in");
    const double limit = type == "p99_ms" ? 1e6 : 1;
    probe.most = fields.number("max", 0, limit, 0);
    if (type == "status") {
        probe.kind = Probe::Kind::status;
        for (const auto& each : list && list->array() ? *list->array() : base::json::Array()) {
            if (each.integer()) probe.statuses.push_back(static_cast<int>(*each.integer()));
        }
        if (probe.statuses.empty()) fields.problem("in", "must be a list of statuses: [200]");
    } else {
        probe.kind = type == "p99_ms" ? Probe::Kind::p99_ms : Probe::Kind::error_rate;
        if (!fields.has("max")) fields.problem("max", "is missing");
        if (list) fields.problem("in", "belongs to the type status");
    }
    steady.probes.push_back(std::move(probe));
}

void read_steady(Fields& fields, SteadyPlan& steady) {
    steady.time = fields.duration("for", steady.time);
    if (steady.time < std::chrono::milliseconds(200)) fields.problem("for", "must be 200ms at least");
    fields.objects("probes", [&](Fields& each) { read_probe(each, steady); });
}

void read_perturbation(Fields& fields, Experiment& experiment) {
    Perturbation perturbation;
    perturbation.name = fields.needed_text("name");
    if (std::ranges::find(experiment.perturbations, perturbation.name, &Perturbation::name) !=
        experiment.perturbations.end())
        fields.problem("name", fmt::format("there is another \"{}\"", perturbation.name));
    const auto proxy = fields.needed_text("proxy");
    const auto back = std::ranges::find(experiment.backs, proxy, &BackPlan::name);
    if (back == experiment.backs.end() && !proxy.empty())
        fields.problem("proxy", fmt::format("no back is called \"{}\"", proxy));
    perturbation.back = static_cast<std::size_t>(back - experiment.backs.begin());
    const auto behaviour = fields.needed_text("behaviour");
    const auto* attributes = fields.any("attributes");
    if (!behaviour.empty()) {
        if (auto toxic = make_behaviour(behaviour, attributes))
            perturbation.toxic = std::move(*toxic);
        else
            fields.problem(find_behaviour(behaviour) ? "attributes" : "behaviour", toxic.error().message);
    }
    perturbation.toxic.stream_text = fields.word("stream", {"downstream", "upstream"});
    perturbation.toxic.stream =
        perturbation.toxic.stream_text == "upstream" ? Stream::upstream : Stream::downstream;
    perturbation.toxic.toxicity = static_cast<float>(fields.number("toxicity", 0, 1, 1));
    read_times(fields, perturbation);
    experiment.perturbations.push_back(std::move(perturbation));
}

void read_schedule(Fields& fields, Experiment& experiment) {
    const bool shuffle = fields.word("order", {"given", "shuffle"}) == "shuffle";
    experiment.pause = fields.duration("pause", experiment.pause);
    fields.word("overlap", {"none"});
    fields.object("matrix", [&](Fields& matrix) { read_matrix(matrix, experiment); });
    if (shuffle) {
        std::mt19937_64 random(experiment.seed);
        // std::shuffle is not the same everywhere; a seed must be.
        for (std::size_t i = experiment.perturbations.size(); i > 1; --i)
            std::swap(experiment.perturbations[i - 1], experiment.perturbations[random() % i]);
    }
}

void read_log(Fields& fields, Experiment& experiment) {
    LogPlan log;
    log.output = fields.flag("output", false);
    log.file = fields.text("file");
    log.command = fields.texts("command");
    log.unit = fields.text("journal");
    const int ways = (log.output ? 1 : 0) + (log.file.empty() ? 0 : 1) + (log.command.empty() ? 0 : 1) +
                     (log.unit.empty() ? 0 : 1);
    if (ways != 1) fields.problem("", "give one of output, file, command and journal");
    if (log.output && experiment.app.command.empty())
        fields.problem("output", "is only known of an application that Seism starts (app.command)");
    const auto* match = fields.any("match");
    if (match && match->string())
        log.match = *match->string();
    else if (match && match->object())
        log.match_of = fields.text_map("match");
    else
        fields.problem("match", "must be an expression, or an object with one for each back");
    for (const auto& back : experiment.backs) {
        const re2::RE2 expression(log.match_for(back.name), re2::RE2::Quiet);
        if (expression.ok()) continue;
        fields.problem("match", expression.error());
        break;
    }
    experiment.log = std::move(log);
}

void read_verdict(Fields& fields, Experiment& experiment) {
    auto& thresholds = experiment.thresholds;
    thresholds.strict = fields.flag("strict", false);
    for (const auto& rule : fields.texts("off")) {
        if (!is_rule(rule)) fields.problem("off", fmt::format("there is no rule \"{}\"", rule));
        thresholds.off.insert(rule);
    }
    if (const auto* allow = fields.any("allow")) {
        for (const auto& status : allow->array() ? *allow->array() : base::json::Array()) {
            if (status.integer()) thresholds.allow.insert(static_cast<int>(*status.integer()));
        }
        if (!allow->array() || allow->array()->size() != thresholds.allow.size())
            fields.problem("allow", "must be a list of statuses: [200, 503]");
    }
    thresholds.retry_after_required = fields.word("retry_after", {"required", "optional"}) == "required";
    const auto hang = fields.duration("hang", {});
    if (fields.has("hang")) thresholds.hang = hang;
    thresholds.min_bites = static_cast<std::uint64_t>(fields.integer("min_bites", 1, 1'000'000'000, 1));
    if (const auto growth = fields.text("memory_growth", "10%"); growth.ends_with('%')) {
        const auto percent = base::parse_integer<int>(std::string_view(growth).substr(0, growth.size() - 1));
        if (percent && *percent >= 0)
            thresholds.memory_growth = *percent / 100.0;
        else
            fields.problem("memory_growth", R"(must be whole percents, like "10%")");
    } else {
        fields.problem("memory_growth", R"(must be whole percents, like "10%")");
    }
    thresholds.memory_slack = static_cast<std::uint64_t>(fields.integer("memory_slack_mb", 0, 1 << 20, 16))
                              << 20;
    thresholds.count_slack = static_cast<std::uint64_t>(fields.integer("count_slack", 0, 1'000'000, 5));
    thresholds.spin_for = fields.duration("spin", thresholds.spin_for);
}

void read_check(Fields& fields, Experiment& experiment) {
    CheckPlan check;
    check.command = fields.texts("command");
    if (check.command.empty()) fields.problem("command", "is missing");
    check.within = fields.duration("within", check.within);
    experiment.client_state = std::move(check);
}

void read_experiment(Fields& fields, Experiment& experiment, std::optional<std::uint64_t> seed) {
    const auto* version = fields.any("seism");
    if (!version || !version->integer() || *version->integer() != 1)
        fields.problem("seism", "must be 1, the version of this format");
    experiment.title = fields.needed_text("title");
    experiment.description = fields.text("description");
    experiment.seed =
        static_cast<std::uint64_t>(fields.integer("seed", 0, std::numeric_limits<std::int64_t>::max(), 1));
    if (seed) experiment.seed = *seed;
    fields.object("app", [&](Fields& app) { read_app(app, experiment.app, experiment.thresholds); });
    const bool started = !experiment.app.command.empty();
    if (!fields.has("front") && !started)
        fields.problem("front", "is missing: where the application listens");
    fields.object("front", [&](Fields& front) { read_front(front, started, experiment.front); });
    fields.objects("backs", [&](Fields& back) { read_back(back, started, experiment.backs); });
    if (experiment.backs.empty()) fields.problem("backs", "at least one is needed");
    experiment.traffic.requests.clear();
    fields.object("traffic", [&](Fields& traffic) { read_traffic(traffic, experiment.traffic); });
    if (experiment.traffic.requests.empty()) experiment.traffic.requests.emplace_back();
    if (!experiment.traffic.driven && !experiment.front.listen)
        fields.problem("front.listen", "is missing: where the traffic of others comes in");
    fields.object("steady-state", [&](Fields& steady) { read_steady(steady, experiment.steady); });
    fields.object("verdict", [&](Fields& verdict) { read_verdict(verdict, experiment); });
    fields.objects("perturbations", [&](Fields& each) { read_perturbation(each, experiment); });
    fields.object("schedule", [&](Fields& schedule) { read_schedule(schedule, experiment); });
    fields.object("monkey", [&](Fields& monkey) { read_monkey(monkey, experiment.monkey); });
    if (experiment.perturbations.empty())
        fields.problem("perturbations", "nothing is perturbed: give some, or schedule.matrix");
    fields.object("logged", [&](Fields& log) { read_log(log, experiment); });
    fields.object("client_state", [&](Fields& check) { read_check(check, experiment); });
    for (const auto& word : fields.texts("rollbacks")) {
        if (word != "reset") fields.problem("rollbacks", "only \"reset\" is known, and it is always done");
    }
    fields.object("limits", [&](Fields& limits) {
        experiment.max_duration = limits.duration("max_duration", experiment.max_duration);
    });
}

}  // namespace

std::expected<Experiment, Problems> parse_experiment(std::string_view text,
                                                     std::optional<std::uint64_t> seed) {
    const auto value = base::json::parse(text);
    if (!value) return std::unexpected(Problems{"no JSON: " + value.error().message});
    Problems problems;
    Experiment experiment;
    {
        Fields fields(*value, "", problems);
        if (value->object()) read_experiment(fields, experiment, seed);
    }
    if (!problems.empty()) return std::unexpected(std::move(problems));
    if (const auto time = shortest_run(experiment); time > experiment.max_duration)
        return std::unexpected(
            Problems{fmt::format("limits.max_duration: the run takes {} at least, allowed is {}",
                                 duration_text(time), duration_text(experiment.max_duration))});
    return experiment;
}

}  // namespace homespun::seism
