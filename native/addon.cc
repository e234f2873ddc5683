// Node-API binding. A kernel call passes its numbers, laid out by src/backend/call.ts, and its arrays, whose lengths
// call.ts has checked. The struct of a call is the numbers followed by the arrays' pointers.
#include <node_api.h>

#include <atomic>
#include <cstring>
#include <memory>
#include <vector>

#include "engine/drawing.h"
#include "engine/engine.h"
#include "engine/program.h"
#include "kernel_table.h"
#include "memory.h"
#include "registry.h"
#include "thread_pool.h"

namespace pxv {
namespace {

using namespace engine;

// Arguments of a call from JavaScript, and the data that the function was defined with.
template <size_t Count>
struct Arguments {
  napi_value values[Count];
  void* data = nullptr;

  Arguments(napi_env env, napi_callback_info info) {
    size_t count = Count;
    napi_get_cb_info(env, info, &count, values, nullptr, &data);
  }
  napi_value operator[](size_t index) const { return values[index]; }
};

double numberOf(napi_env env, napi_value value) {
  double number = 0;
  napi_get_value_double(env, value, &number);
  return number;
}

// Returns the address of a typed array's data; null if the argument is null.
void* dataOf(napi_env env, napi_value array) {
  void* data = nullptr;
  napi_get_typedarray_info(env, array, nullptr, nullptr, &data, nullptr, nullptr);
  return data;
}

// Writes the struct of a call: `bytes` bytes of numbers from the first argument, then the address of each array.
void readCall(napi_env env, const napi_value* arguments, size_t bytes, int arrays, void* call) {
  auto* to = static_cast<unsigned char*>(call);
  std::memcpy(to, dataOf(env, arguments[0]), bytes);
  for (int i = 0; i < arrays; i++) {
    void* data = dataOf(env, arguments[1 + i]);
    std::memcpy(to + bytes + i * sizeof data, &data, sizeof data);
  }
}

// Adds a function to an object; `data` is passed to each call of the function.
void define(napi_env env, napi_value object, const char* name, napi_callback callback, const void* data) {
  napi_value function;
  napi_create_function(env, name, NAPI_AUTO_LENGTH, callback, const_cast<void*>(data), &function);
  napi_set_named_property(env, object, name, function);
}

// run(kernel, numbers, ...arrays): runs a kernel, by its index in the table of the function's instruction set.
napi_value run(napi_env env, napi_callback_info info) {
  const Arguments<2 + mostCallBytes / sizeof(void*)> arguments(env, info);
  const int kernel = static_cast<int>(numberOf(env, arguments[0]));
  const CallSize size = callSizes[kernel];
  alignas(8) unsigned char call[mostCallBytes];
  readCall(env, arguments.values + 1, size.bytes, size.arrays, call);
  runKernel(*static_cast<const KernelTable*>(arguments.data), kernel, call);
  return nullptr;
}

// makeEngine(program, parameters): makes an engine from the integers of a program and an array of its parameters.
napi_value makeEngine(napi_env env, napi_callback_info info) {
  const Arguments<2> arguments(env, info);
  std::vector<const float*> parameters;
  uint32_t count = 0;
  napi_get_array_length(env, arguments[1], &count);
  for (uint32_t i = 0; i < count; i++) {
    napi_value parameter;
    napi_get_element(env, arguments[1], i, &parameter);
    parameters.push_back(static_cast<float*>(dataOf(env, parameter)));
  }
  const auto* program = static_cast<const int32_t*>(dataOf(env, arguments[0]));
  auto* engine = new Engine(readProgram(program), parameters, *static_cast<const EngineKernels*>(arguments.data));
  napi_value handle;
  const auto finalize = [](napi_env, void* data, void*) { delete static_cast<Engine*>(data); };
  napi_create_external(env, engine, finalize, nullptr, &handle);
  return handle;
}

// Drawing that runs off the main thread.
struct Job {
  const Engine* engine;
  DrawingCall call;
  int32_t* stop;
  double result;
  napi_ref arguments;  // kept alive until the end
  napi_deferred deferred;
  napi_threadsafe_function onRow;
  napi_async_work work;
  int waiting = 2;  // for the work to end, and for the last call of onRow

  static constexpr intptr_t allRows = -1;

  void tell(intptr_t rows) const {
    napi_call_threadsafe_function(onRow, reinterpret_cast<void*>(rows), napi_tsfn_nonblocking);
  }

  static void execute(napi_env, void* data) {
    auto& job = *static_cast<Job*>(data);
    const std::atomic_ref<int32_t> stop(*job.stop);
    Drawing drawing(*job.engine, job.call);
    while (!drawing.isDone() && !stop.load()) job.tell(drawing.drawRow());
    job.result = drawing.failedSum();
    job.tell(allRows);
  }

  static void complete(napi_env env, napi_status, void* data) { static_cast<Job*>(data)->end(env); }

