// Kernels of the engine, one table per instruction set: the same sums and functions as the kernels over whole images,
// for a few pixels at a time.
#pragma once

#include <cstddef>
#include <span>

#include "../kernels/earlier_pixels.h"

namespace pxv::engine {

// Matrix product of some pixels (its rows) and the packed weights of one panel of outputs.
struct PanelProduct {
  int taps;
  const float* const* sources;  // [taps]: the features that each tap reads for the first row
  const int* counts;            // [taps]: number of these features
  ptrdiff_t sourceStep;         // floats from one row to the next
  int firstRow, rows;           // of the sources; row 0 of the arrays below belongs to firstRow
  const float* weights;         // [tap][feature][vectors * lanes]
  int vectors, width;           // of the panel; `width` outputs are stored
  ptrdiff_t outStep;            // floats from one row to the next of the arrays below, except the bias
  const float* before;          // initial sums; null: zero
  const float* bias;            // [vectors * lanes] or null
  const float* plus;            // or null
  float* out;                   // out or reluOut may be null
  float* reluOut;
};

// LSTM cells of some pixels for one colour group of `size` features: see native/kernels/lstm_cell.h. Strides are h and
// 4h.
struct CellStep {
  int rows, hidden;
  int first, size;
  float* gates;         // [rows][4h]
  const float* before;  // [rows][h], as cells and states
  float* cells;
  float* states;
};

// Component of a mixture of logistics over levels.
struct Logistic {
  double weight, mean;
  double inverse;  // of the scale
};

struct EngineKernels {
  int lanes;         // floats of a vector
  int panelVectors;  // maximum vectors of a panel
  void (*multiply)(const PanelProduct& product);
  void (*cells)(const CellStep& step);
  // out = a + b for rows of `count` features `step` apart; out and reluOut may be null.
  void (*add)(const float* a, const float* b, int rows, int count, ptrdiff_t step, float* out, float* reluOut);
  // out = x and reluOut = max(x, 0); likewise.
  void (*store)(const float* x, ptrdiff_t xStep, int rows, int count, ptrdiff_t step, float* out, float* reluOut);

  // Write the probability of each level, in float64.
  void (*softmax)(const float* outputs, int levels, double* probabilities);
  void (*mixture)(const Logistic* logistics, int components, int levels, double* probabilities);

  std::span<MakeEarlierPixels* const> earlierMethods;  // see kernels/earlier_methods.h
};

}  // namespace pxv::engine
