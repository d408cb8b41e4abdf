#pragma once
#include <concepts>
#include <type_traits>

#include "stampede/results/run.hpp"

namespace homespun::stampede {

/// What the parts of a run are called in its files: each function shows a visitor every field with its name.
/// Writing and reading both go by this one list, so they cannot disagree. `T` is the type or its const form.
/// `visit(name, field)` is for fields every run folder has; a field that comes with a later version is shown
/// by `visit.later(name, field)`, which older folders may lack.

template <class T, class Part>
concept Is = std::same_as<std::remove_const_t<T>, Part>;

template <class V, Is<ServerSample> T>
void fields(V& visit, T& server) {
    visit("name", server.name);
    visit("cpu_cores", server.cpu_cores);
    visit("resident_mb", server.resident_mb);
    visit("read_mb_s", server.read_mb_s);
    visit("write_mb_s", server.write_mb_s);
    visit("descriptors", server.descriptors);
    visit("threads", server.threads);
    visit("accept_queue", server.accept_queue);
    visit("storage_mb", server.storage_mb);
    visit("storage_free_mb", server.storage_free_mb);
}

template <class V, Is<Sample> T>
void fields(V& visit, T& sample) {
    visit("at_s", sample.at_s);
    visit("load", sample.load);
    visit("started", sample.started);
    visit("good", sample.good);
    visit("errors", sample.errors);
    visit("in_flight", sample.in_flight);
    visit("connections", sample.connections);
    visit("p50_ms", sample.p50_ms);
    visit("p99_ms", sample.p99_ms);
    visit("latencies", sample.latencies);
    visit("generator_cpu", sample.generator_cpu);
    visit("send_lag_p99_ms", sample.send_lag_p99_ms);
    visit("servers", sample.servers);
    visit("idle_cores", sample.idle_cores);
    visit("other_cores", sample.other_cores);
}

/// Without its histograms: those stand in the log.
template <class V, Is<Tally> T>
void fields(V& visit, T& tally) {
    visit("good", tally.good);
    visit("errors", tally.errors);
    visit("bytes_in", tally.bytes_in);
    visit("bytes_out", tally.bytes_out);
}

/// Without its histogram.
template <class V, Is<Counts> T>
void fields(V& visit, T& counts) {
    visit("types", counts.types);
    visit("sessions_started", counts.sessions_started);
    visit("sessions_finished", counts.sessions_finished);
    visit("connections_opened", counts.connections_opened);
    visit("in_flight_peak", counts.in_flight_peak);
    visit("out_of_ports", counts.out_of_ports);
    visit("out_of_descriptors", counts.out_of_descriptors);
}

template <class V, Is<Level> T>
void fields(V& visit, T& level) {
    visit("purpose", level.purpose);
    visit("load", level.load);
    visit("start_s", level.start_s);
    visit("seconds", level.seconds);
    visit("counts", level.counts);
    visit("good", level.good);
    visit("why", level.why);
    visit("settled", level.settled);
}

template <class V, Is<Demands> T>
void fields(V& visit, T& demands) {
    visit("p99_ms", demands.p99_ms);
    visit("error_share", demands.error_share);
    visit("good_share", demands.good_share);
    visit("apdex", demands.apdex);
    visit("apdex_target_ms", demands.apdex_target_ms);
}

template <class V, Is<Example> T>
void fields(V& visit, T& example) {
    visit("type", example.type);
    visit("at_s", example.at_s);
    visit("response_ms", example.response_ms);
    visit("what", example.what);
}

template <class V, Is<GeneratorHealth> T>
void fields(V& visit, T& health) {
    visit("cpu_peak", health.cpu_peak);
    visit("send_lag_p99_ms", health.send_lag_p99_ms);
    visit("out_of_ports", health.out_of_ports);
    visit("out_of_descriptors", health.out_of_descriptors);
    visit("null_rate", health.null_rate);
    visit("doubts", health.doubts);
}

template <class V, Is<Capacity> T>
void fields(V& visit, T& capacity) {
    visit("sessions_per_s", capacity.sessions_per_s);
    visit("requests_per_s", capacity.requests_per_s);
    visit("lowest_bad", capacity.lowest_bad);
    visit("users", capacity.users);
    visit("bound", capacity.bound);
    visit("cost_per_user", capacity.cost_per_user);
    visit("recovery_s", capacity.recovery_s);
}

/// Without its samples: those stand in a file of their own.
template <class V, Is<Run> T>
void fields(V& visit, T& run) {
    visit("command", run.command);
    visit("model", run.model);
    visit("target", run.target);
    visit("arrivals", run.arrivals);
    visit("types", run.types);
    visit("expected_mix", run.expected_mix);
    visit("seed", run.seed);
    visit("started_at_s", run.started_at_s);
    visit("environment", run.environment);
    visit("demands", run.demands);
    visit("levels", run.levels);
    visit("slowest", run.slowest);
    visit("failures", run.failures);
    visit("generator", run.generator);
    visit("capacity", run.capacity);
    visit("failure", run.failure);
    visit("failure_why", run.failure_why);
    visit("verdict", run.verdict);
    visit("conclusive", run.conclusive);
    visit("interrupted", run.interrupted);
}

}  // namespace homespun::stampede
