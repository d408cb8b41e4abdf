#pragma once
#include <unistd.h>

#include <utility>

namespace homespun::sys {

/// A file descriptor that closes itself. One below 0 stands for none, as a failed call returns it.
class Descriptor {
  public:
    explicit Descriptor(int number) : number_(number) {}
    Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
    Descriptor& operator=(Descriptor&&) = delete;
    ~Descriptor() {
        if (number_ >= 0) ::close(number_);
    }
    [[nodiscard]] int get() const { return number_; }

  private:
    int number_;
};

}  // namespace homespun::sys
