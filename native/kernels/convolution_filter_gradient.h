// `convolutionFilterGradient`: dw[tap, k, o] = sum over pixels p of r(x[p + tap, k]) dy[p, o], and dbias[o] = sum over
// pixels of dy[p, o].
#pragma once

#include <array>
#include <utility>

#include "filter_gradient_tasks.h"
#include "register_tile.h"
#include "tile_filter_gradient.h"

namespace pxv {

// The words that a register tile sums over: rows x columns of them.
struct PixelGrid {
  int rows, columns;
  ptrdiff_t xRow, xColumn;  // words from one row and column to the next in the window of x
};

// sums[Rows][Vectors * lanes] (+)= sum over the grid, row by row, of x[word][0, Rows) times the panel's dy[word].
template <class Set, int Rows, int Vectors>
void sumOverPixels(const PixelGrid& grid, const typename Set::Word* x, const typename Set::Word* dy, bool fresh,
                   float* sums) {
  RegisterTile<Set, Rows, Vectors> tile;
  const auto place = [&](int row, int v) { return sums + (row * Vectors + v) * Set::lanes; };
  tile.clear();
  if (!fresh)
    tile.each([&](int row, int v) __attribute__((always_inline)) { tile.sums[row][v] = Set::load(place(row, v)); });
  for (int r = 0; r < grid.rows; r++, x += grid.xRow) {
    const auto* pixel = x;
    for (int c = 0; c < grid.columns; c++, pixel += grid.xColumn, dy += tile.width)
      tile.add(dy, [&](int row) __attribute__((always_inline)) { return pixel[row]; });
  }
  tile.each([&](int row, int v) __attribute__((always_inline)) { Set::store(place(row, v), tile.sums[row][v]); });
}

// [Rows - 1] -> sumOverPixels<Set, Rows, Vectors>.
template <class Set, int Vectors, int... Rows>
constexpr auto sumsOfRows(std::integer_sequence<int, Rows...>) {
  return std::array{&sumOverPixels<Set, Rows + 1, Vectors>...};
}

// Copies input features [first, first + count) of some rows and columns, `pitch` words a pixel, a multiple of `lanes`;
// zero outside. In words of two numbers, the second is that of the pixel a stride further down.
struct FeatureWindow {
  int row, rows, column, columns;
  int first, count, pitch;
};

template <class Set>
void copyFeatureWindow(const ConvolutionShape& shape, const float* image, const FeatureWindow& window, bool relu,
                       typename Set::Word* to) {
  using Word = typename Set::Word;
  constexpr int inWord = Set::numbersInWord;
  const auto zero = Set::fill(0.0f);
  const int begin = std::clamp(-window.column, 0, window.columns);
  const int end = std::clamp(shape.inWidth - window.column, begin, window.columns);
  const size_t rowWords = static_cast<size_t>(window.columns) * window.pitch;
  for (int row = window.row; row < window.row + window.rows; row++, to += rowWords) {
    std::memset(to, 0, begin * window.pitch * sizeof(Word));
    std::memset(to + end * window.pitch, 0, (window.columns - end) * window.pitch * sizeof(Word));
    const float* from[inWord];
    int counts[inWord];  // of features, none outside the image
    for (int i = 0; i < inWord; i++) {
      const int y = row + i * shape.stride;
      const bool isInside = y >= 0 && y < shape.inHeight;
      const ptrdiff_t pixel = isInside ? static_cast<ptrdiff_t>(y) * shape.inWidth + window.column + begin : 0;
      from[i] = image + pixel * shape.inFeatures + window.first;
      counts[i] = isInside ? window.count : 0;
    }
    for (int column = begin; column < end; column++) {
      Word* pixel = to + column * window.pitch;
      for (int k = 0; k < window.count; k += Set::lanes) {
        typename Set::Floats numbers[inWord];
        for (int i = 0; i < inWord; i++) {
          const auto value = Set::load(from[i] + k, counts[i] - k, 0.0f);
          numbers[i] = relu ? Set::max(value, zero) : value;
        }
        Set::store(pixel + k, Set::abreast(numbers));
      }
      for (int i = 0; i < inWord; i++) from[i] += shape.inFeatures;
    }
  }
}

template <class Set>
void convolutionFilterGradientInRegisters(const ConvolutionFilterGradientCall& call) {
  using Word = typename Set::Word;
  const auto [batch, relu] = call.numbers;
  const ConvolutionShape shape(call.shape);
  constexpr int tileRows = Set::filterTileRows, inWord = Set::numbersInWord;
  constexpr auto oneVector = sumsOfRows<Set, 1>(std::make_integer_sequence<int, tileRows>());
  constexpr auto twoVectors = sumsOfRows<Set, 2>(std::make_integer_sequence<int, tileRows>());

  const FilterGradientPlan& plan = planFilterGradient(shape, Set::lanes, tileRows);
  const FilterTasks<Set> tasks(shape, plan, batch, 128, 20);
  const int windowColumns = (shape.outWidth - 1) * shape.stride + plan.right - plan.left + 1;
  sumInPieces(shape, plan, tasks, call, [&](const FilterChunk& chunk) {
    static thread_local Scratch windowScratch, dyScratch;
    // An odd number of cache lines a pixel spreads a column of features over all sets of the cache.
    const int pitch = ((chunk.features + 15) / 16 | 1) * 16;
    const int gridRows = (chunk.rows + inWord - 1) / inWord, words = gridRows * shape.outWidth;
    const FeatureWindow window{chunk.row * shape.stride + plan.top,
                               (gridRows - 1) * inWord * shape.stride + plan.bottom - plan.top + 1,
                               plan.left, windowColumns, chunk.feature, chunk.features, pitch};
    Word* copy = windowScratch.reserve<Word>(static_cast<size_t>(window.rows) * window.columns * pitch);
    copyFeatureWindow<Set>(shape, chunk.x, window, relu, copy);
    Word* packed = dyScratch.reserve<Word>(static_cast<size_t>(words) * plan.columns);
    packDy<Set>(plan, chunk.dy, {1, words, words}, packed, chunk.biasSums);
    const ptrdiff_t rowWords = static_cast<ptrdiff_t>(windowColumns) * pitch;
    const PixelGrid grid{gridRows, shape.outWidth, inWord * shape.stride * rowWords,
                         static_cast<ptrdiff_t>(shape.stride) * pitch};
    return [=, &plan](const FilterPanel& panel, const FeatureTile& tile, const auto& tap, float* sums, bool fresh) {
      const Word* first =
          copy + (tap.dy - plan.top) * rowWords + (tap.dx - plan.left) * pitch + tile.first - window.first;
      const auto sum = (panel.vectors == 2 ? twoVectors : oneVector)[tile.count - 1];
      sum(grid, first, packed + panel.column * words, fresh, sums);
    };
  });
}

template <class Set>
void convolutionFilterGradient(const ConvolutionFilterGradientCall& call) {
  if constexpr (Set::hasMatrixTiles)
    convolutionFilterGradientInTiles<Set>(call);
  else
    convolutionFilterGradientInRegisters<Set>(call);
}

}  // namespace pxv
