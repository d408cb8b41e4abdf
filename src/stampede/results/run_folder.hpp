#pragma once
#include <cstddef>
#include <string>

#include "base/result.hpp"
#include "stampede/results/append_file.hpp"
#include "stampede/results/run.hpp"

namespace homespun::stampede {

/// The directory that holds one run, and what is written into it while the run goes on:
///
///   head.json       what was known at the beginning
///   samples.jsonl   one line a second
///   levels.jsonl    one line a level: its facts and counts
///   histograms.hlog the raw histograms of each level (HdrHistogram's V2 log), tagged LEVEL/TYPE/KIND with
///                   levels counted from 1 and KIND response, service or first_byte, or LEVEL/send_lag.
///                   Blanks, commas and % in type names are written as %20, %2C and %25
///   run.json        at the end: everything but samples and histograms
///   levels.csv, samples.csv, junit.xml   at the end, for other tools
///   lock            held by the writing process
///
/// Each append is in the file when the call returns, so an interrupted run loses nothing but the stretch it
/// was in. A failed one leaves the file as it was and the folder usable; `finish` makes up for what is
/// missing. Errors name the file. Not thread-safe.
class RunFolder {
  public:
    /// Makes the directory where missing (and its parents) and claims it. Refused when another stampede
    /// writes to it, when it holds a run already, or when it cannot be written.
    static base::Result<RunFolder> make(const std::string& path);

    /// Writes head.json: call it once the run's facts are known, before the first level.
    base::Result<void> begin(const Run& run);
    base::Result<void> add_sample(const Sample& sample);
    /// Levels in their order, each once; of `run` only the types' names are looked at.
    base::Result<void> add_level(const Run& run, const Level& level);
    /// Writes what belongs to the end. `run` has all samples and levels that were added, in their order; what
    /// an append could not write, or was never added, is written now. Tries every file; the first error.
    base::Result<void> finish(const Run& run);

    [[nodiscard]] const std::string& path() const { return path_; }

    /// A run as it was written. Without run.json (a run that crashed or was killed) it is put together from
    /// the other files and marked as interrupted; a last line that was cut short is passed over. Any other
    /// damage is an error with file and line, or with the place inside the file. Histograms know their least
    /// and greatest value to 0.1 % only.
    static base::Result<Run> read(const std::string& path);

  private:
    RunFolder(std::string path, FileLock lock);
    base::Result<void> make_up(const Run& run);
    [[nodiscard]] std::string file(std::string_view name) const;

    std::string path_;
    FileLock lock_;
    AppendFile samples_, levels_, histograms_;
    std::size_t samples_added_ = 0, levels_added_ = 0;
    bool complete_ = false;  // begun, and no append failed; else `finish` writes those files anew
};

}  // namespace homespun::stampede
