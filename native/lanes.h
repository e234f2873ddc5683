// Transposition of rows of numbers into lanes: lane i of vector j is number j of row i.
#pragma once

#include <cstddef>

namespace pxv {

// Transposes `rows` adjacent rows of `columns` numbers into vectors; lanes beyond `rows` repeat the last row.
template <class Set, class Number>
void gatherRows(const Number* from, int rows, int columns, float* to) {
  for (int lane = 0; lane < Set::lanes; lane++) {
    const Number* row = from + static_cast<size_t>(lane < rows ? lane : rows - 1) * columns;
    for (int j = 0; j < columns; j++) to[j * Set::lanes + lane] = static_cast<float>(row[j]);
  }
}

// Inverse of gatherRows, for the first `rows` lanes.
template <class Set>
void scatterRows(const float* from, int rows, int columns, float* to) {
  for (int lane = 0; lane < rows; lane++)
    for (int j = 0; j < columns; j++) to[lane * columns + j] = from[j * Set::lanes + lane];
}

}  // namespace pxv
