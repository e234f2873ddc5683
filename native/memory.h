// Memory of tensors, and memory that kernels work in.
#pragma once

#include <cstddef>
#include <memory>

namespace pxv {

// Room for `count` floats that starts on a cache line, in huge pages where it is large and the system has them: the
// walks touch a page a pixel, more than the processor keeps translations for. Null where there is none.
float* allocateFloats(size_t count);
void freeFloats(float* floats);

struct FreeFloats {
  void operator()(float* floats) const { freeFloats(floats); }
};
using FloatArray = std::unique_ptr<float[], FreeFloats>;
// Zeros in such room, which may be read a few vectors beyond their end.
FloatArray zeros(size_t count);

// Memory that kernels work in: grows, is never shrunk, and is kept by its thread from call to call, since fresh memory costs page
// faults.
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