  static void callOnRow(napi_env env, napi_value function, void* context, void* data) {
    if (!env) return;
    const auto rows = reinterpret_cast<intptr_t>(data);
    if (rows == allRows) return static_cast<Job*>(context)->end(env);
    if (!function) return;
    napi_value argument, undefined;
    napi_create_int32(env, static_cast<int>(rows), &argument);
    napi_get_undefined(env, &undefined);
    napi_call_function(env, undefined, function, 1, &argument, nullptr);
  }

  void end(napi_env env) {
    if (--waiting > 0) return;
    napi_value sum;
    napi_create_double(env, result, &sum);
    napi_resolve_deferred(env, deferred, sum);
    napi_release_threadsafe_function(onRow, napi_tsfn_release);
    napi_delete_reference(env, arguments);
    napi_delete_async_work(env, work);
    delete this;
  }
};

// draw(engine, stop, onRow, numbers, ...arrays): returns a promise of 1, or of the sum of probabilities that made the
// drawing fail. `stop` is read after each row: a value other than 0 ends the work. onRow, if not null, is called with
// the number of finished rows.
napi_value draw(napi_env env, napi_callback_info info) {
  const Arguments<4 + drawingArrays> arguments(env, info);
  void* engine = nullptr;
  napi_get_value_external(env, arguments[0], &engine);
  auto job = std::make_unique<Job>();
  job->engine = static_cast<Engine*>(engine);
  job->stop = static_cast<int32_t*>(dataOf(env, arguments[1]));
  readCall(env, arguments.values + 3, sizeof(DrawingNumbers), drawingArrays, &job->call);
  napi_value kept, name, promise;
  napi_create_array(env, &kept);
  for (uint32_t i = 0; i < 4 + drawingArrays; i++) napi_set_element(env, kept, i, arguments[i]);
  napi_create_reference(env, kept, 1, &job->arguments);
  napi_valuetype type = napi_null;
  napi_typeof(env, arguments[2], &type);
  napi_create_string_utf8(env, "pxv.draw", NAPI_AUTO_LENGTH, &name);
  napi_create_threadsafe_function(env, type == napi_function ? arguments[2] : nullptr, nullptr, name, 0, 1, nullptr,
                                  nullptr, job.get(), Job::callOnRow, &job->onRow);
  napi_create_promise(env, &job->deferred, &promise);
  napi_create_async_work(env, nullptr, name, Job::execute, Job::complete, job.get(), &job->work);
  napi_queue_async_work(env, job.release()->work);
  return promise;
}

napi_value getThreads(napi_env env, napi_callback_info) {
  napi_value count;
  napi_create_int32(env, threads(), &count);
  return count;
}

napi_value changeThreads(napi_env env, napi_callback_info info) {
  setThreads(static_cast<int>(numberOf(env, Arguments<1>(env, info)[0])));
  return nullptr;
}

// makeFloats(count): returns a Float32Array with unspecified contents; undefined if memory is exhausted.
napi_value makeFloats(napi_env env, napi_callback_info info) {
  const auto count = static_cast<size_t>(numberOf(env, Arguments<1>(env, info)[0]));
  float* floats = allocateFloats(count);
  if (floats == nullptr) return nullptr;
  napi_value buffer = nullptr, array = nullptr;
  const auto release = [](napi_env, void* memory, void*) { freeFloats(static_cast<float*>(memory)); };
  if (napi_create_external_arraybuffer(env, floats, count * sizeof(float), release, nullptr, &buffer) != napi_ok) {
    freeFloats(floats);
    return nullptr;
  }
  napi_create_typedarray(env, napi_float32_array, count, buffer, 0, &array);
  return array;
}

// giveFloatsBack(array): frees the memory of a result of makeFloats at once, before V8 collects the array. The array is
// empty afterwards.
napi_value giveFloatsBack(napi_env env, napi_callback_info info) {
  napi_value buffer = nullptr;
  napi_get_typedarray_info(env, Arguments<1>(env, info)[0], nullptr, nullptr, nullptr, &buffer, nullptr);
  napi_detach_arraybuffer(env, buffer);
  return nullptr;
}

// Returns an object from each instruction set's name to its functions: run, makeEngine and draw.
napi_value functionsOf(napi_env env, const std::vector<RegisteredSet>& sets) {
  napi_value all;
  napi_create_object(env, &all);
  for (const RegisteredSet& set : sets) {
    napi_value functions;
    napi_create_object(env, &functions);
    define(env, functions, "run", run, &set.table);
    define(env, functions, "makeEngine", makeEngine, set.table.engine);
    define(env, functions, "draw", draw, set.table.engine);
    napi_set_named_property(env, all, set.name, functions);
  }
  return all;
}

}  // namespace

// Fills the module: signature (hash of the call layouts), makeFloats, giveFloatsBack, threads, setThreads,
// instructionSets in ascending order, and bf16, the sets with bfloat16 products.
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
