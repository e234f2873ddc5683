// Registers of Intel AMX: eight tiles of 16 rows of 64 bytes, which hold 16 x 16 sums, or 16 rows of 16 words. One
// instruction adds the products of 16 rows of 32 numbers and 16 columns of 32 numbers. Also the inner loop of
// `runPlan`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

#include "../convolution_plan.h"

namespace pxv {

constexpr int tileSide = 16;  // rows, and words in a row

// Configures the thread's tiles for the lifetime of the object.
class MatrixTiles {
 public:
  MatrixTiles() {
    static constexpr Configuration whole;
    asm volatile("ldtilecfg %0" ::"m"(whole));
  }
  MatrixTiles(const MatrixTiles&) = delete;
  MatrixTiles& operator=(const MatrixTiles&) = delete;
  ~MatrixTiles() { asm volatile("tilerelease"); }

  template <int Tile>
  [[gnu::always_inline]] static void clear() {
    asm volatile("tilezero %%tmm%c0" ::"i"(Tile));
  }

  // Rows are `stride` words or floats apart.
  template <int Tile>
  [[gnu::always_inline]] static void load(const uint32_t* from, size_t stride) {
    asm volatile("tileloadd (%0,%1), %%tmm%c2" ::"r"(from), "r"(stride * sizeof *from), "i"(Tile) : "memory");
  }

  template <int Tile>
  [[gnu::always_inline]] static void store(float* to, size_t stride) {
    asm volatile("tilestored %%tmm%c2, (%0,%1)" ::"r"(to), "r"(stride * sizeof *to), "i"(Tile) : "memory");
  }

  // sums[row][column] += sum over words k of left[row][k] * right[k][column], both products of a word.
  template <int Sums, int Left, int Right>
  [[gnu::always_inline]] static void multiplyAdd() {
    asm volatile("tdpbf16ps %%tmm%c2, %%tmm%c1, %%tmm%c0" ::"i"(Sums), "i"(Left), "i"(Right));
  }

 private:
  struct Configuration {
    uint8_t palette = 1, startRow = 0, reserved[14] = {};
    uint16_t rowBytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
    uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
  };
};

// Sixteen pixels: the first, and the words from one to the next.
struct PixelRow {
  const uint32_t* first;
  size_t stride;
};

// sums[Groups * 16][Vectors * 16] = sum over the panel's taps; rows of sums are `pitch` floats apart. Weights are
// packed by packPanel, in whole steps per tap.
template <int Groups, int Vectors>
void sumInTiles(const ConvolutionPlan& plan, const PlanPanel& panel, const ptrdiff_t* tapOffsets,
                const uint32_t* packed, const PixelRow (&rows)[Groups], float* sums,
                size_t pitch = Vectors * tileSide) {
  using Tiles = MatrixTiles;
  constexpr int width = Vectors * tileSide, firstLeft = Groups * Vectors;
  // If tiles are left, one factor has two, so that loads do not wait for the sums.
  constexpr int firstRight = firstLeft + (firstLeft + Groups + 1 <= 8 ? Groups : 1);
  constexpr int rights = 8 - firstRight >= Vectors ? Vectors : 1;
  auto each = []<int... I>(std::integer_sequence<int, I...>, auto&& visit) {
    (visit(std::integral_constant<int, I>()), ...);
  };
  constexpr std::make_integer_sequence<int, Groups> groups;
  constexpr std::make_integer_sequence<int, Vectors> vectors;
  each(std::make_integer_sequence<int, firstLeft>(), [](auto sum) { Tiles::clear<sum>(); });
  const uint32_t* weights = packed + panel.weights;
  for (int t = panel.tapsBegin; t < panel.tapsEnd; t++)
    for (int word = 0; word < plan.taps[t].words; word += tileSide, weights += tileSide * width) {
      const ptrdiff_t offset = tapOffsets[t] + word;
      if constexpr (rights == Vectors)
        each(vectors, [&](auto v) { Tiles::load<firstRight + v>(weights + v * tileSide, width); });
      each(groups, [&](auto group) {
        constexpr int left = firstLeft + (firstRight - firstLeft == Groups ? group : 0);
        Tiles::load<left>(rows[group].first + offset, rows[group].stride);
        each(vectors, [&](auto v) {
          constexpr int right = firstRight + (rights == Vectors ? v : 0);
          if constexpr (rights != Vectors) Tiles::load<right>(weights + v * tileSide, width);
          Tiles::multiplyAdd<group * Vectors + v, left, right>();
        });
      });
    }
  each(groups, [&](auto group) {
    each(vectors,
         [&](auto v) { Tiles::store<group * Vectors + v>(sums + group * tileSide * pitch + v * tileSide, pitch); });
  });
}

}  // namespace pxv
