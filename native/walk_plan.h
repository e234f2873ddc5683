// The geometry of an LSTM layer, and which pixels meet in it, in the order of its walk.
#pragma once

#include <cstdint>
#include <vector>

#include "convolution_shape.h"

namespace pxv {

// Read in place from the integers that src/backend/kernels/geometry.ts writes: see src/backend/scan-shape.ts for what each
// number means.
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

// Pixels are row * width + column, -1 outside the image; places are positions in the order of the walk.
struct WalkPlan {
  std::vector<int> sources;      // [taps][places]: the pixel that a tap reads
  std::vector<int> readers;      // [taps][places]: the pixel that reads this one through a tap
  std::vector<int> cellSources;  // [places]: the pixel that the cell comes from
  std::vector<int> lines;        // [places]: the row or column along which cells flow
  int lineCount;
  int longestStep;
};

// A plan of the calling thread, which lasts until its next one.
const WalkPlan& planWalk(const WalkShape& shape);

}  // namespace pxv
