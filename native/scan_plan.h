// Geometry of an LSTM layer, and the pixels that its taps read, in scan order.
#pragma once

#include <cstdint>
#include <vector>

#include "convolution_shape.h"

namespace pxv {

// View of the integers that src/backend/kernels/geometry.ts writes; src/backend/scan-shape.ts defines each number.
class ScanShape {
 public:
  explicit ScanShape(const int32_t* numbers) : ScanShape(ConvolutionShape(numbers)) {}

  const ConvolutionShape states;  // the state-to-state product, from h to 4h features
  const int cellDy, cellDx;       // offset of the pixel that a pixel's cell comes from
  const int groups;
  const int32_t* const groupSizes;  // [groups]
  const int steps;
  const int32_t* const stepLengths;  // [steps]
  const int32_t* const pixels;       // row * width + column, step after step

  int hidden() const { return states.inFeatures; }
  int pixelCount() const { return states.outHeight * states.outWidth; }

 private:
  explicit ScanShape(const ConvolutionShape& states)
      : states(states),
        cellDy(states.end()[0]),
        cellDx(states.end()[1]),
        groups(states.end()[2]),
        groupSizes(states.end() + 3),
        steps(groupSizes[groups]),
        stepLengths(groupSizes + groups + 1),
        pixels(stepLengths + steps) {}
};

// Pixels are row * width + column, -1 outside the image; places are positions in scan order.
struct ScanPlan {
  std::vector<int> sources;      // [taps][places]: the pixel that a tap reads
  std::vector<int> readers;      // [taps][places]: the pixel that reads this one through a tap
  std::vector<int> cellSources;  // [places]: the pixel that the cell comes from
  std::vector<int> lines;        // [places]: the row or column along which cells flow
  int lineCount;
  int longestStep;
};

// Plans the scan of a layer. The result is thread-local, valid until the thread's next call.
const ScanPlan& planScan(const ScanShape& shape);

}  // namespace pxv
