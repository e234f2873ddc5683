// Kernels `adam` and `rmsProp`: one pass over the weights; the compiler vectorizes, as no output overlaps an input.
#pragma once

#include "../thread_pool.h"
#include "kernel_table.h"

namespace pxv {

template <class Set>
void adam(const AdamCall& call) {
  forEach(call.numbers.count,
          [step = call.numbers, scale = *call.scale, w = call.weights, g = call.gradient, m = call.m, v = call.v,
           newW = call.newWeights, newM = call.newM, newV = call.newV](size_t i) {
            const float gradient = g[i] * scale;
            newM[i] = step.beta1 * m[i] + (1.0f - step.beta1) * gradient;
            newV[i] = step.beta2 * v[i] + (1.0f - step.beta2) * gradient * gradient;
            const float deviation = __builtin_sqrtf(newV[i] / step.correction2) + step.epsilon;
            newW[i] = w[i] - step.rate * (newM[i] / step.correction1) / deviation;
          });
}

template <class Set>
void rmsProp(const RmsPropCall& call) {
  forEach(call.numbers.count, [step = call.numbers, scale = *call.scale, w = call.weights, g = call.gradient,
                               v = call.v, newW = call.newWeights, newV = call.newV](size_t i) {
    const float gradient = g[i] * scale;
    newV[i] = step.decay * v[i] + (1.0f - step.decay) * gradient * gradient;
    newW[i] = w[i] - step.rate * gradient / (__builtin_sqrtf(newV[i]) + step.epsilon);
  });
}

}  // namespace pxv
