// A convolution, or its gradient with respect to the input, laid out for the register tiles: each pixel of a grid in
// the destination image sums, over taps, a range of a source pixel's features times packed weights.
// Sources and weights are laid out in words of `numbersInWord` numbers (see instruction_set.h); a pixel starts a word.
//
// Forward, the source is x and the destination out. For the gradient, the source is dy and the destination dx, with the
// offsets of the taps negated and the weights transposed; with a stride s > 1, dx is s * s interleaved grids, each with
// its own taps.
#pragma once

#include <cstddef>
#include <vector>

#include "convolution_shape.h"
#include "panel.h"

namespace pxv {

// What one panel reads through one tap.
struct PanelTap {
  int dy, dx;               // source pixel, from (row, column) * sourceStep
  int position;             // which weight matrix
  int first, count;         // its features
  int word = 0, words = 0;  // where they lie in the pixel; whole steps, so that the last may lie behind them
};

// Taps [tapsBegin, tapsEnd) of the plan, and where the packed weights start, in words.
struct PlanPanel : Panel {
  int tapsBegin, tapsEnd;
  size_t weights;
};

// Least and greatest offsets of taps.
struct TapBounds {
  int top, left, bottom, right;
};

struct ConvolutionPlan : TapBounds {
  int sourceHeight, sourceWidth, sourceFeatures;
  int sourceWords;                      // of a pixel
  int sourceStep;                       // source pixels from one pixel of the grid to the next
  int height, width, features;          // of the destination image
  int rows, columns;                    // of the grid
  int firstRow, firstColumn, gridStep;  // where the grid lies in the destination image
  std::vector<PlanPanel> panels;
  std::vector<PanelTap> taps;
  size_t packedWords;
};

// How a set reads numbers: floats of a vector, numbers of a word, and words that it always adds together.
struct WordLayout {
  int lanes, numbersInWord, wordsInStep;
};

// Plans are of the calling thread, and last until its next one of that kind.
const ConvolutionPlan& planForward(const ConvolutionShape& shape, const WordLayout& layout);
// The grid of dx whose rows are phaseY and whose columns are phaseX modulo the stride.
const ConvolutionPlan& planInputGradient(const ConvolutionShape& shape, int phaseY, int phaseX,
                                         const WordLayout& layout);

// Where a panel's sums and its packed dy start: `column` is how many floats of whole vectors lie before it.
struct FilterPanel : Panel {
  int group, column;
};

// Input features [first, first + count). Tiles are cut where what a group sees ends, so that few masked sums are
// computed, but not into slivers.
struct FeatureTile {
  int first, count;
};

// The gradient with respect to the weights: each tile is a few input features times one panel of outputs, and sums over pixels.
struct FilterGradientPlan : TapBounds {
  int columns;  // floats of whole vectors of all panels
  std::vector<FilterPanel> panels;
  std::vector<FeatureTile> tiles;
};

// Tiles have at most `tileRows` features.
const FilterGradientPlan& planFilterGradient(const ConvolutionShape& shape, int lanes, int tileRows);

}  // namespace pxv
