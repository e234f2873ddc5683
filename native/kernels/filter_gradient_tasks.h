// Tasks of `convolutionFilterGradient`, for register and matrix tiles: pixels are cut into pieces and input features
// into blocks, both by shape alone. A task is one piece and one block. A task goes through its piece a few rows at a
// time, copies the parts of x and dy side by side, and adds to its own sums. A word of two numbers holds two pixels,
// one below the other: a sum then takes two rows at once, and the row of dy below an odd last row is zero. At the end
// the sums of the pieces are added in order, so the result does not depend on the number of threads.
#pragma once

#include <algorithm>
#include <type_traits>
#include <vector>

#include "../convolution_plan.h"
#include "../instruction_set.h"
#include "../memory.h"
#include "../thread_pool.h"
#include "kernel_table.h"
#include "matrix_tile.h"

namespace pxv {

// Part of a task: some rows of an image, and the features of the task's block. X and Dy are the numbers of x and dy.
template <class X, class Dy>
struct FilterChunk {
  const X* x;    // the image
  const Dy* dy;  // of the first row
  int row, rows;
  int feature, features;  // first feature, number of features
  float* biasSums;        // null if another task sums the biases
};

// Packs a panel of `count` words a feature, from word `begin` of the grid on, as [word][vectors * lanes], zero beyond
// the panel's width, and adds the sum of their pixels to sums[vectors * lanes].
template <class Set, int Vectors, class Chunk>
void packPanel(const ConvolutionShape& shape, const FilterPanel& panel, const Chunk& chunk, int begin, int count,
               typename Set::Word* packed, float* sums) {
  constexpr int inWord = Set::numbersInWord;
  typename Set::Floats sum[Vectors] = {};
  const size_t rowFloats = static_cast<size_t>(shape.outWidth) * shape.outFeatures;
  int row = begin / shape.outWidth * inWord, column = begin % shape.outWidth;
  const auto* pixel = chunk.dy + row * rowFloats + static_cast<size_t>(column) * shape.outFeatures + panel.first;
  for (int n = 0; n < count; n++, pixel += shape.outFeatures) {
#pragma GCC unroll 2
    for (int v = 0; v < Vectors; v++, packed += Set::lanes) {
      typename Set::Floats numbers[inWord] = {};
      for (int i = 0; i < inWord; i++) {
        if (i > 0 && row + i >= chunk.rows) continue;
        numbers[i] = Set::load(pixel + i * rowFloats + v * Set::lanes, panel.width - v * Set::lanes, 0.0f);
        sum[v] += numbers[i];
      }
      Set::store(packed, Set::abreast(numbers));
    }
    if (inWord > 1 && ++column == shape.outWidth) column = 0, row += inWord, pixel += (inWord - 1) * rowFloats;
  }
  for (int v = 0; v < Vectors; v++, sums += Set::lanes) Set::store(sums, Set::load(sums) + sum[v]);
}

// Rows of a packed panel: `words` words of dy each, and zeros up to `pitch`.
struct PackedRows {
  int rows, words, pitch;
};

// Packs all panels of a chunk into `packed`, where one panel follows the other. If chunk.biasSums is not null, adds the
// sum over the chunk's pixels to biasSums[columns]. The loop packs `together` words of every panel, then the next
// words, and so reads dy in memory order. A panel alone touches one or two cache lines of each pixel, too far apart for
// the hardware prefetcher.
template <class Set, class Chunk>
void packDy(const ConvolutionShape& shape, const FilterGradientPlan& plan, const Chunk& chunk, const PackedRows& to,
            typename Set::Word* packed) {
  constexpr int together = 8;
  static thread_local Scratch scratch;
  float* sums = scratch.reserve<float>(plan.columns);
  std::fill_n(sums, plan.columns, 0.0f);
  for (int row = 0; row < to.rows; row++)
    for (int begin = 0; begin < to.pitch; begin += together)
      for (const FilterPanel& panel : plan.panels) {
        const int width = panel.vectors * Set::lanes, taken = std::min(together, to.pitch - begin);
        const int count = std::clamp(to.words - begin, 0, taken);
        auto* place =
            packed + static_cast<size_t>(panel.column) * to.rows * to.pitch + (row * to.pitch + begin) * width;
        const auto pack = panel.vectors == 2 ? packPanel<Set, 2, Chunk> : packPanel<Set, 1, Chunk>;
        pack(shape, panel, chunk, row * to.words + begin, count, place, sums + panel.column);
        std::memset(place + count * width, 0, (taken - count) * width * sizeof *place);
      }
  if (!chunk.biasSums) return;
  for (int column = 0; column < plan.columns; column++) chunk.biasSums[column] += sums[column];
}

// Sums of each piece: [tap][k][...] of each panel, one panel after the other, then the bias sums of all panels.
template <class Set>
class PieceSums {
 public:
  PieceSums(const ConvolutionShape& shape, const FilterGradientPlan& plan, int pieces)
      : shape_(shape),
        plan_(plan),
        pieces_(pieces),
        weightFloats_(static_cast<size_t>(shape.taps) * shape.inFeatures * plan.columns),
        pieceFloats_(weightFloats_ + plan.columns) {
    static thread_local Scratch scratch;
    sums_ = scratch.reserve<float>(pieces * pieceFloats_);
  }

