#include "binding.h"

#include <atomic>
#include <cstring>
#include <memory>
#include <vector>

#include "drawing.h"
#include "engine.h"
#include "program.h"

namespace pxv {

void* dataOf(napi_env env, napi_value array) {
  void* data = nullptr;
  napi_get_typedarray_info(env, array, nullptr, nullptr, &data, nullptr, nullptr);
  return data;
}

void readCall(napi_env env, const napi_value* arguments, size_t bytes, int arrays, void* call) {
  auto* to = static_cast<unsigned char*>(call);
  std::memcpy(to, dataOf(env, arguments[0]), bytes);
  for (int i = 0; i < arrays; i++) {
    void* data = dataOf(env, arguments[1 + i]);
    std::memcpy(to + bytes + i * sizeof data, &data, sizeof data);
  }
}

void define(napi_env env, napi_value object, const char* name, napi_callback callback, const void* data) {
  napi_value function;
  napi_create_function(env, name, NAPI_AUTO_LENGTH, callback, const_cast<void*>(data), &function);
  napi_set_named_property(env, object, name, function);
}

namespace engine {
namespace {

// makeEngine(program, parameters): the numbers of a program, and its parameters' arrays.
napi_value makeEngine(napi_env env, napi_callback_info info) {
  size_t given = 2;
  napi_value arguments[2];
  void* kernels = nullptr;
  napi_get_cb_info(env, info, &given, arguments, nullptr, &kernels);
  std::vector<const float*> parameters;
  uint32_t count = 0;
  napi_get_array_length(env, arguments[1], &count);
  for (uint32_t i = 0; i < count; i++) {
    napi_value parameter;
    napi_get_element(env, arguments[1], i, &parameter);
    parameters.push_back(static_cast<float*>(dataOf(env, parameter)));
  }
  const auto* program = static_cast<const int32_t*>(dataOf(env, arguments[0]));
  auto* engine = new Engine(readProgram(program), parameters, *static_cast<const EngineKernels*>(kernels));
  napi_value handle;
  const auto finalize = [](napi_env, void* data, void*) { delete static_cast<Engine*>(data); };
  napi_create_external(env, engine, finalize, nullptr, &handle);
  return handle;
}

// A drawing on its way, off the main thread.
struct Job {
  const Engine* engine;
  DrawingCall call;
  int32_t* stop;
  double result;
  napi_ref arguments;  // kept alive until the end
  napi_deferred deferred;
  napi_threadsafe_function onRow;
  napi_async_work work;
  int waiting = 2;  // for the work to end, and for the last row to be told

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

// draw(engine, stop, onRow, numbers, ...arrays): a promise of the sum that made the drawing fail, 1 where none did. `stop` is looked
// at after each row: anything but 0 ends the work. onRow, or null, is told the rows that are done.
napi_value draw(napi_env env, napi_callback_info info) {
  constexpr size_t most = 4 + drawingArrays;
  napi_value arguments[most];
  size_t count = most;
  napi_get_cb_info(env, info, &count, arguments, nullptr, nullptr);
  void* engine = nullptr;
  napi_get_value_external(env, arguments[0], &engine);
  auto job = std::make_unique<Job>();
  job->engine = static_cast<Engine*>(engine);
  job->stop = static_cast<int32_t*>(dataOf(env, arguments[1]));
  readCall(env, arguments + 3, sizeof(DrawingNumbers), drawingArrays, &job->call);
  napi_value kept, name, promise;
  napi_create_array(env, &kept);
  for (uint32_t i = 0; i < most; i++) napi_set_element(env, kept, i, arguments[i]);
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

}  // namespace

void defineEngine(napi_env env, napi_value object, const KernelTable& table) {
  define(env, object, "makeEngine", makeEngine, table.engine);
  define(env, object, "draw", draw, table.engine);
}

}  // namespace engine
}  // namespace pxv
