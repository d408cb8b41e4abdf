#pragma once
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace homespun::report {

struct JunitCase {
    std::string name;
    double seconds = 0;
    std::optional<std::string> failure = {};  ///< what went wrong; its first line is the message
    std::optional<std::string> skipped = {};  ///< why; counts only when it did not fail
    std::string classname = {};               ///< empty: the suite's name
    std::optional<std::string> error = {};    ///< why it could not be tried; counts only when it did not fail
};

struct JunitSuite {
    std::string name;
    std::vector<JunitCase> cases;
    std::string timestamp = {}, hostname = {};  ///< ISO 8601; left out when empty
    std::vector<std::pair<std::string, std::string>> properties = {};
    std::string output = {};  ///< what a person should see beside it; left out when empty
};

/// JUnit XML as CI servers read it. Characters that XML cannot hold are removed, bad UTF-8 is replaced.
[[nodiscard]] std::string junit_xml(std::span<const JunitSuite> suites);

}  // namespace homespun::report
