#include "report_files.hpp"

homespun::base::Result<void> write_report(const homespun::stampede::Run&, const std::string&) {
    return {};
}
