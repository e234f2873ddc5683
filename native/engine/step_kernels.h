// Kernels of the engine for one instruction set. A matrix product has few rows (the images of a batch at one pixel) or
// many (all pixels of a row). All sums have the order of native/kernels/convolution.h.
#pragma once

#include "../instruction_set.h"
#include "../kernels/earlier_methods.h"
#include "../kernels/lstm_cell.h"
#include "../kernels/register_tile.h"
#include "../panel.h"
#include "elementary.h"
#include "engine_kernels.h"
#include "kernel_table.h"

namespace pxv::engine {

// Size of a register tile: rows x panel vectors of sums, beside a panel's weights and one broadcast value.
template <class Set>
struct StepTile {
  static constexpr int vectors = 3;
  static constexpr int rows = Set::lanes == 16 ? 8 : 4;  // of 32 or 16 registers
};

template <class Set, int Rows, int Vectors>
void multiplyTile(const PanelProduct& product, ptrdiff_t row) {
  constexpr int lanes = Set::lanes;
  RegisterTile<Set, Rows, Vectors> tile;
  const auto place = [&](int i, int v) { return (row + i) * product.outStep + v * lanes; };
  tile.clear();
  if (product.before)
    tile.each([&](int i, int v)
                  __attribute__((always_inline)) { tile.sums[i][v] = Set::load(product.before + place(i, v)); });
  const float* weights = product.weights;
  for (int t = 0; t < product.taps; weights += product.counts[t++] * tile.width) {
    const float* x[Rows];
#pragma GCC unroll 8
    for (int i = 0; i < Rows; i++) x[i] = product.sources[t] + (product.firstRow + row + i) * product.sourceStep;
    tile.accumulate(x, 0, product.counts[t], weights);
  }
  const auto zero = Set::fill(0.0f);
  tile.each([&](int i, int v) __attribute__((always_inline)) {
    auto sum = tile.sums[i][v];
    if (product.bias) sum += Set::load(product.bias + v * lanes);
    if (product.plus) sum += Set::load(product.plus + place(i, v));
    if (product.out) Set::store(product.out + place(i, v), sum, product.width - v * lanes);
    if (product.reluOut) Set::store(product.reluOut + place(i, v), Set::max(sum, zero), product.width - v * lanes);
  });
}

template <class Set, int Vectors>
void multiplyRows(const PanelProduct& product) {
  constexpr int rows = StepTile<Set>::rows;
  int row = 0;
  for (; row + rows <= product.rows; row += rows) multiplyTile<Set, rows, Vectors>(product, row);
  if (row == product.rows) return;
  withConstant<rows - 1>(product.rows - row, [&](auto rest) { multiplyTile<Set, rest, Vectors>(product, row); });
}

template <class Set>
void multiply(const PanelProduct& product) {
  static_assert(StepTile<Set>::vectors == 3);
  withVectors(product.vectors, [&](auto vectors) { multiplyRows<Set, vectors>(product); });
}

// One colour group, as lstm_cell.h reads it.
struct ColourGroup {
  static constexpr int groups = 1;
  int32_t groupSizes[1];
};

template <class Set>
void cells(const CellStep& step) {
  const ColourGroup group{{step.size}};
  const auto at = [&](int row) { return static_cast<ptrdiff_t>(row) * step.hidden + step.first; };
  for (int row = 0; row < step.rows; row++)
    cell<Set>(group, static_cast<const float*>(nullptr), step.before + at(row), step.gates + 4 * at(row),
              step.cells + at(row));
  for (int row = 0; row < step.rows; row++)
    state<Set>(group, step.gates + 4 * at(row), step.cells + at(row), step.states + at(row));
}

template <class Set, class Value>
[[gnu::always_inline]] inline void storeRows(int rows, int count, ptrdiff_t step, float* out, float* reluOut,
                                             Value&& value) {
  const typename Set::Floats zero{};
  for (int row = 0; row < rows; row++)
    for (int k = 0; k < count; k += Set::lanes) {
      const auto values = value(row, k);
      const ptrdiff_t at = row * step + k;
      if (out) Set::store(out + at, values, count - k);
      if (reluOut) Set::store(reluOut + at, Set::max(values, zero), count - k);
    }
}

template <class Set>
void addRows(const float* a, const float* b, int rows, int count, ptrdiff_t step, float* out, float* reluOut) {
  storeRows<Set>(rows, count, step, out, reluOut,
                 [&](int row, int k) { return Set::load(a + row * step + k) + Set::load(b + row * step + k); });
}

template <class Set>
void storeStates(const float* x, ptrdiff_t xStep, int rows, int count, ptrdiff_t step, float* out, float* reluOut) {
  // x may end with its last feature, as an array of JavaScript does.
  storeRows<Set>(rows, count, step, out, reluOut,
                 [&](int row, int k) { return Set::load(x + row * xStep + k, count - k, 0.0f); });
}

// Vectors of doubles with half of a set's lanes, widened from floats.
template <class Set>
struct Wide : Elementary<Set::lanes / 2> {
  static constexpr int lanes = Set::lanes / 2;
  using Doubles = typename Elementary<lanes>::Doubles;

