// Plans of a convolution and its gradients for the register tiles: each pixel of a grid in the destination image sums,
// over taps, a range of a source pixel's features times packed weights.
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

// Source features that a panel reads through a tap.
struct PanelTap {
  int dy, dx;               // offset of the source pixel from (row, column) * sourceStep
  int position;             // index of the weight matrix
  int first, count;         // source features
  const int32_t* sees;      // input features that each group of outputs sees
  int word = 0, words = 0;  // their words in the pixel; whole steps, so that the last may lie beyond the features
};

// Panel with its taps [tapsBegin, tapsEnd) of the plan and the offset of its packed weights, in words.
struct PlanPanel : Panel {
  int tapsBegin, tapsEnd;
  size_t weights;
};

// Minimum and maximum offsets of taps.
struct TapBounds {
  int top, left, bottom, right;
};

// Plan of a forward convolution, or of one grid of the input gradient.
struct ConvolutionPlan : TapBounds {
  int sourceHeight, sourceWidth, sourceFeatures;
  int sourceWords;                      // words of a source pixel
  int sourceStep;                       // source pixels from one pixel of the grid to the next
  int height, width, features;          // of the destination image
  int rows, columns;                    // of the grid
  int firstRow, firstColumn, gridStep;  // offset and step of the grid in the destination image
  std::vector<PlanPanel> panels;
  std::vector<PanelTap> taps;
  size_t packedWords;
};

// Layout of numbers for an instruction set: floats of a vector, numbers of a word, words added in one step.
struct WordLayout {
  int lanes, numbersInWord, wordsInStep;
};

// Plans the forward convolution. The result is thread-local, valid until the thread's next ConvolutionPlan.
const ConvolutionPlan& planForward(const ConvolutionShape& shape, const WordLayout& layout);
// Plans the grid of dx whose rows are phaseY and whose columns are phaseX modulo the stride. The result is
// thread-local, as planForward's.
const ConvolutionPlan& planInputGradient(const ConvolutionShape& shape, int phaseY, int phaseX,
                                         const WordLayout& layout);

// Panel of output features; `group` is that of its last one, which reads the most. `column` is the offset of its sums
// and packed dy, in floats of whole vectors.
struct FilterPanel : Panel {
  int group, column;
};

// Input features [first, first + count). Tiles end where the features visible to a group end, so that few masked sums
// are computed; tiles have a minimum size.
struct FeatureTile {
  int first, count;
};

// Plan of the gradient with respect to the weights. Each tile is a few input features times one panel of outputs,
// summed over pixels.
struct FilterGradientPlan : TapBounds {
  int columns;  // floats of whole vectors of all panels
  std::vector<FilterPanel> panels;
  std::vector<FeatureTile> tiles;
};

// Plans the filter gradient with tiles of at most `tileRows` features. The result is thread-local, valid until the
// thread's next call.
const FilterGradientPlan& planFilterGradient(const ConvolutionShape& shape, int lanes, int tileRows);

}  // namespace pxv
