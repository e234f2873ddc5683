// The boundary to JavaScript: each kernel is one function that takes numbers and typed arrays in the order of
// src/backend/native-kernels.ts, which has checked every length before it calls. The table of the instruction set comes with the
// function.
#define NAPI_VERSION 8
#include <node_api.h>

#include <cmath>

#include "convolution_shape.h"
#include "engine/binding.h"
#include "float_memory.h"
#include "local_regression.h"
#include "registry.h"
#include "template_matching.h"
#include "thread_pool.h"
#include "walk_shape.h"

namespace pxv {
namespace {

class Call {
 public:
  Call(napi_env env, napi_callback_info info) : env_(env) {
    size_t count = most;
    napi_get_cb_info(env, info, &count, arguments_, nullptr, &data_);
  }

  const KernelTable& kernels() const { return *static_cast<const KernelTable*>(data_); }
  double number(int index) const {
    double value = 0;
    napi_get_value_double(env_, arguments_[index], &value);
    return value;
  }
  float single(int index) const { return static_cast<float>(number(index)); }
  int integer(int index) const { return static_cast<int>(number(index)); }
  bool boolean(int index) const {
    bool value = false;
    napi_get_value_bool(env_, arguments_[index], &value);
    return value;
  }
  size_t length(int index) const { return view(index).length; }
  float* floats(int index) const { return static_cast<float*>(view(index).data); }
  const int32_t* integers(int index) const { return static_cast<const int32_t*>(view(index).data); }

 private:
  struct View {
    void* data = nullptr;
    size_t length = 0;
  };
  // An empty view where the argument is null.
  View view(int index) const {
    View view;
    napi_get_typedarray_info(env_, arguments_[index], nullptr, &view.length, &view.data, nullptr, nullptr);
    return view;
  }

