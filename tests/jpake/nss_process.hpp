#pragma once
#include <sys/types.h>

#include <cstdio>
#include <string>
#include <vector>

namespace homespun::tests {

/// `jpake_nss_peer` as a child: NSS, which Firefox pairs with. Ends with the object.
class NssProcess {
  public:
    NssProcess();
    ~NssProcess();
    NssProcess(const NssProcess&) = delete;
    NssProcess& operator=(const NssProcess&) = delete;

    /// The words of the answer to one command; the first is `error` when NSS refuses.
    std::vector<std::string> ask(const std::string& command);
    /// Lets it end; its exit status, which tells whether NSS could be shut down cleanly.
    int end();

  private:
    pid_t pid_ = -1;
    std::FILE* to_ = nullptr;
    std::FILE* from_ = nullptr;
};

}  // namespace homespun::tests
