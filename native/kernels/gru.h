// Kernels `gruStep` and `gruStepGradient`: memory-bound; the compiler vectorizes the features of a pixel.
#pragma once

#include <algorithm>

#include "../instruction_set.h"
#include "../thread_pool.h"
#include "kernel_table.h"

namespace pxv {

// Calls body(pixel) in parallel for each pixel of all images.
template <class Body>
void forGruPixels(const GruNumbers& numbers, const Body& body) {
  constexpr size_t together = 64;
  forChunks(static_cast<size_t>(numbers.batch) * numbers.height * numbers.width, together,
            [&body](size_t begin, size_t end) {
              for (size_t pixel = begin; pixel < end; pixel++) body(pixel);
            });
}

// Templates of the instruction set, as one linked copy of a plain function would serve all sets.
template <class Set>
float clip(float x, float low, float high) {
  return x < low ? low : x > high ? high : x;
}

template <class Set>
float hardSigmoid(float x) {
  return clip<Set>(0.25f * x + 0.5f, 0.0f, 1.0f);
}

template <class Set>
void gruStep(const GruStepCall& call) {
  const size_t features = call.numbers.features;
  forGruPixels(call.numbers, [&call, features](size_t pixel) {
    const float *x = call.input + 3 * features * pixel, *u = call.recurrent + 3 * features * pixel;
    const float* h = call.state + features * pixel;
    const float exists = call.exists[pixel];
    float* out = call.out + features * pixel;
    PXV_NO_ALIAS
    for (size_t j = 0; j < features; j++) {
      const float z = hardSigmoid<Set>(x[j] + u[j]), r = hardSigmoid<Set>(x[features + j] + u[features + j]);
      const float n = clip<Set>(x[2 * features + j] + r * u[2 * features + j], -1.0f, 1.0f);
      out[j] = exists * (n + z * (h[j] - n));
    }
  });
}

// With a the candidate before it is clipped, and d = exists dOut:
//
//     dz = d (h - n),   da = d (1 - z) [-1 <= a <= 1],   dr = da recurrent_n,   dState = d z
//     dInput = (dz / 4 [0 <= z' <= 1], dr / 4 [0 <= r' <= 1], da),   dRecurrent = the same, but r da at the end
//
// where z' and r' are the gates before they are clipped.
template <class Set>
void gruStepGradient(const GruStepGradientCall& call) {
  const size_t features = call.numbers.features;
  forGruPixels(call.numbers, [&call, features](size_t pixel) {
    const float *x = call.input + 3 * features * pixel, *u = call.recurrent + 3 * features * pixel;
    const float *h = call.state + features * pixel, *dOut = call.dOut + features * pixel;
    const float exists = call.exists[pixel];
    float *dX = call.dInput + 3 * features * pixel, *dU = call.dRecurrent + 3 * features * pixel;
    float* dState = call.dState + features * pixel;
    PXV_NO_ALIAS
    for (size_t j = 0; j < features; j++) {
      const float linearZ = 0.25f * (x[j] + u[j]) + 0.5f, z = clip<Set>(linearZ, 0.0f, 1.0f);
      const float linearR = 0.25f * (x[features + j] + u[features + j]) + 0.5f, r = clip<Set>(linearR, 0.0f, 1.0f);
      const float a = x[2 * features + j] + r * u[2 * features + j], n = clip<Set>(a, -1.0f, 1.0f);
      const float d = exists * dOut[j];
      const float dA = (a >= -1.0f) & (a <= 1.0f) ? d * (1.0f - z) : 0.0f;
      const float dZ = (linearZ >= 0.0f) & (linearZ <= 1.0f) ? 0.25f * d * (h[j] - n) : 0.0f;
      const float dR = (linearR >= 0.0f) & (linearR <= 1.0f) ? 0.25f * dA * u[2 * features + j] : 0.0f;
      dX[j] = dU[j] = dZ;
      dX[features + j] = dU[features + j] = dR;
      dX[2 * features + j] = dA;
      dU[2 * features + j] = r * dA;
      dState[j] = d * z;
    }
  });
}

}  // namespace pxv
