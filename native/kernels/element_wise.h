// Kernels `relu`, `reluGradient`, `add`, `subtract`, `multiply`, `divide`, `addMoved`, `concatRows`, `sliceRows` and
// `sumRows`: memory-bound; the compiler vectorizes, as no output overlaps an input. Kernel `multiplyAdds`:
// compute-bound, for the roofline.
#pragma once

#include <algorithm>
#include <functional>

#include "../instruction_set.h"
#include "../memory.h"
#include "../thread_pool.h"
#include "kernel_table.h"

namespace pxv {

// max(x, 0). NaN stays NaN, so that a training notices NaN.
template <class Set>
void relu(const ReluCall& call) {
  const auto [length, x, out] = call;
  forEach(length.count, [=](size_t i) { out[i] = x[i] <= 0.0f ? 0.0f : x[i]; });
}

// d max(x, 0) = [x > 0] dx.
template <class Set>
void reluGradient(const ReluGradientCall& call) {
  const auto [length, x, dy, dx] = call;
  forEach(length.count, [=](size_t i) { dx[i] = x[i] > 0.0f ? dy[i] : 0.0f; });
}

// out[i] = operation(a[i], b[i mod period]).
template <class Call, class Operation>
void pairwise(const Call& call, Operation operation) {
  const float *a = call.a, *b = call.b;
  float* out = call.out;
  const size_t count = call.numbers.count, period = call.numbers.period;
  if (period == 1) return forEach(count, [=, single = *b](size_t i) { out[i] = operation(a[i], single); });
  forChunks(count, 32 * 1024, [=](size_t begin, size_t end) {
    for (size_t row = begin; row < end;) {
      const size_t first = row % period, length = std::min(period - first, end - row);
      PXV_NO_ALIAS
      for (size_t i = 0; i < length; i++) out[row + i] = operation(a[row + i], b[first + i]);
      row += length;
    }
  });
}

template <class Set>
void add(const AddCall& call) {
  pairwise(call, std::plus<float>());
}

template <class Set>
void subtract(const SubtractCall& call) {
  pairwise(call, std::minus<float>());
}

template <class Set>
void multiply(const MultiplyCall& call) {
  pairwise(call, std::multiplies<float>());
}

template <class Set>
void divide(const DivideCall& call) {
  pairwise(call, std::divides<float>());
}

// Image by image, out[i] = (a ? a[i] : 0) + b[i - offset], with b zero outside the image.
template <class Set>
void addMoved(const AddMovedCall& call) {
  const float *a = call.a, *b = call.b;
  float* out = call.out;
  const ptrdiff_t length = call.numbers.length, offset = call.numbers.offset;
  if (length == 0) return;
  const ptrdiff_t begin = std::clamp<ptrdiff_t>(offset, 0, length), end = std::clamp(length + offset, begin, length);
  parallelFor(call.numbers.batch, [&](int index) {
    const float *left = a ? a + index * length : nullptr, *right = b + index * length - offset;
    float* to = out + index * length;
    const auto copy = [&](ptrdiff_t from, ptrdiff_t upTo) {
      if (left)
        std::copy(left + from, left + upTo, to + from);
      else
        std::fill(to + from, to + upTo, 0.0f);
    };
    copy(0, begin);
    if (left) {
      PXV_NO_ALIAS
      for (ptrdiff_t i = begin; i < end; i++) to[i] = left[i] + right[i];
    } else {
      std::copy(right + begin, right + end, to + begin);
    }
    copy(end, length);
  });
}

// Number of rows that a task of `concatRows` or `sliceRows` copies.
constexpr size_t copiedRows = 512;

// Copies `length` values of each row in [begin, end); rows begin `fromStride` and `toStride` values apart.
template <class Set>
void copyRows(const float* from, size_t fromStride, float* to, size_t toStride, size_t length, size_t begin,
              size_t end) {
  for (size_t row = begin; row < end; row++) {
    const float* source = from + row * fromStride;
    float* target = to + row * toStride;
    PXV_NO_ALIAS
    for (size_t j = 0; j < length; j++) target[j] = source[j];
  }
}

template <class Set>
void concatRows(const ConcatRowsCall& call) {
  const auto& numbers = call.numbers;
  const size_t columns = static_cast<size_t>(numbers.columnsA) + numbers.columnsB + numbers.columnsC + numbers.columnsD;
  forChunks(numbers.rows, copiedRows, [&call, &numbers, columns](size_t begin, size_t end) {
    float* out = call.out;
    const auto append = [&](const float* from, size_t width) {
      if (from) copyRows<Set>(from, width, out, columns, width, begin, end);
      out += width;
    };
    append(call.a, numbers.columnsA);
    append(call.b, numbers.columnsB);
    append(call.c, numbers.columnsC);
    append(call.d, numbers.columnsD);
  });
}

template <class Set>
void sliceRows(const SliceRowsCall& call) {
  const auto& numbers = call.numbers;
  forChunks(numbers.rows, copiedRows, [&call, &numbers](size_t begin, size_t end) {
    copyRows<Set>(call.x + numbers.first, numbers.columns, call.out, numbers.length, numbers.length, begin, end);
  });
}

// Sums rows in blocks, then the sums of the blocks in order.
template <class Set>
void sumRows(const SumRowsCall& call) {
  const float* x = call.x;
  const size_t rows = call.numbers.rows, columns = call.numbers.columns;
  if (columns == 0) return;
  constexpr size_t blockRows = 256;
  const size_t blocks = (rows + blockRows - 1) / blockRows;
  static thread_local Scratch scratch;
  float* sums = scratch.reserve<float>(blocks * columns);
  const auto addRows = [columns](const float* from, size_t count, float* to) {
    std::fill_n(to, columns, 0.0f);
    for (size_t row = 0; row < count; row++, from += columns) {
      PXV_NO_ALIAS
      for (size_t j = 0; j < columns; j++) to[j] += from[j];
    }
  };
  parallelFor(static_cast<int>(blocks), [&](int index) {
    const size_t first = index * blockRows;
    addRows(x + first * columns, std::min(blockRows, rows - first), sums + index * columns);
  });
  addRows(sums, blocks, call.out);
}

// Twelve independent sums: two units with four cycles of latency need eight, and twelve fit sixteen registers. Read as
// a word, a float is its own upper half; the lower half is multiplied by zero.
template <class Set>
void multiplyAdds(const MultiplyAddsCall& call) {
  const int rounds = call.numbers.rounds;
  const float* x = call.x;
  float* out = call.out;
  constexpr int vectors = 12;
  forChunks(call.numbers.count, vectors * Set::lanes, [&](size_t begin, size_t end) {
    const auto half = Set::fill(0.5f), one = Set::fill(1.0f);
    typename Set::Floats values[vectors];
    for (size_t at = begin; at < end; at += vectors * Set::lanes) {
      const auto countOf = [&](int v) { return static_cast<int>(end - at) - v * Set::lanes; };
      for (int v = 0; v < vectors; v++)
        values[v] = countOf(v) > 0 ? Set::load(x + at + v * Set::lanes, countOf(v), 0.0f) : half;
      for (int round = 0; round < rounds; round++)
#pragma GCC unroll 12
        for (int v = 0; v < vectors; v++)
          values[v] = Set::multiplyAdd((typename Set::Words)values[v], (typename Set::Words)half, one);
      for (int v = 0; v < vectors; v++)
        if (countOf(v) > 0) Set::store(out + at + v * Set::lanes, values[v], countOf(v));
    }
  });
}

}  // namespace pxv
