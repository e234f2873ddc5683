// WebAssembly exports, which src/backend/wasm.ts calls. Calls are structs of kernel_table.h in WebAssembly memory.
#include <cstdlib>
#include <vector>

#include "engine/drawing.h"
#include "engine/engine.h"
#include "engine/program.h"
#include "memory.h"
#include "registry.h"
#include "thread_pool.h"
#include "threading.h"

#define PXV_EXPORT(name) extern "C" [[clang::export_name(#name)]]

namespace {

using namespace pxv;
using namespace pxv::engine;

const KernelTable& table() { return registry().sets.front().table; }

}  // namespace

PXV_EXPORT(signature) uint32_t signature() { return kernelSignature; }

// Returns null if memory is exhausted.
PXV_EXPORT(allocate) void* allocate(size_t bytes) { return allocateFloats((bytes + 3) / sizeof(float)); }
PXV_EXPORT(release) void release(void* memory) { freeFloats(static_cast<float*>(memory)); }

PXV_EXPORT(run) void run(int kernel, const void* call) { runKernel(table(), kernel, call); }

PXV_EXPORT(threads) int threadsInUse() { return threads(); }
PXV_EXPORT(setThreads) void changeThreads(int count) { setThreads(count); }
PXV_EXPORT(work) void workAs(int id) { work(id); }

PXV_EXPORT(makeEngine) Engine* makeEngine(const int32_t* program, const float* const* parameters, int count) {
  return new Engine(readProgram(program), std::vector(parameters, parameters + count), *table().engine);
}
PXV_EXPORT(freeEngine) void freeEngine(Engine* engine) { delete engine; }

PXV_EXPORT(beginDrawing) Drawing* beginDrawing(const Engine* engine, const DrawingCall* call) {
  return new Drawing(*engine, *call);
}
PXV_EXPORT(isDone) int isDone(const Drawing* drawing) { return drawing->isDone(); }
PXV_EXPORT(drawRow) int drawRow(Drawing* drawing) { return drawing->drawRow(); }
PXV_EXPORT(failedSum) double failedSum(const Drawing* drawing) { return drawing->failedSum(); }
PXV_EXPORT(freeDrawing) void freeDrawing(Drawing* drawing) { delete drawing; }

// Thread-safe replacements of functions that Debian's WebAssembly library has for a single thread only. Threads never
// end, so thread-local objects are never destroyed; a lock guards the allocator.
extern "C" {

int __cxa_thread_atexit(void (*)(void*), void*, void*) { return 0; }

void* __real_malloc(size_t bytes);
void* __real_aligned_alloc(size_t alignment, size_t bytes);
int __real_posix_memalign(void** memory, size_t alignment, size_t bytes);
void __real_free(void* memory);

}  // extern "C"

namespace {

std::atomic_flag taken;

template <class Body>
auto alone(const Body& body) {
  while (taken.test_and_set(std::memory_order_acquire)) {
  }
  const auto result = body();
  taken.clear(std::memory_order_release);
  return result;
}

}  // namespace

extern "C" {

void* __wrap_malloc(size_t bytes) {
  return alone([=] { return __real_malloc(bytes); });
}
void* __wrap_aligned_alloc(size_t alignment, size_t bytes) {
  return alone([=] { return __real_aligned_alloc(alignment, bytes); });
}
int __wrap_posix_memalign(void** memory, size_t alignment, size_t bytes) {
  return alone([=] { return __real_posix_memalign(memory, alignment, bytes); });
}
void __wrap_free(void* memory) {
  alone([=] { return __real_free(memory), 0; });
}

}  // extern "C"
