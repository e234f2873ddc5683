// The inner loop of `runPlan` where a set has matrix tiles: 32 pixels times one to three vectors at a time.
#pragma once

#include <algorithm>
#include <cstring>
#include <utility>

#include "../convolution_plan.h"
#include "matrix_tile.h"

namespace pxv {

// Sixteen pixels: where they start, and the words from one to the next.
struct PixelRow {
  const uint32_t* first;
  size_t stride;
};

// sums[Groups * 16][Vectors * 16] = sum over the panel's taps. Weights are those of packPanel, whole steps a tap.
template <int Groups, int Vectors>
void sumInTiles(const ConvolutionPlan& plan, const PlanPanel& panel, const ptrdiff_t* tapOffsets,
                const uint32_t* packed, const PixelRow (&rows)[Groups], float* sums) {
  using Tiles = MatrixTiles;
  constexpr int width = Vectors * tileSide, firstLeft = Groups * Vectors;
  // One factor has two tiles where there is room, so that loading does not wait for the sums.
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
    each(vectors, [&](auto v) { Tiles::store<group * Vectors + v>(sums + group * tileSide * width + v * tileSide, width); });
  });
}

}  // namespace pxv
