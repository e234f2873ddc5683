#include "thread_pool.h"

#include <dlfcn.h>

#include <atomic>
#include <cstdint>
#include <mutex>
#include <thread>

namespace pxv {
namespace {

// A worker that finds nothing to do looks this often before it sleeps: kernels follow each other within microseconds.
constexpr int spins = 4000;

inline void pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

class ThreadPool {
 public:
  ThreadPool() {
    // The workers never end, so their code must stay even if every JavaScript thread that loaded it is gone.
    Dl_info self;
    if (dladdr(reinterpret_cast<void*>(&runTasks), &self) != 0) dlopen(self.dli_fname, RTLD_NOW | RTLD_NODELETE);
    setThreads(static_cast<int>(std::thread::hardware_concurrency()));
  }

  int threads() const { return active_.load(std::memory_order_relaxed) + 1; }

  void setThreads(int count) {
    std::lock_guard lock(owner_);
    const int workers = count < 1 ? 0 : count - 1;
    active_.store(workers);
    for (; started_ < workers; started_++) std::thread(&ThreadPool::work, this, started_).detach();
    wake();
  }

  void run(int count, void (*task)(void*, int), void* context) {
    std::unique_lock lock(owner_, std::defer_lock);
    if (count <= 1 || active_.load(std::memory_order_relaxed) == 0 || !lock.try_lock()) {
      for (int i = 0; i < count; i++) task(context, i);
      return;
    }
    task_ = task;
    context_ = context;
    done_.store(0, std::memory_order_relaxed);
    ticket_.store(static_cast<uint64_t>(count) << 32);
    wake();
    takeTasks();
    for (int i = 0; i < spins; i++) {
      if (done_.load(std::memory_order_acquire) == count) return;
      pause();
    }
    for (int done; (done = done_.load(std::memory_order_acquire)) != count;) done_.wait(done);
  }

 private:
  // The ticket is (number of tasks << 32 | next task). A claim below the number of tasks keeps task_ and context_ as
  // they are until it is counted in done_; a claim at or above it touches nothing.
  void takeTasks() {
    for (;;) {
      const uint64_t ticket = ticket_.fetch_add(1, std::memory_order_acq_rel);
      const auto index = static_cast<uint32_t>(ticket);
      const auto count = static_cast<uint32_t>(ticket >> 32);
      if (index >= count) return;
      task_(context_, static_cast<int>(index));
      if (done_.fetch_add(1, std::memory_order_acq_rel) + 1 == static_cast<int>(count)) done_.notify_all();
    }
  }

  bool hasTasks() const {
    const uint64_t ticket = ticket_.load(std::memory_order_relaxed);
    return static_cast<uint32_t>(ticket) < static_cast<uint32_t>(ticket >> 32);
  }

  void wake() {
    epoch_.fetch_add(1);
    if (sleepers_.load() > 0) epoch_.notify_all();
  }

  void work(int id) {
    for (;;) {
      const uint32_t epoch = epoch_.load();
      for (int i = 0; i < spins && id < active_.load(std::memory_order_relaxed); i++) {
        if (hasTasks()) {
          takeTasks();
          i = 0;
        }
        pause();
      }
      sleepers_.fetch_add(1);
      epoch_.wait(epoch);
      sleepers_.fetch_sub(1);
    }
  }

  std::mutex owner_;  // held by whoever gives out tasks or changes the number of workers
  void (*task_)(void*, int) = nullptr;
  void* context_ = nullptr;
  int started_ = 0;
  std::atomic<int> active_{0};  // workers that may take tasks
  alignas(64) std::atomic<uint64_t> ticket_{0};
  alignas(64) std::atomic<int> done_{0};
  alignas(64) std::atomic<uint32_t> epoch_{0};
  std::atomic<int> sleepers_{0};
};

// Never destroyed: at the end of the process the workers stop wherever they are.
ThreadPool& pool() {
  static ThreadPool& instance = *new ThreadPool;
  return instance;
}

}  // namespace

int threads() { return pool().threads(); }
void setThreads(int count) { pool().setThreads(count); }
void runTasks(int count, void (*task)(void*, int), void* context) { pool().run(count, task, context); }

}  // namespace pxv
