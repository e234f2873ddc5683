// The geometry of an LSTM layer, read in place from the integers that src/backend/kernels/geometry.ts writes: see
// src/backend/walk-shape.ts for what each number means.
#pragma once

#include <cstdint>

#include "convolution_shape.h"

namespace pxv {

class WalkShape {
 public:
  explicit WalkShape(const int32_t* numbers) : WalkShape(ConvolutionShape(numbers)) {}

  const ConvolutionShape states;  // the state-to-state product, from h to 4h features
  const int cellDy, cellDx;       // where a pixel's cell comes from
  const int groups;
  const int32_t* const groupSizes;  // [groups]
  const int steps;
  const int32_t* const stepLengths;  // [steps]
  const int32_t* const pixels;       // row * width + column, step after step

  int hidden() const { return states.inFeatures; }
  int pixelCount() const { return states.outHeight * states.outWidth; }

 private:
  explicit WalkShape(const ConvolutionShape& states)
      : states(states),
        cellDy(states.end()[0]),
        cellDx(states.end()[1]),
        groups(states.end()[2]),
        groupSizes(states.end() + 3),
        steps(groupSizes[groups]),
        stepLengths(groupSizes + groups + 1),
        pixels(stepLengths + steps) {}
};

}  // namespace pxv
