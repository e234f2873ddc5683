// Kernels `convolution` and `convolutionInputGradient`: one implicit matrix product over the unmasked taps (see
// convolution_plan.h).
#pragma once

#include <algorithm>

#include "../convolution_plan.h"
#include "../memory.h"
#include "../thread_pool.h"
#include "kernel_table.h"
#include "matrix_tile.h"
#include "numbers.h"
#include "packed_words.h"
#include "register_tile.h"

namespace pxv {

template <class Set>
inline constexpr WordLayout layoutOf{Set::lanes, Set::numbersInWord, Set::wordsInStep};

// Operations on a sum before it is stored, in this order; each pointer may be null.
struct Epilogue {
  const float* bias;       // [features]
  const float* reluInput;  // the destination's shape: sums become zero at values <= 0
  const float* plus;       // the destination's shape
  bool inBf16;             // the destination, reluInput and plus are stored in bfloat16
};

// Number of repetitions of a list's last pixel, two tiles: a partial tile stores the last pixel repeatedly, and the
// next tile is prefetched.
template <class Set>
inline constexpr int sparePixels = 2 * std::max({Set::tileRows[0], Set::tileRows[1], Set::tileRows[2]});

// Pixels of the grid: the offset of each source pixel, in words, and of each destination pixel, in floats.
struct Pixels {
  int count;
  const int* sources;
  const size_t* destinations;
};

// Stores a tile's sums. `Whole` is true if the panel fills its vectors.
template <bool Whole, class Set, int Rows, int Vectors, class Number>
[[gnu::always_inline]] inline void finishAs(RegisterTile<Set, Rows, Vectors>& tile, const Panel& panel,
                                            const size_t* pixels, const Epilogue& epilogue, Number* destination) {
  const auto zero = Set::fill(0.0f);
  const auto load = [&](const auto* from, int v) {
    from += panel.first + v * Set::lanes;
    return Whole ? Set::load(from) : Set::load(from, panel.width - v * Set::lanes, 0.0f);
  };
  if (epilogue.bias)
#pragma GCC unroll 3
    for (int v = 0; v < Vectors; v++) {
      const auto bias = load(epilogue.bias, v);
#pragma GCC unroll 16
      for (int row = 0; row < Rows; row++) tile.sums[row][v] += bias;
    }
  if (epilogue.reluInput) {
    const auto* input = reinterpret_cast<const Number*>(epilogue.reluInput);
    tile.each([&](int row, int v) __attribute__((always_inline)) {
      tile.sums[row][v] = load(input + pixels[row], v) > zero ? tile.sums[row][v] : zero;
    });
  }
  if (epilogue.plus) {
    const auto* plus = reinterpret_cast<const Number*>(epilogue.plus);
    tile.each([&](int row, int v) __attribute__((always_inline)) { tile.sums[row][v] += load(plus + pixels[row], v); });
  }
  tile.each([&](int row, int v) __attribute__((always_inline)) {
    Number* to = destination + pixels[row] + panel.first + v * Set::lanes;
    if (Whole)
      Set::store(to, tile.sums[row][v]);
    else
      Set::store(to, tile.sums[row][v], panel.width - v * Set::lanes);
  });
}

template <class Set, int Rows, int Vectors>
[[gnu::always_inline]] inline void finish(RegisterTile<Set, Rows, Vectors>& tile, const Panel& panel,
                                          const size_t* pixels, const Epilogue& epilogue, float* destination) {
  withNumbers<Set>(epilogue.inBf16, destination, [&](auto* numbers) __attribute__((always_inline)) {
    if (panel.width == tile.width)
      finishAs<true>(tile, panel, pixels, epilogue, numbers);
    else
      finishAs<false>(tile, panel, pixels, epilogue, numbers);
  });
}

// Prefetches the memory that `finish` reads and writes for `Rows` pixels of the next tile: short sums would otherwise
// wait for that memory.
template <class Set, int Rows, int Vectors>
[[gnu::always_inline]] inline void prefetch(const Panel& panel, const size_t* pixels, const Epilogue& epilogue,
                                            float* destination) {
  const auto of = [&](const float* array, size_t at) {
    return reinterpret_cast<const char*>(array) + at * (epilogue.inBf16 ? sizeof(Bfloat16) : sizeof(float));
  };
  RegisterTile<Set, Rows, Vectors>::each([&](int row, int v) __attribute__((always_inline)) {
    const size_t at = pixels[row] + panel.first + v * Set::lanes;
    __builtin_prefetch(of(destination, at), 1);
    if (epilogue.reluInput) __builtin_prefetch(of(epilogue.reluInput, at));
    if (epilogue.plus) __builtin_prefetch(of(epilogue.plus, at));
  });
}

template <class Set, int Vectors>
void convolvePanel(const ConvolutionPlan& plan, const PlanPanel& panel, const ptrdiff_t* tapOffsets,
                   const typename Set::Word* packed, const typename Set::Word* source, const Pixels& pixels,
                   const Epilogue& epilogue, float* destination) {
  using Word = typename Set::Word;
  constexpr int rows = Set::tileRows[Vectors - 1];
  using Tile = RegisterTile<Set, rows, Vectors>;
  // Prefetches are spread over long sums: sums stop while more lines are prefetched than the CPU can wait for.
  constexpr int rowsAtOnce = 2, longTap = 24, leastWords = 16;
  int panelWords = 0;
  for (int t = panel.tapsBegin; t < panel.tapsEnd; t++) panelWords += plan.taps[t].words;
  const bool spreads = panelWords >= longTap * (panel.tapsEnd - panel.tapsBegin);
  const int piece = std::max(leastWords, panelWords * rowsAtOnce / rows);
  for (int begin = 0; begin < pixels.count; begin += rows) {
    const Word* pointers[rows];
#pragma GCC unroll 16
    for (int row = 0; row < rows; row++) pointers[row] = source + pixels.sources[begin + row];
    const size_t* next = pixels.destinations + begin + rows;
    const size_t* const endNext = next + rows;
    if (!spreads) prefetch<Set, rows, Vectors>(panel, next, epilogue, destination);
    Tile tile;
    tile.clear();
    const Word* weights = packed + panel.weights;
    for (int t = panel.tapsBegin; t < panel.tapsEnd; t++) {
      const int words = plan.taps[t].words;
      if (!spreads) tile.accumulate(pointers, tapOffsets[t], words, weights);
      for (int word = 0; spreads && word < words; word += piece, next += rowsAtOnce) {
        if (next < endNext) prefetch<Set, rowsAtOnce, Vectors>(panel, next, epilogue, destination);
        tile.accumulate(pointers, tapOffsets[t] + word, std::min(piece, words - word), weights + word * Tile::width);
      }
      weights += static_cast<size_t>(words) * Tile::width;
    }
    for (; spreads && next < endNext; next += rowsAtOnce)
      prefetch<Set, rowsAtOnce, Vectors>(panel, next, epilogue, destination);
    finish(tile, panel, pixels.destinations + begin, epilogue, destination);
  }
}

// Stores the sums of `count` pixels from matrix tiles.
template <class Set, int Vectors>
[[gnu::always_inline]] inline void finishTiles(const Panel& panel, const float* sums, int count, const size_t* pixels,
                                               const Epilogue& epilogue, float* destination) {
  const auto finishRows = [&]<int Rows>(std::integral_constant<int, Rows>) __attribute__((always_inline)) {
    RegisterTile<Set, Rows, Vectors> tile;
    tile.each([&](int row, int v) __attribute__((always_inline)) {
      tile.sums[row][v] = Set::load(sums + (row * Vectors + v) * Set::lanes);
    });
    finish(tile, panel, pixels, epilogue, destination);
    sums += Rows * tile.width, pixels += Rows, count -= Rows;
  };
  while (count >= 8) finishRows(std::integral_constant<int, 8>());
  while (count > 0) finishRows(std::integral_constant<int, 1>());
}

// convolvePanel in matrix tiles; `pixels` lie in one row of the grid and are taken sixteen at a time, the last fewer.
template <class Set, int Vectors>
void convolvePanelInTiles(const ConvolutionPlan& plan, const PlanPanel& panel, const ptrdiff_t* tapOffsets,
                          const typename Set::Word* packed, const typename Set::Word* source, const Pixels& pixels,
                          const Epilogue& epilogue, float* destination) {
  constexpr int together = 2 * tileSide;
  const size_t stride = static_cast<size_t>(plan.sourceStep) * plan.sourceWords;
  for (int begin = 0; begin < pixels.count; begin += together) {
    alignas(64) float sums[together * Vectors * Set::lanes];
    const int count = std::min(together, pixels.count - begin);
    const PixelRow first{source + pixels.sources[begin], stride};
    if (count > tileSide) {
      const PixelRow rows[] = {first, {first.first + tileSide * stride, stride}};
      sumInTiles<2, Vectors>(plan, panel, tapOffsets, packed, rows, sums);
    } else {
      sumInTiles<1, Vectors>(plan, panel, tapOffsets, packed, {first}, sums);
    }
    finishTiles<Set, Vectors>(panel, sums, count, pixels.destinations + begin, epilogue, destination);
  }
}

// Returns whether matrix tiles may read pixels where they lie: sixteen pixels of a row at a time, and whole steps, none
// of which may lie beyond its pixel.
template <class Set>
bool fitsTiles(const ConvolutionPlan& plan) {
  if constexpr (!Set::hasMatrixTiles) return true;
  return plan.columns % tileSide == 0 && std::all_of(plan.taps.begin(), plan.taps.end(), [&](const PanelTap& tap) {
           return tap.word + tap.words <= plan.sourceWords;
         });
}

// Runs a plan. A task is a block of rows of one image. A task first copies its source rows, with a border of zeros and
// after the ReLU, so that the inner loop has no edges. For long pixels the copy pays even for a 1x1 without ReLU: the
// copy streams from memory, and the inner loop, with its many rows at once, reads the cache.
template <class Set, class Number>
void runPlan(const ConvolutionPlan& plan, int batch, const Number* source, const typename Set::Word* packed, bool relu,
             const Epilogue& epilogue, float* destination) {
  using Word = typename Set::Word;
  constexpr size_t windowWords = 32 * 1024;  // small enough for the second-level cache, beside the weights
  constexpr int shortPixel = 64;             // features
  constexpr int stripPixels = Set::hasMatrixTiles ? 64 : 48;  // go through all panels, and stay in the first level
  const int step = plan.sourceStep, features = plan.sourceFeatures, words = plan.sourceWords;
  const int columns = (plan.columns - 1) * step + plan.right - plan.left + 1;
  const size_t rowWords = static_cast<size_t>(columns) * words;
  const bool isPlaceByPlace = step == 1 && plan.rows <= plan.sourceHeight && plan.columns == plan.sourceWidth &&
                              plan.top == 0 && plan.left == 0 && plan.bottom == 0 && plan.right == 0;
  const bool isWords = sizeof(Number) * Set::numbersInWord == sizeof(Word);
  const bool readsInPlace = isPlaceByPlace && !relu && features <= shortPixel && isWords && fitsTiles<Set>(plan);
  const int mostRows = static_cast<int>(std::max<size_t>(1, windowWords / (rowWords * step)));
  const int blocks = (plan.rows + mostRows - 1) / mostRows;
  const int blockRows = (plan.rows + blocks - 1) / blocks;

  parallelFor(batch * blocks, [&](int task) {
    static thread_local Scratch windowScratch, sourceScratch, destinationScratch, offsetScratch;
    const int image = task / blocks, row = task % blocks * blockRows, rows = std::min(blockRows, plan.rows - row);
    if (rows <= 0) return;

    const Number* from = source + static_cast<size_t>(image) * plan.sourceHeight * plan.sourceWidth * features;
    const Window window{row * step + plan.top, (rows - 1) * step + plan.bottom - plan.top + 1, plan.left, columns};
    const Word* read;
    if (readsInPlace) {
      read = reinterpret_cast<const Word*>(from + static_cast<size_t>(row) * plan.sourceWidth * features);
    } else {
      // A tile reads sixteen pixels and whole steps: words beyond the last are multiplied by zero or not stored.
      const size_t count = window.rows * rowWords, behind = Set::hasMatrixTiles ? tileSide * (step * words + 1) : 0;
      Word* copy = windowScratch.reserve<Word>(count + behind);
      copyWindow<Set>(plan, from, window, relu, copy);
      std::memset(copy + count, 0, behind * sizeof(Word));
      read = copy;
    }

    const int count = rows * plan.columns;
    constexpr int spare = sparePixels<Set>;
    int* sources = sourceScratch.reserve<int>(count + spare);
    size_t* destinations = destinationScratch.reserve<size_t>(count + spare);
    for (int r = 0, i = 0; r < rows; r++) {
      const size_t y = plan.firstRow + static_cast<size_t>(row + r) * plan.gridStep;
      const size_t pixel = (image * static_cast<size_t>(plan.height) + y) * plan.width + plan.firstColumn;
      const size_t apart = static_cast<size_t>(plan.gridStep) * plan.features;
      for (int c = 0; c < plan.columns; c++, i++) {
        sources[i] = (r * columns + c) * step * words;
        destinations[i] = pixel * plan.features + c * apart;
      }
    }
    std::fill_n(sources + count, spare, sources[count - 1]);
    std::fill_n(destinations + count, spare, destinations[count - 1]);
    const size_t taps = plan.taps.size();
    ptrdiff_t* offsets = offsetScratch.reserve<ptrdiff_t>(taps);
    for (size_t t = 0; t < taps; t++) {
      const PanelTap& tap = plan.taps[t];
      offsets[t] = (tap.dy - plan.top) * static_cast<ptrdiff_t>(rowWords) + (tap.dx - plan.left) * words + tap.word;
    }

    if constexpr (Set::hasMatrixTiles) {
      const MatrixTiles tiles;
      for (int r = 0; r < rows; r++)
        for (int begin = r * plan.columns; begin < (r + 1) * plan.columns; begin += stripPixels) {
          const int pixelsLeft = (r + 1) * plan.columns - begin;
          const Pixels pixels{std::min(stripPixels, pixelsLeft), sources + begin, destinations + begin};
          // What the next pixels' sums are added to, and where they go, is fetched meanwhile.
          const int after = begin + pixels.count, next = plan.gridStep == 1 ? std::min(stripPixels, count - after) : 0;
          const size_t bytes = epilogue.inBf16 ? sizeof(Bfloat16) : sizeof(float);
          const size_t part = next * plan.features * bytes / plan.panels.size() + 1;
          size_t fetched = next > 0 ? destinations[after] * bytes : 0;
          for (const PlanPanel& panel : plan.panels) {
            if (next > 0)
              for (const size_t end = fetched + part; fetched < end; fetched += 64) {
                __builtin_prefetch(reinterpret_cast<const char*>(destination) + fetched, 1, 2);
                for (const float* read : {epilogue.plus, epilogue.reluInput})
                  if (read) __builtin_prefetch(reinterpret_cast<const char*>(read) + fetched, 0, 2);
              }
            withVectors(panel.vectors, [&](auto vectors) {
              convolvePanelInTiles<Set, vectors>(plan, panel, offsets, packed, read, pixels, epilogue, destination);
            });
          }
        }
    } else {
      for (int begin = 0; begin < count; begin += stripPixels) {
        const Pixels pixels{std::min(stripPixels, count - begin), sources + begin, destinations + begin};
        for (const PlanPanel& panel : plan.panels)
          withVectors(panel.vectors, [&](auto vectors) {
            convolvePanel<Set, vectors>(plan, panel, offsets, packed, read, pixels, epilogue, destination);
          });
      }
    }
  });
}

template <class Set>
void convolution(const ConvolutionCall& call) {
  const auto [batch, relu] = call.numbers;
  const ConvolutionShape shape(call.shape);
  const ConvolutionPlan& plan = planForward(shape, layoutOf<Set>);
  const auto* packed = packWeights<Set>(shape, plan, call.weights, false);
  const Epilogue epilogue{call.bias, nullptr, call.plus, shape.outInBf16 != 0};
  withNumbers<Set>(shape.xInBf16, call.x,
                   [&](const auto* x) { runPlan<Set>(plan, batch, x, packed, relu, epilogue, call.out); });
}

// dx[i, k] = [no ReLU or x[i, k] > 0] * sum over taps, and over outputs o that see k, of dy[i - tap, o] w[tap, k, o].
template <class Set>
void convolutionInputGradient(const ConvolutionInputGradientCall& call) {
  const ConvolutionShape shape(call.shape);
  for (int phaseY = 0; phaseY < std::min(shape.stride, shape.inHeight); phaseY++)
    for (int phaseX = 0; phaseX < std::min(shape.stride, shape.inWidth); phaseX++) {
      const ConvolutionPlan& plan = planInputGradient(shape, phaseY, phaseX, layoutOf<Set>);
      const auto* packed = packWeights<Set>(shape, plan, call.weights, true);
      const Epilogue epilogue{nullptr, call.reluInput, call.plus, shape.xInBf16 != 0};
      withNumbers<Set>(shape.outInBf16, call.dy, [&](const auto* dy) {
        runPlan<Set>(plan, call.numbers.batch, dy, packed, false, epilogue, call.dx);
      });
    }
}

}  // namespace pxv
