// Rows of numbers, a lane of vectors each: lane i of vector j is number j of row i.
#pragma once

#include <cstddef>

namespace pxv {

// Vectors of `columns` numbers of rows that follow each other, for `rows` lanes; the other lanes repeat the last row.
template <class Set, class Number>
void gatherRows(const Number* from, int rows, int columns, float* to) {
  for (int lane = 0; lane < Set::lanes; lane++) {
    const Number* row = from + static_cast<size_t>(lane < rows ? lane : rows - 1) * columns;
    for (int j = 0; j < columns; j++) to[j * Set::lanes + lane] = static_cast<float>(row[j]);
  }
}

// The way back, of the first `rows` lanes.
template <class Set>
void scatterRows(const float* from, int rows, int columns, float* to) {
  for (int lane = 0; lane < rows; lane++)
    for (int j = 0; j < columns; j++) to[lane * columns + j] = from[j * Set::lanes + lane];
}

}  // namespace pxv
