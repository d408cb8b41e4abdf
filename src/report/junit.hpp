#pragma once
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace homespun::report {

struct JunitCase {
    std::string name;
    double seconds = 0;
    std::optional<std::string> failure = {};  ///< what went wrong; its first line is the message
    std::optional<std::string> skipped = {};  ///< why; counts only when it did not fail
};

struct JunitSuite {
    std::string name;
    std::vector<JunitCase> cases;
};

/// JUnit XML as CI servers read it. Characters that XML cannot hold are removed, bad UTF-8 is replaced.
[[nodiscard]] std::string junit_xml(std::span<const JunitSuite> suites);

}  // namespace homespun::report
