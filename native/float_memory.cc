#include "float_memory.h"

#include <cstdlib>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace pxv {

float* allocateFloats(size_t count) {
  constexpr size_t line = 64, hugePage = size_t{1} << 21;
  const size_t bytes = count * sizeof(float), alignment = bytes < hugePage ? line : hugePage;
  const size_t rounded = (bytes + line - 1) / line * line;
  void* memory = nullptr;
  if (posix_memalign(&memory, alignment, rounded) != 0) return nullptr;
#if defined(__linux__)
  if (bytes >= hugePage) madvise(memory, rounded, MADV_HUGEPAGE);
#endif
  return static_cast<float*>(memory);
}

void freeFloats(float* floats) { std::free(floats); }

}  // namespace pxv
