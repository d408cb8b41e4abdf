#include "report/junit.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string_view>

#include "report/markup.hpp"

namespace homespun::report {
namespace {

struct Sums {
    std::size_t tests = 0, failures = 0, errors = 0, skipped = 0;
    double seconds = 0;

    void add(const Sums& other) {
        tests += other.tests;
        failures += other.failures;
        errors += other.errors;
        skipped += other.skipped;
        seconds += other.seconds;
    }
};

double sound(double seconds) {
    return std::isfinite(seconds) ? std::max(seconds, 0.0) : 0;
}

Sums sums_of(const JunitSuite& suite) {
    Sums sums{.tests = suite.cases.size()};
    for (const auto& each : suite.cases) {
        if (each.failure) {
            ++sums.failures;
        } else if (each.error) {
            ++sums.errors;
        } else if (each.skipped) {
            ++sums.skipped;
        }
        sums.seconds += sound(each.seconds);
    }
    return sums;
}

std::string attributes(const Sums& sums) {
    return fmt::format(R"(tests="{}" failures="{}" errors="{}" skipped="{}" time="{:.3f}")", sums.tests,
                       sums.failures, sums.errors, sums.skipped, sums.seconds);
}

std::string case_xml(const JunitSuite& suite, const JunitCase& each) {
    auto xml = fmt::format(R"(    <testcase classname="{}" name="{}" time="{:.3f}")",
                           escape(each.classname.empty() ? suite.name : each.classname), escape(each.name),
                           sound(each.seconds));
    if (const auto& wrong = each.failure ? each.failure : each.error) {
        const auto first = std::string_view(*wrong).substr(0, wrong->find('\n'));
        const auto element = each.failure ? "failure" : "error";
        return xml + fmt::format(">\n      <{0} message=\"{1}\">{2}</{0}>\n    </testcase>\n", element,
                                 escape(first), escape(*wrong));
    }
    if (each.skipped) {
        return xml +
               fmt::format(">\n      <skipped message=\"{}\"/>\n    </testcase>\n", escape(*each.skipped));
    }
    return xml + "/>\n";
}

std::string head_xml(const JunitSuite& suite, const Sums& sums) {
    auto xml = fmt::format("  <testsuite name=\"{}\" {}", escape(suite.name), attributes(sums));
    if (!suite.timestamp.empty()) xml += fmt::format(" timestamp=\"{}\"", escape(suite.timestamp));
    if (!suite.hostname.empty()) xml += fmt::format(" hostname=\"{}\"", escape(suite.hostname));
    xml += ">\n";
    if (suite.properties.empty()) return xml;
    xml += "    <properties>\n";
    for (const auto& [name, value] : suite.properties)
        xml += fmt::format("      <property name=\"{}\" value=\"{}\"/>\n", escape(name), escape(value));
    return xml + "    </properties>\n";
}

}  // namespace

std::string junit_xml(std::span<const JunitSuite> suites) {
    Sums all;
    std::string body;
    for (const auto& suite : suites) {
        const auto sums = sums_of(suite);
        all.add(sums);
        body += head_xml(suite, sums);
        for (const auto& each : suite.cases)
            body += case_xml(suite, each);
        if (!suite.output.empty())
            body += fmt::format("    <system-out>{}</system-out>\n", escape(suite.output));
        body += "  </testsuite>\n";
    }
    return fmt::format("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites {}>\n{}</testsuites>\n",
                       attributes(all), body);
}

}  // namespace homespun::report
