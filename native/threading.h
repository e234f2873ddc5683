// Threads and waiting for the thread pool: from the C++ library in native code, from the host in WebAssembly. The host
// runs each worker in its own thread (src/backend/wasm.ts).
#pragma once

#include <atomic>

#if defined(__wasm__)
#include <cstdint>
#else
#include <dlfcn.h>
#include <pthread.h>

#include <cstdint>
#endif

namespace pxv {

// Main loop of worker `id`; never returns.
void work(int id);

#if defined(__wasm__)

// Number of spins of an idle worker before it sleeps: kernels follow each other within microseconds.
inline constexpr int spins = 50'000;

inline void pause() {}

extern "C" [[clang::import_module("env"), clang::import_name("startWorker")]] int startWorkerInHost(int id);
// Starts worker `id`; returns false if the host has no thread for it.
inline bool startWorker(int id) { return startWorkerInHost(id) != 0; }

inline void waitWhile(std::atomic<int>& value, int seen) {
  __builtin_wasm_memory_atomic_wait32(reinterpret_cast<int*>(&value), seen, -1);
}
inline void notifyAll(std::atomic<int>& value) {
  __builtin_wasm_memory_atomic_notify(reinterpret_cast<int*>(&value), UINT32_MAX);
}

#else

inline constexpr int spins = 4000;

inline void pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

// Starts worker `id`; returns false if the system has no thread for it.
inline bool startWorker(int id) {
  // Workers never end, so their code must stay loaded even if all JavaScript threads that loaded it have ended.
  Dl_info self;
  if (dladdr(reinterpret_cast<void*>(&work), &self) != 0) dlopen(self.dli_fname, RTLD_NOW | RTLD_NODELETE);
  // Unlike std::thread, this fails without an exception, which would end the process.
  const auto run = [](void* place) -> void* {
    work(static_cast<int>(reinterpret_cast<intptr_t>(place)));
    return nullptr;
  };
  pthread_t thread;
  if (pthread_create(&thread, nullptr, run, reinterpret_cast<void*>(static_cast<intptr_t>(id))) != 0) return false;
  pthread_detach(thread);
  return true;
}

inline void waitWhile(std::atomic<int>& value, int seen) { value.wait(seen); }
inline void notifyAll(std::atomic<int>& value) { value.notify_all(); }

#endif

}  // namespace pxv