  static constexpr size_t most = 13;
  napi_env env_;
  napi_value arguments_[most];
  void* data_ = nullptr;
};

template <void (*Kernel)(const Call&)>
napi_value entry(napi_env env, napi_callback_info info) {
  Kernel(Call(env, info));
  return nullptr;
}

void convolution(const Call& call) {
  call.kernels().convolution(ConvolutionShape(call.integers(0)), call.integer(1), call.floats(2), call.floats(3),
                             call.floats(4), call.floats(5), call.boolean(6), call.floats(7));
}

void convolutionInputGradient(const Call& call) {
  call.kernels().convolutionInputGradient(ConvolutionShape(call.integers(0)), call.integer(1), call.floats(2),
                                          call.floats(3), call.floats(4), call.floats(5), call.floats(6));
}

void convolutionFilterGradient(const Call& call) {
  call.kernels().convolutionFilterGradient(ConvolutionShape(call.integers(0)), call.integer(1), call.floats(2),
                                           call.floats(3), call.boolean(4), call.floats(5), call.floats(6));
}

void lstm(const Call& call) {
  call.kernels().lstm(WalkShape(call.integers(0)), call.integer(1), call.floats(2), call.floats(3), call.floats(4),
                      call.floats(5), call.floats(6), call.floats(7));
}

void lstmGradient(const Call& call) {
  call.kernels().lstmGradient(WalkShape(call.integers(0)), call.integer(1), call.floats(2), call.floats(3),
                              call.floats(4), call.floats(5), call.floats(6), call.floats(7), call.floats(8),
                              call.floats(9), call.floats(10));
}

void matMul(const Call& call) {
  call.kernels().matMul(call.floats(0), call.floats(1), call.integer(2), call.integer(3), call.integer(4),
                        call.boolean(5), call.boolean(6), call.floats(7));
}

void relu(const Call& call) { call.kernels().relu(call.length(1), call.floats(0), call.floats(1)); }

void reluGradient(const Call& call) {
  call.kernels().reluGradient(call.length(2), call.floats(0), call.floats(1), call.floats(2));
}

void add(const Call& call) {
  call.kernels().add(call.length(2), call.length(1), call.floats(0), call.floats(1), call.floats(2));
}

void addMoved(const Call& call) {
  const int batch = call.integer(0);
  call.kernels().addMoved(batch, call.length(4) / batch, call.integer(1), call.floats(2), call.floats(3),
                          call.floats(4));
}

void multiply(const Call& call) {
  call.kernels().multiply(call.length(2), call.floats(0), call.floats(1), call.floats(2));
}

void sumRows(const Call& call) {
  call.kernels().sumRows(call.integer(1), call.length(2), call.floats(0), call.floats(2));
}

void multiplyAdds(const Call& call) {
  call.kernels().multiplyAdds(call.integer(0), call.length(2), call.floats(1), call.floats(2));
}

void softmaxCrossEntropy(const Call& call) {
  call.kernels().softmaxCrossEntropy(call.floats(0), call.integers(1), call.integer(2), call.integer(3),
                                     call.floats(4));
}

void softmaxCrossEntropyGradient(const Call& call) {
  call.kernels().softmaxCrossEntropyGradient(call.floats(0), call.integers(1), call.floats(2), call.integer(3),
                                             call.integer(4), call.floats(5));
}

void sigmoidCrossEntropy(const Call& call) {
  call.kernels().sigmoidCrossEntropy(call.length(0), call.floats(0), call.integers(1), call.floats(2));
}

void sigmoidCrossEntropyGradient(const Call& call) {
  call.kernels().sigmoidCrossEntropyGradient(call.length(0), call.floats(0), call.integers(1), call.floats(2),
                                             call.floats(3));
}

MixtureShape mixtureShape(const Call& call) {
  return {call.integer(0), call.integer(1), call.single(2), call.integer(3), call.integer(4)};
}

void logisticMixture(const Call& call) {
  call.kernels().logisticMixture(mixtureShape(call), call.floats(5), call.integers(6), call.floats(7), call.integer(8),
                                 call.floats(9));
}

void logisticMixtureGradient(const Call& call) {
  call.kernels().logisticMixtureGradient(mixtureShape(call), call.floats(5), call.integers(6), call.floats(7),
                                         call.floats(8), call.integer(9), call.floats(10), call.floats(11));
}

// height, width, channels, frames, flows, flowScale.
WarpShape warpShape(const Call& call) {
  return {call.integer(0), call.integer(1), call.integer(2), call.integer(3), call.integer(4), call.single(5)};
}

void warpedMixture(const Call& call) {
  call.kernels().warpedMixture(warpShape(call), call.integer(6), call.floats(7), call.floats(8), call.floats(9));
}

void warpedMixtureGradient(const Call& call) {
  call.kernels().warpedMixtureGradient(warpShape(call), call.integer(6), call.floats(7), call.floats(8),
                                       call.floats(9), call.floats(10));
}

void warpedMixtureFramesGradient(const Call& call) {
  call.kernels().warpedMixtureFramesGradient(warpShape(call), call.integer(6), call.floats(7), call.floats(8),
                                             call.floats(9));
}

// height, width, channels, reach, margin, cost of motion, cost of distance; then the batch.
void blockMatching(const Call& call) {
  call.kernels().blockMatching({call.integer(0), call.integer(1), call.integer(2), call.integer(3), call.integer(4),
                                call.single(5), call.single(6)},
                               call.integer(7), call.floats(8), call.floats(9), call.floats(10));
}

// height, width, channels, references, reach, margin, cost of distance, small and usual cost; then the batch.
void templateMatching(const Call& call) {
  pxv::templateMatching(
      TemplateMatchingShape{call.integer(0), call.integer(1), call.integer(2), call.integer(3), call.integer(4),
                            call.integer(5), call.integer(6), call.integer(7), call.integer(8)},
      call.integer(9), call.floats(10), call.floats(11), call.floats(12));
}

// height, width, channels, references, highest level, gain; then the batch.
void localRegression(const Call& call) {
  pxv::localRegression(LocalRegressionShape{call.integer(0), call.integer(1), call.integer(2), call.integer(3),
                                            call.number(4), call.number(5)},
                       call.integer(6), call.floats(7), call.floats(8), call.floats(9), call.floats(10));
}

// settings: learningRate, beta1, beta2, epsilon, step.
void adam(const Call& call) {
  const double beta1 = call.number(1), beta2 = call.number(2), step = call.number(4);
  const float correction1 = static_cast<float>(1 - std::pow(beta1, step));
  const float correction2 = static_cast<float>(1 - std::pow(beta2, step));
  call.kernels().adam({call.length(5), call.single(0), static_cast<float>(beta1), static_cast<float>(beta2),
                       call.single(3), correction1, correction2, *call.floats(7)},
                      call.floats(5), call.floats(6), call.floats(8), call.floats(9), call.floats(10), call.floats(11),
                      call.floats(12));
}

// settings: learningRate, decay, epsilon.
void rmsProp(const Call& call) {
  call.kernels().rmsProp({call.length(3), call.single(0), call.single(1), call.single(2), *call.floats(5)},
                         call.floats(3), call.floats(4), call.floats(6), call.floats(7), call.floats(8));
}

struct Export {
  const char* name;
  napi_callback callback;
};

constexpr Export kernelExports[] = {
    {"convolution", entry<convolution>},
    {"convolutionInputGradient", entry<convolutionInputGradient>},
    {"convolutionFilterGradient", entry<convolutionFilterGradient>},
    {"lstm", entry<lstm>},
    {"lstmGradient", entry<lstmGradient>},
    {"matMul", entry<matMul>},
    {"relu", entry<relu>},
    {"reluGradient", entry<reluGradient>},
    {"add", entry<add>},
    {"addMoved", entry<addMoved>},
    {"multiply", entry<multiply>},
    {"sumRows", entry<sumRows>},
    {"multiplyAdds", entry<multiplyAdds>},
    {"softmaxCrossEntropy", entry<softmaxCrossEntropy>},
    {"softmaxCrossEntropyGradient", entry<softmaxCrossEntropyGradient>},
    {"sigmoidCrossEntropy", entry<sigmoidCrossEntropy>},
    {"sigmoidCrossEntropyGradient", entry<sigmoidCrossEntropyGradient>},
    {"logisticMixture", entry<logisticMixture>},
    {"logisticMixtureGradient", entry<logisticMixtureGradient>},
    {"warpedMixture", entry<warpedMixture>},
    {"warpedMixtureGradient", entry<warpedMixtureGradient>},
    {"warpedMixtureFramesGradient", entry<warpedMixtureFramesGradient>},
    {"blockMatching", entry<blockMatching>},
    {"templateMatching", entry<templateMatching>},
    {"localRegression", entry<localRegression>},
    {"adam", entry<adam>},
    {"rmsProp", entry<rmsProp>},
};

void define(napi_env env, napi_value object, const Export& function, const void* data) {
  napi_value value;
  napi_create_function(env, function.name, NAPI_AUTO_LENGTH, function.callback, const_cast<void*>(data), &value);
  napi_set_named_property(env, object, function.name, value);
}

napi_value getThreads(napi_env env, napi_callback_info) {
  napi_value count;
  napi_create_int32(env, threads(), &count);
  return count;
}

// An array of so many floats with unspecified contents; undefined where there is no memory.
napi_value makeFloats(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  const size_t count = static_cast<size_t>(call.number(0));
  napi_value buffer = nullptr, array = nullptr;
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

void changeThreads(const Call& call) { setThreads(call.integer(0)); }

// An object from each set's name to its kernels.
napi_value kernelsOf(napi_env env, const std::vector<RegisteredSet>& sets) {
  napi_value all;
  napi_create_object(env, &all);
  for (const RegisteredSet& set : sets) {
    napi_value kernels;
    napi_create_object(env, &kernels);
    for (const Export& function : kernelExports) define(env, kernels, function, &set.table);
    engine::defineEngine(env, kernels, set.table);
    napi_set_named_property(env, all, set.name, kernels);
  }
  return all;
}

}  // namespace

// The module: makeFloats(count), threads(), setThreads(n), instructionSets, an object from each name, in ascending
// order, to its kernels, and bf16, the same of those sets that have products in bfloat16.
napi_value initialize(napi_env env, napi_value module) {
  define(env, module, {"makeFloats", makeFloats}, nullptr);
  define(env, module, {"threads", getThreads}, nullptr);
  define(env, module, {"setThreads", entry<changeThreads>}, nullptr);
  napi_set_named_property(env, module, "instructionSets", kernelsOf(env, registry().sets));
  napi_set_named_property(env, module, "bf16", kernelsOf(env, registry().bf16));
  return module;
}

}  // namespace pxv

NAPI_MODULE_INIT() { return pxv::initialize(env, exports); }
