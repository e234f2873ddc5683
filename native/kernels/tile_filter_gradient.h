// `convolutionFilterGradient` in matrix tiles. It is cut as that in registers is, but sums over the words of sixteen
// columns at a time: x is copied with its columns side by side, feature by feature, and rows of dy end in zeros.
#pragma once

#include "filter_gradient_tasks.h"

namespace pxv {

// Words that tiles sum over: rows of `steps` times sixteen columns.
struct TileGrid {
  int rows, steps;
  ptrdiff_t xRow;     // words from one row to the next in the window of x
  size_t xFeature;    // and from one feature to the next
};

// sums[16][Vectors * 16] = sum over the grid of x[feature][word] times the panel's dy[word].
template <int Vectors>
void sumOverTiles(const TileGrid& grid, const uint32_t* x, const uint32_t* dy, float* sums) {
  using Tiles = MatrixTiles;
  constexpr int width = Vectors * tileSide;
  Tiles::clear<0>();
  if constexpr (Vectors == 2) Tiles::clear<1>();
  for (int row = 0; row < grid.rows; row++, x += grid.xRow)
    for (int step = 0; step < grid.steps; step++, dy += tileSide * width) {
      Tiles::load<2>(x + step * tileSide, grid.xFeature);
      Tiles::load<3>(dy, width);
      Tiles::multiplyAdd<0, 2, 3>();
      if constexpr (Vectors == 2) {
        Tiles::load<4>(dy + tileSide, width);
        Tiles::multiplyAdd<1, 2, 4>();
      }
    }
  Tiles::store<0>(sums, width);
  if constexpr (Vectors == 2) Tiles::store<1>(sums + tileSide, width);
}

// Some rows of an image, each with the one a stride further down, and all columns that the taps read of it.
struct TransposedWindow {
  int row, rows, column;
  int first, count;  // features
  int features;      // with those that fill the last sixteen
  int columns;       // of each phase, a multiple of sixteen
};

// Copies [row][phase][feature][columns] words: a phase has the columns that lie a stride apart. Zero outside the image.
template <class Set>
void copyTransposed(const ConvolutionShape& shape, const float* image, const TransposedWindow& window, bool relu,
                    typename Set::Word* to) {
  const auto zero = Set::fill(0.0f);
  for (int row = window.row; row < window.row + window.rows; row++)
    for (int phase = 0; phase < shape.stride; phase++, to += static_cast<size_t>(window.features) * window.columns)
      for (int begin = 0; begin < window.columns; begin += tileSide)
        for (int k = 0; k < window.features; k += tileSide) {
          typename Set::Words words[tileSide];
          for (int j = 0; j < tileSide; j++) {
            const int column = window.column + phase + (begin + j) * shape.stride;
            typename Set::Floats numbers[2] = {};
            if (column >= 0 && column < shape.inWidth)
              for (int i = 0; i < 2; i++) {
                const int y = row + i * shape.stride;
                if (y < 0 || y >= shape.inHeight) continue;
                const ptrdiff_t pixel = static_cast<ptrdiff_t>(y) * shape.inWidth + column;
                const auto value =
                    Set::load(image + pixel * shape.inFeatures + window.first + k, window.count - k, 0.0f);
                numbers[i] = relu ? Set::max(value, zero) : value;
              }
            words[j] = Set::abreast(numbers);
          }
          Set::transpose(words);
          for (int j = 0; j < tileSide; j++)
            Set::store(to + static_cast<size_t>(k + j) * window.columns + begin, words[j]);
        }
}

template <class Set>
void convolutionFilterGradientInTiles(const ConvolutionFilterGradientCall& call) {
  using Word = typename Set::Word;
  const auto [batch, relu] = call.numbers;
  const ConvolutionShape shape(call.shape);
  const FilterGradientPlan& plan = planFilterGradient(shape, tileSide, tileSide);
  // The fewer blocks, the less often dy is packed; the more, the fewer pieces, each with as many sums as there are weights.
  constexpr int chunkPixels = 512, blockTiles = 3, blockTilesOfOneTap = 8;
  const FilterTasks<Set> tasks(shape, plan, batch, chunkPixels, shape.taps == 1 ? blockTilesOfOneTap : blockTiles);
  const int steps = (shape.outWidth + tileSide - 1) / tileSide;
  const int farthest = (plan.right - plan.left) / shape.stride;
  const int columns = (steps * tileSide + farthest + tileSide - 1) / tileSide * tileSide;
  sumInPieces(shape, plan, tasks, call, [&](const FilterChunk& chunk) {
    static thread_local Scratch windowScratch, dyScratch;
    const int features = (chunk.features + tileSide - 1) / tileSide * tileSide;
    const int gridRows = (chunk.rows + 1) / 2, words = gridRows * steps * tileSide;
    const TransposedWindow window{chunk.row * shape.stride + plan.top,
                                  (gridRows - 1) * 2 * shape.stride + plan.bottom - plan.top + 1,
                                  plan.left, chunk.feature, chunk.features, features, columns};
    const ptrdiff_t phaseWords = static_cast<ptrdiff_t>(features) * columns, rowWords = shape.stride * phaseWords;
    // A tile of fewer features reads sixteen all the same, and those sums are dropped.
    Word* copy = windowScratch.reserve<Word>(window.rows * rowWords + tileSide * columns);
    copyTransposed<Set>(shape, chunk.x, window, relu, copy);
    Word* packed = dyScratch.reserve<Word>(static_cast<size_t>(words) * plan.columns);
    packDy<Set>(plan, chunk.dy, {gridRows, shape.outWidth, steps * tileSide}, packed, chunk.biasSums);
    const TileGrid grid{gridRows, steps, 2 * shape.stride * rowWords, static_cast<size_t>(columns)};
    return [=, &plan, &shape](const FilterPanel& panel, const FeatureTile& tile, const auto& tap, float* sums,
                              bool fresh) {
      alignas(64) float tileSums[tileSide * 2 * tileSide];
      const int right = tap.dx - plan.left, width = panel.vectors * tileSide;
      const Word* first = copy + (tap.dy - plan.top) * rowWords + right % shape.stride * phaseWords +
                          static_cast<ptrdiff_t>(tile.first - window.first) * columns + right / shape.stride;
      const auto sum = panel.vectors == 2 ? sumOverTiles<2> : sumOverTiles<1>;
      sum(grid, first, packed + static_cast<size_t>(panel.column) * words, tileSums);
      if (fresh)
        std::copy_n(tileSums, tile.count * width, sums);
      else
        for (int j = 0; j < tile.count * width; j++) sums[j] += tileSums[j];
    };
  });
}

}  // namespace pxv
