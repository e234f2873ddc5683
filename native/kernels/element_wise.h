// `relu`, `reluGradient`, `add`, `multiply` and `sumRows`: bound by memory; the compiler finds the
// vectors, as no output overlaps an input.
#pragma once

#include <algorithm>

#include "../chunks.h"
#include "../kernel_table.h"
#include "../scratch.h"

namespace pxv {

template <class Set>
void relu(size_t count, const float* x, float* out) {
  auto chunk = [&](size_t begin, size_t end) {
#pragma GCC ivdep
    for (size_t i = begin; i < end; i++) out[i] = x[i] > 0.0f ? x[i] : 0.0f;
  };
  forChunks(count, chunk);
}

// d max(x, 0) = [x > 0] dx.
template <class Set>
void reluGradient(size_t count, const float* x, const float* dy, float* dx) {
  auto chunk = [&](size_t begin, size_t end) {
#pragma GCC ivdep
    for (size_t i = begin; i < end; i++) dx[i] = x[i] > 0.0f ? dy[i] : 0.0f;
  };
  forChunks(count, chunk);
}

// out[i] = a[i] + b[i mod period].
template <class Set>
void add(size_t count, size_t period, const float* a, const float* b, float* out) {
  auto chunk = [&](size_t begin, size_t end) {
    for (size_t row = begin; row < end;) {
      const size_t first = row % period, length = std::min(period - first, end - row);
#pragma GCC ivdep
      for (size_t i = 0; i < length; i++) out[row + i] = a[row + i] + b[first + i];
      row += length;
    }
  };
  forChunks(count, chunk);
}

template <class Set>
void multiply(size_t count, const float* a, const float* b, float* out) {
  auto chunk = [&](size_t begin, size_t end) {
#pragma GCC ivdep
    for (size_t i = begin; i < end; i++) out[i] = a[i] * b[i];
  };
  forChunks(count, chunk);
}

// Rows are summed in blocks, and the sums of the blocks in order.
template <class Set>
void sumRows(size_t rows, size_t columns, const float* x, float* out) {
  constexpr size_t blockRows = 256;
  const size_t blocks = (rows + blockRows - 1) / blockRows;
  static thread_local Scratch scratch;
  float* sums = scratch.reserve<float>(blocks * columns);
  const auto addRows = [columns](const float* from, size_t count, float* to) {
    std::fill_n(to, columns, 0.0f);
    for (size_t row = 0; row < count; row++, from += columns)
#pragma GCC ivdep
      for (size_t j = 0; j < columns; j++) to[j] += from[j];
  };
  auto block = [&](int index) {
    const size_t first = index * blockRows;
    addRows(x + first * columns, std::min(blockRows, rows - first), sums + index * columns);
  };
  parallelFor(static_cast<int>(blocks), block);
  addRows(sums, blocks, out);
}

template <class Set>
void fillElementWise(KernelTable& table) {
  table.relu = relu<Set>;
  table.reluGradient = reluGradient<Set>;
  table.add = add<Set>;
  table.multiply = multiply<Set>;
  table.sumRows = sumRows<Set>;
}

}  // namespace pxv