  static Doubles load(const double* from) {
    Doubles values;
    std::memcpy(&values, from, sizeof values);
    return values;
  }
  static void store(double* to, Doubles values) { std::memcpy(to, &values, sizeof values); }
  // Reads `count` floats; lanes beyond them are zero.
  static Doubles widen(const float* from, int count) {
    typedef float Half __attribute__((vector_size(lanes * sizeof(float))));
    Half values{};
    if (count >= lanes)
      std::memcpy(&values, from, sizeof values);
    else
      std::memcpy(&values, from, count * sizeof(float));
    return __builtin_convertvector(values, Doubles);
  }
};

// `probabilities` has room for whole vectors beyond the last level.
template <class Set>
void softmax(const float* outputs, int levels, double* probabilities) {
  using W = Wide<Set>;
  float highest = outputs[0];
  for (int level = 1; level < levels; level++) highest = outputs[level] > highest ? outputs[level] : highest;
  for (int level = 0; level < levels; level += W::lanes)
    W::store(probabilities + level, W::exp(W::widen(outputs + level, levels - level) - static_cast<double>(highest)));
  double total = 0;
  for (int level = 0; level < levels; level++) total += probabilities[level];
  for (int level = 0; level < levels; level += W::lanes)
    W::store(probabilities + level, W::load(probabilities + level) / total);
}

template <class Set>
void mixture(const Logistic* logistics, int components, int levels, double* probabilities) {
  using W = Wide<Set>;
  using Doubles = typename W::Doubles;
  constexpr int most = 256;  // levels
  for (int level = 0; level < levels; level++) probabilities[level] = 0;

  Doubles ascending;
  for (int lane = 0; lane < W::lanes; lane++) ascending[lane] = lane;
  // above[level]: the weight times the probability of the logistic above the lower edge of the level.
  double above[most + W::lanes];
  for (int k = 0; k < components; k++) {
    const auto [weight, mean, inverse] = logistics[k];
    const double inner = -W::expm1(W::fill(-inverse))[0];
    const double last = probabilities[levels - 1];
    above[0] = weight;
    for (int level = 0; level < levels - 1; level += W::lanes) {
      const Doubles upper = ((level + ascending) + 0.5 - mean) * inverse;
      const auto right = upper > 0.0;
      const Doubles tail = W::exp(right ? -upper : upper);
      const Doubles larger = 1.0 / (1.0 + tail), smaller = tail * larger;
      W::store(above + level + 1, weight * (right ? smaller : larger));
      Doubles share = W::load(above + level) * inner;
      if (level == 0) share[0] = weight;
      const Doubles sum = W::load(probabilities + level) + share * (right ? larger : smaller);
      W::store(probabilities + level, sum);
    }
    // The last level has the tail; the vectors may have overwritten the last level.
    probabilities[levels - 1] = last + above[levels - 1];
  }
}

template <class Set>
inline constexpr EngineKernels stepKernels{
    Set::lanes,       StepTile<Set>::vectors, multiply<Set>, cells<Set>,          addRows<Set>,
    storeStates<Set>, softmax<Set>,           mixture<Set>,  earlierMethods<Set>,
};

}  // namespace pxv::engine
