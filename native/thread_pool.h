// Threads that share the tasks of one kernel, or long arrays in pieces. There is one pool a process, whatever the number of JavaScript threads.
#pragma once

#include <algorithm>
#include <cstddef>

// Before a loop: what it writes is never what it reads later, so that vectors may be found without a look.
#if defined(__clang__)
#define PXV_NO_ALIAS _Pragma("clang loop vectorize(assume_safety)")
#else
#define PXV_NO_ALIAS _Pragma("GCC ivdep")
#endif

namespace pxv {

// How many threads work on a kernel, the calling one included. At first: as many as this process has cores.
int threads();
void setThreads(int count);

// Runs task(context, i) for each i in [0, count), in any order, and returns when all are done. What a task is must
// follow from shapes alone, so that results do not depend on the number of threads. Where another thread holds the
// pool, the caller works alone.
void runTasks(int count, void (*task)(const void* context, int index), const void* context);

template <class Body>
void parallelFor(int count, const Body& body) {
  runTasks(
      count, [](const void* context, int index) { (*static_cast<const Body*>(context))(index); }, &body);
}

// Calls body(begin, end) for pieces that cover [0, count); pieces begin at multiples of `length`.
template <class Body>
void forChunks(size_t count, size_t length, const Body& body) {
  parallelFor(static_cast<int>((count + length - 1) / length),
              [&](int index) { body(index * length, std::min(count, (index + 1) * length)); });
}

// Calls body(i) for each i in [0, count), `together` of them on one thread; what a call writes, no other reads.
template <class Body>
void forEach(size_t count, const Body& body, size_t together = 32 * 1024) {
  forChunks(count, together, [body](size_t begin, size_t end) {
    PXV_NO_ALIAS
    for (size_t i = begin; i < end; i++) body(i);
  });
}

}  // namespace pxv