  float* at(int piece, const FilterPanel& panel, int tap, int feature) const {
    return sums_ + piece * pieceFloats_ + shape_.taps * static_cast<size_t>(shape_.inFeatures) * panel.column +
           (static_cast<size_t>(tap) * shape_.inFeatures + feature) * panel.vectors * Set::lanes;
  }
  float* bias(int piece) const { return sums_ + piece * pieceFloats_ + weightFloats_; }

  // Adds the sums of all pieces in order; dBias may be null.
  void addUp(float* dWeights, float* dBias) const {
    const size_t matrix = static_cast<size_t>(shape_.inFeatures) * shape_.outFeatures;
    std::memset(dWeights, 0, shape_.positions * matrix * sizeof(float));
    parallelFor(static_cast<int>(plan_.panels.size()), [&](int index) {
      const FilterPanel& panel = plan_.panels[index];
      for (int i = 0; i < shape_.taps; i++) {
        const auto tap = shape_.tap(i);
        for (int first = 0, end; first < panel.width; first = end) {
          const int group = shape_.groupOf(panel.first + first);
          end = std::min(panel.width, shape_.endOfGroup(group) - panel.first);
          float* to = dWeights + tap.position * matrix + panel.first;
          for (int k = 0; k < tap.sees[group]; k++, to += shape_.outFeatures)
            for (int piece = 0; piece < pieces_; piece++) {
              const float* from = at(piece, panel, i, k);
              for (int j = first; j < end; j++) to[j] += from[j];
            }
        }
      }
      if (!dBias) return;
      for (int j = 0; j < panel.width; j++) {
        float sum = 0.0f;
        for (int piece = 0; piece < pieces_; piece++) sum += bias(piece)[panel.column + j];
        dBias[panel.first + j] = sum;
      }
    });
  }

 private:
  const ConvolutionShape& shape_;
  const FilterGradientPlan& plan_;
  const int pieces_;
  const size_t weightFloats_, pieceFloats_;
  float* sums_;
};

// Cut of the sum into tasks: pieces times blocks of feature tiles. A piece is some chunks, of a few rows of an image
// each.
template <class Set>
struct FilterTasks {
  FilterTasks(const ConvolutionShape& shape, const FilterGradientPlan& plan, int batch, int chunkPixels, int blockTiles)
      : tiles(static_cast<int>(plan.tiles.size())) {
    constexpr int fewest = 16;
    const int fullRows = std::clamp(chunkPixels / shape.outWidth, 1, shape.outHeight);
    chunkRows = (fullRows + Set::numbersInWord - 1) / Set::numbersInWord * Set::numbersInWord;
    chunksAnImage = (shape.outHeight + chunkRows - 1) / chunkRows;
    chunks = batch * chunksAnImage;
    blocks = std::max(1, (tiles + blockTiles - 1) / blockTiles);
    pieces = std::clamp((fewest + blocks - 1) / blocks, 1, chunks);
  }

  int firstChunk(int piece) const { return chunks * piece / pieces; }
  int firstTile(int block) const { return tiles * block / blocks; }

  const int tiles;
  int chunkRows, chunksAnImage, chunks, blocks, pieces;
};

// Numbers to prefetch into the second-level cache, a part with each of `parts` calls of `advance`: the copies of the
// next chunk would otherwise wait for memory, and the CPU can wait for a few lines only.
template <class Number>
class Ahead {
 public:
  Ahead(const Number* from, size_t count, size_t parts)
      : at_(from), end_(from + count), part_((count / (std::max<size_t>(parts, 1) * line) + 1) * line) {}

