// Which pixels meet in an LSTM layer, in the order of its walk.
#pragma once

#include <vector>

#include "walk_shape.h"

namespace pxv {

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
