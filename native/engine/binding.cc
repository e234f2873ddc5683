#include "binding.h"

#include <memory>
#include <vector>

#include "drawing.h"
#include "engine.h"
#include "program.h"

namespace pxv::engine {
namespace {

class Arguments {
 public:
  Arguments(napi_env env, napi_callback_info info) : env_(env) {
    size_t count = most;
    napi_get_cb_info(env, info, &count, values_, nullptr, &data_);
  }

  const EngineKernels& kernels() const { return *static_cast<const EngineKernels*>(data_); }
  napi_value operator[](int index) const { return values_[index]; }
  double number(int index) const {
    double value = 0;
    napi_get_value_double(env_, values_[index], &value);
    return value;
  }
  // The numbers of a typed array; null where the argument is null.
  template <class Number>
  Number* array(int index) const {
    return arrayOf<Number>(values_[index]);
  }
  template <class Number>
  Number* arrayOf(napi_value value) const {
    void* data = nullptr;
    napi_get_typedarray_info(env_, value, nullptr, nullptr, &data, nullptr, nullptr);
    return static_cast<Number*>(data);
  }
  template <class Object>
  Object* external(int index) const {
    void* data = nullptr;
    napi_get_value_external(env_, values_[index], &data);
    return static_cast<Object*>(data);
  }
  bool isNull(int index) const {
    napi_valuetype type = napi_null;
    napi_typeof(env_, values_[index], &type);
    return type == napi_null || type == napi_undefined;
  }
  // Keeps the arguments alive until the reference is deleted.
  napi_ref keep() const {
    napi_value list;
    napi_create_array(env_, &list);
    for (uint32_t i = 0; i < most; i++) napi_set_element(env_, list, i, values_[i]);
    napi_ref reference;
    napi_create_reference(env_, list, 1, &reference);
    return reference;
  }

 private:
  static constexpr size_t most = 13;
  napi_env env_;
  napi_value values_[most];
  void* data_ = nullptr;
};

// makeEngine(program, parameters): the numbers of a program, and its parameters' arrays.
napi_value makeEngine(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  std::vector<const float*> parameters;
  uint32_t count = 0;
  napi_get_array_length(env, arguments[1], &count);
  for (uint32_t i = 0; i < count; i++) {
    napi_value parameter;
    napi_get_element(env, arguments[1], i, &parameter);
    parameters.push_back(arguments.arrayOf<float>(parameter));
  }
  auto* engine = new Engine(readProgram(arguments.array<int32_t>(0)), parameters, arguments.kernels());
  napi_value handle;
  const auto finalize = [](napi_env, void* data, void*) { delete static_cast<Engine*>(data); };
  napi_create_external(env, engine, finalize, nullptr, &handle);
  return handle;
}

// kind, levels, components, meanScale, 1 where colours choose together
Head headOf(const double* numbers) {
  return {static_cast<HeadKind>(static_cast<int>(numbers[0])),
          static_cast<int>(numbers[1]),
          {static_cast<int>(numbers[2]), numbers[3], numbers[4] != 0}};
}

// A drawing on its way, off the main thread.
struct Job {
  const Engine* engine;
  DrawingRequest request;
  double result;
  napi_ref arguments;
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
    job.result = drawImages(*job.engine, job.request, [&](int rows) { job.tell(rows); });
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

// The numbers of a shape, in the order of native/template_matching.h; none where there are no templates.
TemplateMatchingShape templatesOf(const double* numbers) {
  if (!numbers) return {};
  const auto whole = [&](int index) { return static_cast<int>(numbers[index]); };
  return {whole(0), whole(1), whole(2), whole(3), whole(4), whole(5), whole(6), whole(7), whole(8)};
}

LocalRegressionShape regressedOf(const double* numbers) {
  if (!numbers) return {};
  const auto whole = [&](int index) { return static_cast<int>(numbers[index]); };
  return {whole(0), whole(1), whole(2), whole(3), numbers[4], numbers[5]};
}

// drawImages(engine, [batch, head's five, anchorCount, middle, gain, temperature, topP, componentTemperature, carryWithin],
// [key, strata, counters], map, anchors, levels, nats, outputs, stop, onRow, references, templates, regressed): a promise of the sum
// that made the drawing fail, 1 where none did. See DrawingRequest.
napi_value draw(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  const double* numbers = arguments.array<double>(1);
  const uint32_t* words = arguments.array<uint32_t>(2);
  auto job = std::make_unique<Job>();
  job->engine = arguments.external<Engine>(0);
  job->request = {
      .batch = static_cast<int>(numbers[0]),
      .map = arguments.array<float>(3),
      .anchors = arguments.array<float>(4),
      .anchorCount = static_cast<int>(numbers[6]),
      .references = arguments.array<float>(10),
      .templates = templatesOf(arguments.array<double>(11)),
      .regressed = regressedOf(arguments.array<double>(12)),
      .levels = arguments.array<int16_t>(5),
      .nats = arguments.array<double>(6),
      .outputs = arguments.array<float>(7),
      .head = headOf(numbers + 1),
      .features = {static_cast<float>(numbers[7]), static_cast<float>(numbers[8])},
      .settings = {numbers[9], numbers[10], numbers[11], static_cast<float>(numbers[12])},
      .key = {words[0], words[1]},
      .strata = words[2],
      .counters = words + 3,
      .stop = arguments.array<int32_t>(8),
  };
  job->arguments = arguments.keep();
  napi_value name, promise;
  napi_create_string_utf8(env, "pxv.drawImages", NAPI_AUTO_LENGTH, &name);
  napi_create_threadsafe_function(env, arguments.isNull(9) ? nullptr : arguments[9], nullptr, name, 0, 1, nullptr,
                                  nullptr, job.get(), Job::callOnRow, &job->onRow);
  napi_create_promise(env, &job->deferred, &promise);
  napi_create_async_work(env, nullptr, name, Job::execute, Job::complete, job.get(), &job->work);
  napi_queue_async_work(env, job.release()->work);
  return promise;
}

void define(napi_env env, napi_value object, const char* name, napi_callback callback, const EngineKernels* kernels) {
  napi_value function;
  napi_create_function(env, name, NAPI_AUTO_LENGTH, callback, const_cast<EngineKernels*>(kernels), &function);
  napi_set_named_property(env, object, name, function);
}

}  // namespace

void defineEngine(napi_env env, napi_value object, const KernelTable& table) {
  define(env, object, "makeEngine", makeEngine, table.engine);
  define(env, object, "drawImages", draw, table.engine);
}

}  // namespace pxv::engine
