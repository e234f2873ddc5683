// The boundary to JavaScript. A call of a kernel passes its numbers, as src/backend/call.ts has laid them out, and its arrays, each
// of whose lengths was checked there; here the pointers follow the numbers, and that is the struct of the call.
#include <node_api.h>

#include "engine/binding.h"
#include "float_memory.h"
#include "kernel_table.h"
#include "registry.h"
#include "thread_pool.h"

namespace pxv {
namespace {

double numberOf(napi_env env, napi_value value) {
  double number = 0;
  napi_get_value_double(env, value, &number);
  return number;
}

// run(kernel, numbers, ...arrays): the kernel's place in the table of the set that comes with the function.
napi_value run(napi_env env, napi_callback_info info) {
  constexpr size_t most = 2 + (mostCallBytes / sizeof(void*));
  napi_value arguments[most];
  size_t count = most;
  void* table = nullptr;
  napi_get_cb_info(env, info, &count, arguments, nullptr, &table);
  const int kernel = static_cast<int>(numberOf(env, arguments[0]));
  const CallSize size = callSizes[kernel];
  alignas(8) unsigned char call[mostCallBytes];
  readCall(env, arguments + 1, size.bytes, size.arrays, call);
  runKernel(*static_cast<const KernelTable*>(table), kernel, call);
  return nullptr;
}

napi_value getThreads(napi_env env, napi_callback_info) {
  napi_value count;
  napi_create_int32(env, threads(), &count);
  return count;
}

napi_value changeThreads(napi_env env, napi_callback_info info) {
  size_t count = 1;
  napi_value argument;
  napi_get_cb_info(env, info, &count, &argument, nullptr, nullptr);
  setThreads(static_cast<int>(numberOf(env, argument)));
  return nullptr;
}

// An array of so many floats with unspecified contents; undefined where there is no memory.
napi_value makeFloats(napi_env env, napi_callback_info info) {
  size_t arguments = 1;
  napi_value argument = nullptr, buffer = nullptr, array = nullptr;
  napi_get_cb_info(env, info, &arguments, &argument, nullptr, nullptr);
  const auto count = static_cast<size_t>(numberOf(env, argument));
  float* floats = allocateFloats(count);
  if (floats == nullptr) return nullptr;
  const auto release = [](napi_env, void* memory, void*) { freeFloats(static_cast<float*>(memory)); };
  if (napi_create_external_arraybuffer(env, floats, count * sizeof(float), release, nullptr, &buffer) != napi_ok) {
    freeFloats(floats);
    return nullptr;
  }
  napi_create_typedarray(env, napi_float32_array, count, buffer, 0, &array);
  return array;
}

// Gives the memory of an array of makeFloats back at once, where V8 would with some later collection; the array is empty then.
napi_value giveFloatsBack(napi_env env, napi_callback_info info) {
  size_t arguments = 1;
  napi_value array = nullptr, buffer = nullptr;
  napi_get_cb_info(env, info, &arguments, &array, nullptr, nullptr);
  napi_get_typedarray_info(env, array, nullptr, nullptr, nullptr, &buffer, nullptr);
  napi_detach_arraybuffer(env, buffer);
  return nullptr;
}

// An object from each set's name to its functions: run, and those of the engine.
napi_value functionsOf(napi_env env, const std::vector<RegisteredSet>& sets) {
  napi_value all;
  napi_create_object(env, &all);
  for (const RegisteredSet& set : sets) {
    napi_value functions;
    napi_create_object(env, &functions);
    define(env, functions, "run", run, &set.table);
    engine::defineEngine(env, functions, set.table);
    napi_set_named_property(env, all, set.name, functions);
  }
  return all;
}

}  // namespace

// The module: signature, the calls that it reads; makeFloats, giveFloatsBack, threads, setThreads; instructionSets, in ascending order,
// and bf16, the same of those sets that have products in bfloat16.
napi_value initialize(napi_env env, napi_value module) {
  napi_value signature;
  napi_create_uint32(env, kernelSignature, &signature);
  napi_set_named_property(env, module, "signature", signature);
  define(env, module, "makeFloats", makeFloats, nullptr);
  define(env, module, "giveFloatsBack", giveFloatsBack, nullptr);
  define(env, module, "threads", getThreads, nullptr);
  define(env, module, "setThreads", changeThreads, nullptr);
  napi_set_named_property(env, module, "instructionSets", functionsOf(env, registry().sets));
  napi_set_named_property(env, module, "bf16", functionsOf(env, registry().bf16));
  return module;
}

}  // namespace pxv

NAPI_MODULE_INIT() { return pxv::initialize(env, exports); }
