// Long arrays in pieces that threads share.
#pragma once

#include <algorithm>
#include <cstddef>

#include "thread_pool.h"

// Before a loop: what it writes is never what it reads later, so that vectors may be found without a look.
#if defined(__clang__)
#define PXV_NO_ALIAS _Pragma("clang loop vectorize(assume_safety)")
#else
#define PXV_NO_ALIAS _Pragma("GCC ivdep")
#endif

namespace pxv {

// Calls body(begin, end) for pieces that cover [0, count); pieces begin at multiples of `length`.
template <class Body>
void forChunks(size_t count, Body& body, size_t length = 32 * 1024) {
  auto chunk = [&](int index) { body(index * length, std::min(count, (index + 1) * length)); };
  parallelFor(static_cast<int>((count + length - 1) / length), chunk);
}

}  // namespace pxv
