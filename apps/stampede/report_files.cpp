#include "report_files.hpp"

#include <fmt/format.h>

#include "load.hpp"
#include "stampede/results/report_page.hpp"
#include "stampede/results/report_text.hpp"
#include "stampede/results/run_folder.hpp"
#include "sys/files.hpp"

using namespace homespun;
using namespace homespun::stampede;

namespace {

int complain(const base::Error& error) {
    fmt::print(stderr, "stampede: {}\n", error.message);
    return exit_failed;
}

}  // namespace

base::Result<void> write_report(const Run& run, const std::string& folder) {
    return sys::write_file_atomically(folder + "/report.html", render_report(run), 0644);
}

int run_report(const std::string& folder) {
    const auto run = RunFolder::read(folder);
    if (!run) return complain(run.error());
    fmt::print("{}", render_text(*run));
    if (const auto written = write_report(*run, folder); !written) return complain(written.error());
    fmt::print("{}/report.html\n", folder);
    return exit_well;
}
