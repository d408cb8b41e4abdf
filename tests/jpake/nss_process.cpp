#include "nss_process.hpp"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <sstream>

namespace homespun::tests {

NssProcess::NssProcess() {
    std::array<int, 2> in{};
    std::array<int, 2> out{};
    if (pipe2(in.data(), O_CLOEXEC) != 0 || pipe2(out.data(), O_CLOEXEC) != 0) std::abort();
    pid_ = fork();
    if (pid_ == 0) {
        dup2(in[0], 0);
        dup2(out[1], 1);
        execl(HOMESPUN_NSS_PEER, HOMESPUN_NSS_PEER, nullptr);
        _exit(127);
    }
    close(in[0]);
    close(out[1]);
    to_ = fdopen(in[1], "w");
    from_ = fdopen(out[0], "r");
}

NssProcess::~NssProcess() {
    end();
}

std::vector<std::string> NssProcess::ask(const std::string& command) {
    std::fputs((command + "\n").c_str(), to_);
    std::fflush(to_);
    char* line = nullptr;
    std::size_t room = 0;
    const auto size = getline(&line, &room, from_);
    std::istringstream in(size > 0 ? std::string(line, static_cast<std::size_t>(size))
                                   : "error it has ended");
    std::free(line);
    std::vector<std::string> words;
    for (std::string word; in >> word;)
        words.push_back(word);
    return words;
}

int NssProcess::end() {
    if (pid_ < 0) return -1;
    std::fclose(to_);
    std::fclose(from_);
    int status = 0;
    waitpid(pid_, &status, 0);
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

}  // namespace homespun::tests
