// Kernel `convolutionFilterGradient`: dw[tap, k, o] = sum over pixels p of r(x[p + tap, k]) dy[p, o], and dbias[o] =
// sum over pixels of dy[p, o]. Register tiles and matrix tiles share the cut into tasks.
#pragma once

#include <array>
#include <utility>

#include "filter_gradient_tasks.h"
#include "numbers.h"
#include "register_tile.h"

namespace pxv {

// Words that a register tile sums over: rows x columns.
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

// Input features [first, first + count) of some rows and columns to copy, zero outside the image. `pitch`, the words of
// a pixel, is a multiple of `lanes`. In words of two numbers, the second is of the pixel one stride further down.
struct FeatureWindow {
  int row, rows, column, columns;
  int first, count, pitch;
};

template <class Set, class Number>
void copyFeatureWindow(const ConvolutionShape& shape, const Number* image, const FeatureWindow& window, bool relu,
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
    const Number* from[inWord];
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

template <class Set, class X, class Dy>
void filterGradientInRegisters(const ConvolutionShape& shape, bool relu, const FilterGradientArrays<X, Dy>& call) {
  using Word = typename Set::Word;
  constexpr int tileRows = Set::filterTileRows, inWord = Set::numbersInWord;
  constexpr auto oneVector = sumsOfRows<Set, 1>(std::make_integer_sequence<int, tileRows>());
  constexpr auto twoVectors = sumsOfRows<Set, 2>(std::make_integer_sequence<int, tileRows>());

  const FilterGradientPlan& plan = planFilterGradient(shape, Set::lanes, tileRows);
  const FilterTasks<Set> tasks(shape, plan, call.batch, 128, 20);
  const int windowColumns = (shape.outWidth - 1) * shape.stride + plan.right - plan.left + 1;
  sumInPieces(shape, plan, tasks, call, [&](const FilterChunk<X, Dy>& chunk) {
    static thread_local Scratch windowScratch, dyScratch;
    // An odd number of cache lines per pixel spreads a column of features over all sets of the cache.
    const int pitch = ((chunk.features + 15) / 16 | 1) * 16;
    const int gridRows = (chunk.rows + inWord - 1) / inWord, words = gridRows * shape.outWidth;
    const FeatureWindow window{chunk.row * shape.stride + plan.top,
                               (gridRows - 1) * inWord * shape.stride + plan.bottom - plan.top + 1,
                               plan.left,
                               windowColumns,
                               chunk.feature,
                               chunk.features,
                               pitch};
    Word* copy = windowScratch.reserve<Word>(static_cast<size_t>(window.rows) * window.columns * pitch);
    copyFeatureWindow<Set>(shape, chunk.x, window, relu, copy);
    Word* packed = dyScratch.reserve<Word>(static_cast<size_t>(words) * plan.columns);
    packDy<Set>(shape, plan, chunk, {1, words, words}, packed);
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

// Matrix tiles sum over the words of sixteen columns at a time: x is copied with adjacent columns, feature by feature,
// and rows of dy are padded with zeros.

// Words that matrix tiles sum over: rows of `steps` times sixteen columns.
struct TileGrid {
  int rows, steps;
  ptrdiff_t xRow;   // words from one row to the next in the window of x
  size_t xFeature;  // words from one feature to the next
};

// sums[Groups * 16][Vectors * 16] (+)= sum over the grid of x[feature][word] times the panel's dy[word].
template <int Groups, int Vectors>
void sumOverTiles(const TileGrid& grid, const uint32_t* x, const uint32_t* dy, bool fresh, float* sums) {
  using Tiles = MatrixTiles;
  constexpr int width = Vectors * tileSide, left = 4, right = 6;
  const auto each = [](auto&& visit) {
    [&]<int... I>(std::integer_sequence<int, I...>) {
      (visit(std::integral_constant<int, I>()), ...);
    }(std::make_integer_sequence<int, Groups * Vectors>());
  };
  const auto place = [&](int sum) { return sums + (sum / Vectors * width + sum % Vectors) * tileSide; };
  each([&](auto sum) {
    if (fresh)
      Tiles::clear<sum>();
    else
      Tiles::load<sum>(reinterpret_cast<const uint32_t*>(place(sum)), width);
  });
  for (int row = 0; row < grid.rows; row++, x += grid.xRow)
    for (int step = 0; step < grid.steps; step++, dy += tileSide * width) {
      Tiles::load<left>(x + step * tileSide, grid.xFeature);
      Tiles::load<right>(dy, width);
      if constexpr (Vectors == 2) Tiles::load<right + 1>(dy + tileSide, width);
      if constexpr (Groups == 2) Tiles::load<left + 1>(x + step * tileSide + tileSide * grid.xFeature, grid.xFeature);
      each([](auto sum) { Tiles::multiplyAdd<sum, left + sum / Vectors, right + sum % Vectors>(); });
    }
  each([&](auto sum) { Tiles::store<sum>(place(sum), width); });
}

// Rows of an image to copy, each with the row one stride further down, and all columns that the taps read.
struct TransposedWindow {
  int row, rows, column;
  int first, count;  // features
  int features;      // padded to a multiple of sixteen
  int columns;       // of each phase, a multiple of sixteen
};

// Copies a window as [row][phase][feature][columns] words, zero outside the image. A phase has every stride-th column.
template <class Set, class Number>
void copyTransposed(const ConvolutionShape& shape, const Number* image, const TransposedWindow& window, bool relu,
                    typename Set::Word* to) {
  const ptrdiff_t rowNumbers = static_cast<ptrdiff_t>(shape.inWidth) * shape.inFeatures;
  const ptrdiff_t step = static_cast<ptrdiff_t>(shape.stride) * shape.inFeatures;
  for (int row = window.row; row < window.row + window.rows; row++) {
    const int lowerRow = row + shape.stride;
    const bool isInside = row >= 0 && row < shape.inHeight, isLowerInside = lowerRow >= 0 && lowerRow < shape.inHeight;
    for (int phase = 0; phase < shape.stride; phase++, to += static_cast<size_t>(window.features) * window.columns)
      for (int begin = 0; begin < window.columns; begin += tileSide) {
        const int first = window.column + phase + begin * shape.stride, last = first + (tileSide - 1) * shape.stride;
        for (int k = 0; k < window.features; k += tileSide) {
          const int count = window.count - k;
          const Number* upper =
              image + row * rowNumbers + first * static_cast<ptrdiff_t>(shape.inFeatures) + window.first + k;
          const Number* lower = upper + (lowerRow - row) * rowNumbers;
          typename Set::Words words[tileSide] = {};
          if (isInside && isLowerInside && first >= 0 && last < shape.inWidth && count >= tileSide) {
#pragma GCC unroll 16
            for (int j = 0; j < tileSide; j++)
              words[j] = Set::loadAbreast(upper + j * step, tileSide, lower + j * step, tileSide);
          } else {
            for (int j = 0; j < tileSide; j++)
              if (const int column = first + j * shape.stride; column >= 0 && column < shape.inWidth)
                words[j] = Set::loadAbreast(upper + j * step, isInside ? count : 0, lower + j * step,
                                            isLowerInside ? count : 0);
          }
          Set::transpose(words);
          for (int j = 0; j < tileSide; j++)
            Set::store(to + static_cast<size_t>(k + j) * window.columns + begin,
                       relu ? Set::rectify(words[j]) : words[j]);
        }
      }
  }
}

template <class Set, class X, class Dy>
void filterGradientInTiles(const ConvolutionShape& shape, bool relu, const FilterGradientArrays<X, Dy>& call) {
  using Word = typename Set::Word;
  const FilterGradientPlan& plan = planFilterGradient(shape, tileSide, 2 * tileSide);
  // Few pixels keep dy in the first-level cache, and more share the rows that several taps read. Wide blocks pack dy
  // once.
  const int chunkPixels = plan.bottom > plan.top ? 256 : 128;
  constexpr int blockTiles = 8;
  const FilterTasks<Set> tasks(shape, plan, call.batch, chunkPixels, blockTiles);
  const int steps = (shape.outWidth + tileSide - 1) / tileSide;
  const int farthest = (plan.right - plan.left) / shape.stride;
  const int columns = (steps * tileSide + farthest + tileSide - 1) / tileSide * tileSide;
  sumInPieces(shape, plan, tasks, call, [&](const FilterChunk<X, Dy>& chunk) {
    static thread_local Scratch windowScratch, dyScratch;
    const int features = (chunk.features + tileSide - 1) / tileSide * tileSide;
    const int gridRows = (chunk.rows + 1) / 2, words = gridRows * steps * tileSide;
    const TransposedWindow window{chunk.row * shape.stride + plan.top,
                                  (gridRows - 1) * 2 * shape.stride + plan.bottom - plan.top + 1,
                                  plan.left,
                                  chunk.feature,
                                  chunk.features,
                                  features,
                                  columns};
    const ptrdiff_t phaseWords = static_cast<ptrdiff_t>(features) * columns, rowWords = shape.stride * phaseWords;
    // A tile of fewer than sixteen features also reads sixteen; the extra sums are dropped.
    Word* copy = windowScratch.reserve<Word>(window.rows * rowWords + tileSide * columns);
    copyTransposed<Set>(shape, chunk.x, window, relu, copy);
    Word* packed = dyScratch.reserve<Word>(static_cast<size_t>(words) * plan.columns);
    packDy<Set>(shape, plan, chunk, {gridRows, shape.outWidth, steps * tileSide}, packed);
    const TileGrid grid{gridRows, steps, 2 * shape.stride * rowWords, static_cast<size_t>(columns)};
    return [=, &plan, &shape](const FilterPanel& panel, const FeatureTile& tile, const auto& tap, float* sums,
                              bool fresh) {
      alignas(64) float partial[2 * tileSide * 2 * tileSide];
      const int right = tap.dx - plan.left, width = panel.vectors * tileSide;
      const Word* first = copy + (tap.dy - plan.top) * rowWords + right % shape.stride * phaseWords +
                          static_cast<ptrdiff_t>(tile.first - window.first) * columns + right / shape.stride;
      const auto sum = tile.count > tileSide ? panel.vectors == 2 ? sumOverTiles<2, 2> : sumOverTiles<2, 1>
                       : panel.vectors == 2 ? sumOverTiles<1, 2>
                                             : sumOverTiles<1, 1>;
      const auto* dyWords = packed + static_cast<size_t>(panel.column) * words;
      if (tile.count % tileSide == 0) return sum(grid, first, dyWords, fresh, sums);
      sum(grid, first, dyWords, true, partial);
      for (int j = 0; j < tile.count * width; j++) sums[j] = (fresh ? 0.0f : sums[j]) + partial[j];
    };
  });
}

template <class Set>
void convolutionFilterGradient(const ConvolutionFilterGradientCall& call) {
  const auto [batch, relu] = call.numbers;
  const ConvolutionShape shape(call.shape);
  withNumbers<Set>(shape.xInBf16, call.x, [&](const auto* x) {
    withNumbers<Set>(shape.outInBf16, call.dy, [&](const auto* dy) {
      const FilterGradientArrays arrays{batch, x, dy, call.dWeights, call.dBias};
      if constexpr (Set::hasMatrixTiles)
        filterGradientInTiles<Set>(shape, relu, arrays);
      else
        filterGradientInRegisters<Set>(shape, relu, arrays);
    });
  });
}

}  // namespace pxv
