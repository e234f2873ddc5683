// Memory that kernels work in: grows, is never shrunk, and is kept by its thread from call to call, since fresh memory
// costs page faults.
#pragma once

#include <cstddef>

namespace pxv {

class Scratch {
 public:
  Scratch() = default;
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch();

  // An array of `count` numbers that starts on a cache line. It ends the life of the array reserved before.
  template <class Number>
  [[gnu::always_inline]] Number* reserve(size_t count) {
    return static_cast<Number*>(bytes(count * sizeof(Number)));
  }

 private:
  void* bytes(size_t count);

  void* data_ = nullptr;
  size_t capacity_ = 0;
};

}  // namespace pxv
