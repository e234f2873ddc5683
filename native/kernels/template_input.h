// `templateInput` and its gradient: bound by memory, a pixel after another.
#pragma once

#include "../chunks.h"
#include "kernel_table.h"
#include "template_matching.h"

namespace pxv {

// Pixels that a thread takes at once.
inline constexpr size_t templateInputPixels = 1024;

template <class Set>
void templateInput(const TemplateInputCall& call) {
  const auto [shape, found, anchor, sought, out] = call;
  const int channels = shape.channels, pictures = 2 * channels, features = pictures + 3;
  const size_t image = static_cast<size_t>(shape.height) * shape.width;
  auto chunk = [&](size_t begin, size_t end) {
    for (size_t pixel = begin; pixel < end; pixel++) {
      const bool isSought = !sought || sought[pixel / image] != 0.0f;
      for (int reference = 0; reference < shape.references; reference++) {
        const size_t at = (pixel * shape.references + reference) * features;
        const float *from = found + at, fit = 1.0f - from[pictures + 1], fits = fit * fit;
        float* to = out + at;
        for (int k = 0; k < features; k++) to[k] = !isSought ? 0.0f : from[k];
        if (!isSought) to[pictures + 1] = 1.0f;
        for (int k = 0; isSought && k <= pictures; k++)
          to[k] = (from[k] - (k < pictures ? anchor[pixel * channels + k % channels] : 0.0f)) * shape.gain * fits;
      }
    }
  };
  forChunks(shape.batch * image, chunk, templateInputPixels);
}

// d anchor = -gain sum over references of fits (d mean + d best), where fits is (1 - cost)^2: 0 where nothing is looked for.
template <class Set>
void templateInputGradient(const TemplateInputGradientCall& call) {
  const auto [shape, read, dOut, dAnchor] = call;
  const int channels = shape.channels, features = 2 * channels + 3;
  auto chunk = [&](size_t begin, size_t end) {
    for (size_t pixel = begin; pixel < end; pixel++)
      for (int k = 0; k < channels; k++) {
        float sum = 0;
        for (int reference = 0; reference < shape.references; reference++) {
          const size_t at = (pixel * shape.references + reference) * features;
          const float fit = 1.0f - read[at + 2 * channels + 1];
          sum += fit * fit * (dOut[at + k] + dOut[at + channels + k]);
        }
        dAnchor[pixel * channels + k] = -shape.gain * sum;
      }
  };
  forChunks(static_cast<size_t>(shape.batch) * shape.height * shape.width, chunk, templateInputPixels);
}

}  // namespace pxv