  void advance() {
    const Number* const end = at_ + std::min<size_t>(part_, end_ - at_);
    for (; at_ < end; at_ += line) __builtin_prefetch(at_, 0, 2);
    at_ = end;
  }

 private:
  static constexpr size_t line = 64 / sizeof(Number);
  const Number *at_, *const end_;
  const size_t part_;
};

// Sums of one panel's tile through one tap.
struct FilterSum {
  const FilterPanel& panel;
  const FeatureTile& tile;
  int tap;
};

// Arrays of a call; dBias may be null.
template <class X, class Dy>
struct FilterGradientArrays {
  int batch;
  const X* x;
  const Dy* dy;
  float *dWeights, *dBias;
};

// Runs all tasks. `prepare` copies the parts of x and dy for a chunk and returns a function sum(panel, tile, tap, sums,
// fresh). That function adds to the sums of a panel's tile through a tap, or starts them if `fresh`.
template <class Set, class X, class Dy, class Prepare>
void sumInPieces(const ConvolutionShape& shape, const FilterGradientPlan& plan, const FilterTasks<Set>& tasks,
                 const FilterGradientArrays<X, Dy>& call, const Prepare& prepare) {
  const PieceSums<Set> sums(shape, plan, tasks.pieces);
  constexpr size_t cached = size_t{1} << 22;  // bytes that a cache keeps from the kernel before
  const size_t xRow = static_cast<size_t>(shape.inWidth) * shape.inFeatures;
  const size_t dyRow = static_cast<size_t>(shape.outWidth) * shape.outFeatures;
  const bool isLarge = call.batch * shape.outHeight * dyRow * sizeof(Dy) > cached;
  parallelFor(tasks.pieces * tasks.blocks, [&](int task) {
    [[maybe_unused]] const std::conditional_t<Set::hasMatrixTiles, MatrixTiles, int> tiles{};
    const int piece = task / tasks.blocks, block = task % tasks.blocks;
    const int firstTile = tasks.firstTile(block), endTile = tasks.firstTile(block + 1);
    const int feature = firstTile < endTile ? plan.tiles[firstTile].first : 0;
    const int endFeature = firstTile < endTile ? plan.tiles[endTile - 1].first + plan.tiles[endTile - 1].count : 0;
    float* biasSums = block == 0 && call.dBias ? sums.bias(piece) : nullptr;
    if (biasSums) std::memset(biasSums, 0, plan.columns * sizeof(float));
    std::vector<FilterSum> visible;
    for (const FilterPanel& panel : plan.panels)
      for (int t = firstTile; t < endTile; t++)
        for (int tap = 0; tap < shape.taps; tap++)
          if (shape.tap(tap).sees[panel.group] > plan.tiles[t].first) visible.push_back({panel, plan.tiles[t], tap});
    const int firstChunk = tasks.firstChunk(piece), endChunk = tasks.firstChunk(piece + 1);
    for (int chunk = firstChunk; chunk < endChunk; chunk++) {
      const int image = chunk / tasks.chunksAnImage, row = chunk % tasks.chunksAnImage * tasks.chunkRows;
      const int rows = std::min(tasks.chunkRows, shape.outHeight - row);
      const X* x = call.x + static_cast<size_t>(image) * shape.inHeight * xRow;
      const Dy* dy = call.dy + (static_cast<size_t>(image) * shape.outHeight + row) * dyRow;
      const auto sum = prepare(FilterChunk<X, Dy>{x, dy, row, rows, feature, endFeature - feature, biasSums});
      const size_t nextRows = isLarge && chunk + 1 < endChunk ? rows : 0;
      const ptrdiff_t nextRow = (row + rows) * shape.stride + plan.bottom;
      Ahead xAhead(x + nextRow * xRow, tasks.blocks == 1 ? nextRows * shape.stride * xRow : 0, visible.size());
      Ahead dyAhead(dy + rows * dyRow, nextRows * dyRow, visible.size());
      for (const auto& [panel, tile, tap] : visible) {
        xAhead.advance();
        dyAhead.advance();
        sum(panel, tile, shape.tap(tap), sums.at(piece, panel, tap, tile.first), chunk == firstChunk);
      }
    }
  });
  sums.addUp(call.dWeights, call.dBias);
}

}  // namespace pxv
