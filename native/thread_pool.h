// Thread pool that shares the tasks of a kernel. A process has one pool for all JavaScript threads.
#pragma once

#include <algorithm>
#include <cstddef>

// Before a loop: states that the loop never reads what it wrote, so that it vectorizes without alias checks.
#if defined(__clang__)
#define PXV_NO_ALIAS _Pragma("clang loop vectorize(assume_safety)")
#else
#define PXV_NO_ALIAS _Pragma("GCC ivdep")
#endif

namespace pxv {

// Number of threads that run a kernel, including the calling thread. Initially 1.
int threads();
void setThreads(int count);

// Runs task(context, i) for each i in [0, count), in any order, and returns when all are done. Tasks must be cut by
// shapes alone, so that results do not depend on the number of threads. If another thread holds the pool, the caller
// runs all tasks.
void runTasks(int count, void (*task)(const void* context, int index), const void* context);

template <class Body>
void parallelFor(int count, const Body& body) {
  runTasks(count, [](const void* context, int index) { (*static_cast<const Body*>(context))(index); }, &body);
}

// Calls body(begin, end) in parallel for pieces that cover [0, count); pieces begin at multiples of `length`.
template <class Body>
void forChunks(size_t count, size_t length, const Body& body) {
  parallelFor(static_cast<int>((count + length - 1) / length),
              [&](int index) { body(index * length, std::min(count, (index + 1) * length)); });
}

// Calls body(i) in parallel for each i in [0, count), in chunks of `together`. No call may read what another writes.
template <class Body>
void forEach(size_t count, const Body& body, size_t together = 32 * 1024) {
  forChunks(count, together, [body](size_t begin, size_t end) {
    PXV_NO_ALIAS
    for (size_t i = begin; i < end; i++) body(i);
  });
}

}  // namespace pxv
