#include "memory.h"

#include <algorithm>
#include <cstdlib>

#if defined(__linux__)
#include <sys/mman.h>
#endif
#if defined(__GLIBC__)
#include <malloc.h>
#endif

namespace pxv {

float* allocateFloats(size_t count) {
  constexpr size_t line = 64, hugePage = size_t{1} << 21;
  const size_t bytes = count * sizeof(float), alignment = bytes < hugePage ? line : hugePage;
  const size_t rounded = (bytes + line - 1) / line * line;
#if defined(__GLIBC__)
  // A fixed threshold: by default, glibc raises it and then keeps freed blocks of up to 32 MiB.
  static const int isFixed = mallopt(M_MMAP_THRESHOLD, hugePage);
  static_cast<void>(isFixed);
#endif
  void* memory = nullptr;
  if (posix_memalign(&memory, alignment, rounded) != 0) return nullptr;
#if defined(__linux__)
  if (bytes >= hugePage) madvise(memory, rounded, MADV_HUGEPAGE);
#endif
  return static_cast<float*>(memory);
}

void freeFloats(float* floats) { std::free(floats); }

FloatArray zeros(size_t count) {
  constexpr size_t beyond = 64;
  float* floats = allocateFloats(count + beyond);
  if (floats == nullptr) std::abort();
  std::fill_n(floats, count + beyond, 0.0f);
  return FloatArray(floats);
}

Scratch::~Scratch() { std::free(data_); }

void* Scratch::bytes(size_t count) {
  if (count > capacity_) {
    std::free(data_);
    capacity_ = (count + 63) / 64 * 64;
    data_ = std::aligned_alloc(64, capacity_);
    if (data_ == nullptr) std::abort();
  }
  return data_;
}

}  // namespace pxv
