// Inner loop of the matrix products: Rows x (Vectors * lanes) sums that stay in registers.
#pragma once

#include <cstddef>

#include "../instruction_set.h"

namespace pxv {

template <class Set, int Rows, int Vectors>
struct RegisterTile {
  using Floats = typename Set::Floats;
  using Word = typename Set::Word;
  using Words = typename Set::Words;
  static constexpr int width = Vectors * Set::lanes;

  Floats sums[Rows][Vectors];

  // Calls body(row, v) for each of the sums, unrolled.
  template <class Body>
  [[gnu::always_inline]] static void each(Body&& body) {
#pragma GCC unroll 16
    for (int row = 0; row < Rows; row++)
#pragma GCC unroll 3
      for (int v = 0; v < Vectors; v++) body(row, v);
  }

  [[gnu::always_inline]] void clear() {
    each([&](int row, int v) __attribute__((always_inline)) { sums[row][v] = Floats{}; });
  }

  // sums[row] += left(row) * panel[width]
  template <class Left>
  [[gnu::always_inline]] void add(const Word* panel, Left&& left) {
    Words right[Vectors];
#pragma GCC unroll 3
    for (int v = 0; v < Vectors; v++) right[v] = Set::load(panel + v * Set::lanes);
#pragma GCC unroll 16
    for (int row = 0; row < Rows; row++) {
      const Words factor = Set::fill(left(row));
#pragma GCC unroll 3
      for (int v = 0; v < Vectors; v++) sums[row][v] = Set::multiplyAdd(factor, right[v], sums[row][v]);
    }
  }

  // sums[row] += sum over k < count, ascending, of rows[row][offset + k] * panel[k]; panel is count x width.
  [[gnu::always_inline]] void accumulate(const Word* const (&rows)[Rows], ptrdiff_t offset, ptrdiff_t count,
                                         const Word* panel) {
    const Word* x[Rows];
#pragma GCC unroll 16
    for (int row = 0; row < Rows; row++) x[row] = rows[row] + offset;
    for (ptrdiff_t k = 0; k < count; k++, panel += width)
      add(panel, [&](int row) __attribute__((always_inline)) { return x[row][k]; });
  }
};

}  // namespace pxv
