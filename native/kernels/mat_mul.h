// Kernel `matMul`: a is cut into blocks of rows and b into packed panels. Long sums are cut into slices; a slice
// continues the stored sums of the slice before, so the order stays k ascending.
#pragma once

#include <algorithm>

#include "../memory.h"
#include "../panel.h"
#include "../thread_pool.h"
#include "kernel_table.h"
#include "register_tile.h"

namespace pxv {

// Matrix in memory: element (row, column) is at row * rowStep + column * columnStep.
struct StoredMatrix {
  const float* data;
  size_t rowStep, columnStep;
  StoredMatrix(const float* data, size_t rows, size_t columns, bool transposed)
      : data(data), rowStep(transposed ? 1 : columns), columnStep(transposed ? rows : 1) {}
};

// out[rows, panel] (+)= a[rows, slice] * packed[slice, panel]; a's rows are aStep floats apart.
template <class Set, int Vectors>
void multiplySlice(const Panel& panel, int rows, int slice, const float* a, size_t aStep, const float* packed,
                   bool fresh, float* out, size_t outStep) {
  constexpr int tileRows = Set::tileRows[Vectors - 1];
  for (int begin = 0; begin < rows; begin += tileRows) {
    const int count = std::min(tileRows, rows - begin);
    const float* pointers[tileRows];
    for (int row = 0; row < tileRows; row++) pointers[row] = a + (begin + std::min(row, count - 1)) * aStep;
    RegisterTile<Set, tileRows, Vectors> tile;
    tile.clear();
    const auto place = [&](int row, int v) { return out + (begin + row) * outStep + panel.first + v * Set::lanes; };
    const auto lanes = [&](int v) { return std::min(panel.width - v * Set::lanes, Set::lanes); };
    if (!fresh)
      tile.each([&](int row, int v) __attribute__((always_inline)) {
        if (row < count) tile.sums[row][v] = Set::load(place(row, v), lanes(v), 0.0f);
      });
    tile.accumulate(pointers, 0, slice, packed);
    tile.each([&](int row, int v) __attribute__((always_inline)) {
      if (row < count) Set::store(place(row, v), tile.sums[row][v], lanes(v));
    });
  }
}

template <class Set>
void matMul(const MatMulCall& call) {
  const auto [m, n, k, transposeA, transposeB] = call.numbers;
  float* out = call.out;
  if (m == 0 || n == 0) return;
  constexpr int panelWidth = 2 * Set::lanes, longestSlice = 512;
  const StoredMatrix left(call.a, m, k, transposeA), right(call.b, k, n, transposeB);
  const int panels = (n + panelWidth - 1) / panelWidth;
  // With few rows, blocks have few panels, so that all threads have work.
  constexpr int blockRows = 8 * Set::tileRows[1];
  const int rowBlocks = (m + blockRows - 1) / blockRows;
  const int blockPanels = std::clamp(rowBlocks * panels / 16, 1, panels);
  const int panelBlocks = (panels + blockPanels - 1) / blockPanels;

  static thread_local Scratch packedScratch;
  float* packed = packedScratch.reserve<float>(static_cast<size_t>(std::min(k, longestSlice)) * panels * panelWidth);
  if (k == 0) std::memset(out, 0, static_cast<size_t>(m) * n * sizeof(float));
  for (int begin = 0; begin < k; begin += longestSlice) {
    const int slice = std::min(longestSlice, k - begin);
    const auto panelAt = [&](int index) {
      const int first = index * panelWidth, width = std::min(panelWidth, n - first);
      return Panel{first, width, width > Set::lanes ? 2 : 1};
    };

    parallelFor(panels, [&](int index) {
      const Panel panel = panelAt(index);
      const int width = panel.vectors * Set::lanes;
      float* to = packed + static_cast<size_t>(index) * slice * panelWidth;
      for (int i = 0; i < slice; i++, to += width) {
        const float* from = right.data + (begin + i) * right.rowStep + panel.first * right.columnStep;
        for (int j = 0; j < panel.width; j++) to[j] = from[j * right.columnStep];
        for (int j = panel.width; j < width; j++) to[j] = 0.0f;
      }
    });

    parallelFor(rowBlocks * panelBlocks, [&](int task) {
      static thread_local Scratch rowScratch;
      const int firstRow = task / panelBlocks * blockRows, rows = std::min(blockRows, m - firstRow);
      const int firstPanel = task % panelBlocks * blockPanels, endPanel = std::min(panels, firstPanel + blockPanels);
      const float* from = left.data + firstRow * left.rowStep + begin * left.columnStep;
      size_t step = left.rowStep;
      if (transposeA) {
        // Not a power of two, so that a column does not map to one set of the cache; 16 rows fill a line of `from`.
        step = slice + 16;
        float* copy = rowScratch.reserve<float>(rows * step);
        for (int first = 0; first < rows; first += 16)
          for (int i = 0; i < slice; i++)
            for (int row = first; row < std::min(rows, first + 16); row++)
              copy[row * step + i] = from[row + i * left.columnStep];
        from = copy;
      }
      for (int index = firstPanel; index < endPanel; index++) {
        const Panel panel = panelAt(index);
        (panel.vectors == 2 ? multiplySlice<Set, 2>
                            : multiplySlice<Set, 1>)(panel, rows, slice, from, step,
                                                     packed + static_cast<size_t>(index) * slice * panelWidth,
                                                     begin == 0, out + static_cast<size_t>(firstRow) * n, n);
      }
    });
  }
}

}  // namespace pxv
