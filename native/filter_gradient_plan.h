// The gradient of a convolution with respect to its weights, laid out for the register tiles: each tile is a few input
// features times one panel of outputs, and sums over pixels.
#pragma once

#include <cstddef>
#include <vector>

#include "convolution_shape.h"
#include "panel.h"

namespace pxv {

// Where a panel's sums and its packed dy start: `column` is how many floats of whole vectors lie before it.
struct FilterPanel : Panel {
  int group, column;
};

// Input features [first, first + count). Tiles are cut where what a group sees ends, so that few masked sums are
// computed, but not into slivers.
struct FeatureTile {
  int first, count;
};

struct FilterGradientPlan {
  int top, left, bottom, right;  // least and greatest offsets of a tap
  int columns;                   // floats of whole vectors of all panels
  std::vector<FilterPanel> panels;
  std::vector<FeatureTile> tiles;
};

// A plan of the calling thread, which lasts until its next one. Tiles have at most `tileRows` features.
const FilterGradientPlan& planFilterGradient(const ConvolutionShape& shape, int lanes, int tileRows);

}  // namespace pxv
