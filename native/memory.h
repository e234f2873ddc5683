// Memory of tensors, and scratch memory of kernels.
#pragma once

#include <cstddef>
#include <memory>

namespace pxv {

// Allocates `count` floats, aligned to a cache line. Large arrays use huge pages if the system has them: scan orders
// touch a page per pixel, more than the TLB holds. Returns null if memory is exhausted.
float* allocateFloats(size_t count);
void freeFloats(float* floats);

struct FreeFloats {
  void operator()(float* floats) const { freeFloats(floats); }
};
using FloatArray = std::unique_ptr<float[], FreeFloats>;
// Returns `count` zeros, readable for a few vectors beyond their end.
FloatArray zeros(size_t count);

// Scratch memory of a kernel. Scratch memory grows, never shrinks, and stays with its thread from call to call, since
// fresh memory costs page faults.
class Scratch {
 public:
  Scratch() = default;
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch();

  // Returns an array of `count` numbers, aligned to a cache line. Invalidates the array reserved before.
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
