// Threads that share the tasks of one kernel. There is one pool a process, whatever the number of JavaScript threads.
#pragma once

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

}  // namespace pxv
