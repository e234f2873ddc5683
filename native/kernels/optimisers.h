// `adam` and `rmsProp`: one pass over the weights; the compiler finds the vectors, as no output overlaps an input.
#pragma once

#include "../chunks.h"
#include "../kernel_table.h"

namespace pxv {

template <class Set>
void adam(const AdamStep& step, const float* w, const float* g, const float* m, const float* v, float* newW,
          float* newM, float* newV) {
  auto chunk = [=](size_t begin, size_t end) {
#pragma GCC ivdep
    for (size_t i = begin; i < end; i++) {
      const float gradient = g[i] * step.gradientScale;
      newM[i] = step.beta1 * m[i] + (1.0f - step.beta1) * gradient;
      newV[i] = step.beta2 * v[i] + (1.0f - step.beta2) * gradient * gradient;
      const float deviation = __builtin_sqrtf(newV[i] / step.correction2) + step.epsilon;
      newW[i] = w[i] - step.rate * (newM[i] / step.correction1) / deviation;
    }
  };
  forChunks(step.count, chunk);
}

template <class Set>
void rmsProp(const RmsPropStep& step, const float* w, const float* g, const float* v, float* newW, float* newV) {
  auto chunk = [=](size_t begin, size_t end) {
#pragma GCC ivdep
    for (size_t i = begin; i < end; i++) {
      const float gradient = g[i] * step.gradientScale;
      newV[i] = step.decay * v[i] + (1.0f - step.decay) * gradient * gradient;
      newW[i] = w[i] - step.rate * gradient / (__builtin_sqrtf(newV[i]) + step.epsilon);
    }
  };
  forChunks(step.count, chunk);
}

template <class Set>
void fillOptimisers(KernelTable& table) {
  table.adam = adam<Set>;
  table.rmsProp = rmsProp<Set>;
}

}  // namespace pxv
