#include "thread_pool.h"

#include <algorithm>
#include <atomic>
#include <cstdint>

#include "threading.h"

namespace pxv {
namespace {

class ThreadPool {
 public:
  int threads() const { return active_.load(std::memory_order_relaxed) + 1; }

  void setThreads(int count) {
    while (owned_.test_and_set(std::memory_order_acquire)) pause();
    const int workers = count < 1 ? 0 : count - 1;
    while (started_ < workers && startWorker(started_)) started_++;
    active_.store(std::min(workers, started_));
    wake();
    owned_.clear(std::memory_order_release);
  }

  void run(int count, void (*task)(const void*, int), const void* context) {
    if (count <= 1 || active_.load(std::memory_order_relaxed) == 0 || owned_.test_and_set(std::memory_order_acquire)) {
      for (int i = 0; i < count; i++) task(context, i);
      return;
    }
    task_ = task;
    context_ = context;
    done_.store(0, std::memory_order_relaxed);
    ticket_.store(static_cast<uint64_t>(count) << 32);
    wake();
    takeTasks();
    for (int i = 0; i < spins && done_.load(std::memory_order_acquire) != count; i++) pause();
    for (int done; (done = done_.load(std::memory_order_acquire)) != count;) waitWhile(done_, done);
    owned_.clear(std::memory_order_release);
  }

  void work(int id) {
    for (;;) {
      const int epoch = epoch_.load();
      for (int i = 0; i < spins && id < active_.load(std::memory_order_relaxed); i++) {
        if (hasTasks()) {
          takeTasks();
          i = 0;
        }
        pause();
      }
      sleepers_.fetch_add(1);
      waitWhile(epoch_, epoch);
      sleepers_.fetch_sub(1);
    }
  }

 private:
  // The ticket is (number of tasks << 32 | next task). task_ and context_ stay unchanged while a claim below the number
  // of tasks is not yet counted in done_. A claim at or above the number of tasks touches nothing.
  void takeTasks() {
    for (;;) {
      const uint64_t ticket = ticket_.fetch_add(1, std::memory_order_acq_rel);
      const auto index = static_cast<uint32_t>(ticket);
      const auto count = static_cast<uint32_t>(ticket >> 32);
      if (index >= count) return;
      task_(context_, static_cast<int>(index));
      if (done_.fetch_add(1, std::memory_order_acq_rel) + 1 == static_cast<int>(count)) notifyAll(done_);
    }
  }

  bool hasTasks() const {
    const uint64_t ticket = ticket_.load(std::memory_order_relaxed);
    return static_cast<uint32_t>(ticket) < static_cast<uint32_t>(ticket >> 32);
  }

  void wake() {
    epoch_.fetch_add(1);
    if (sleepers_.load() > 0) notifyAll(epoch_);
  }

  std::atomic_flag owned_;  // lock of the thread that starts tasks or changes the number of workers
  void (*task_)(const void*, int) = nullptr;
  const void* context_ = nullptr;
  int started_ = 0;
  std::atomic<int> active_{0};  // workers that may take tasks
  alignas(64) std::atomic<uint64_t> ticket_{0};
  alignas(64) std::atomic<int> done_{0};
  alignas(64) std::atomic<int> epoch_{0};
  std::atomic<int> sleepers_{0};
};

// The pool is never destroyed: workers are killed at the end of the process.
ThreadPool& pool() {
  static ThreadPool& instance = *new ThreadPool;
  return instance;
}

}  // namespace

int threads() { return pool().threads(); }
void setThreads(int count) { pool().setThreads(count); }
void runTasks(int count, void (*task)(const void*, int), const void* context) { pool().run(count, task, context); }
void work(int id) { pool().work(id); }

}  // namespace pxv
