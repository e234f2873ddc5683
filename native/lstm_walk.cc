#include "lstm_walk.h"

#include <algorithm>

namespace pxv {

const LstmWalk& planLstm(const LstmShape& shape) {
  static thread_local LstmWalk walk;
  const int height = shape.states.outHeight, width = shape.states.outWidth;
  const auto pixelAt = [&](int row, int column) {
    return row < 0 || row >= height || column < 0 || column >= width ? -1 : row * width + column;
  };
  walk.sources.clear();
  walk.readers.clear();
  walk.cellSources.clear();
  walk.lines.clear();
  const int* end = shape.pixels + shape.pixelCount();
  for (int t = 0; t < shape.states.taps; t++) {
    const auto tap = shape.states.tap(t);
    for (const int* pixel = shape.pixels; pixel < end; pixel++) {
      const int row = *pixel / width, column = *pixel % width;
      walk.sources.push_back(pixelAt(row + tap.dy, column + tap.dx));
      walk.readers.push_back(pixelAt(row - tap.dy, column - tap.dx));
    }
  }
  for (const int* pixel = shape.pixels; pixel < end; pixel++) {
    const int row = *pixel / width, column = *pixel % width;
    walk.cellSources.push_back(pixelAt(row + shape.cellDy, column + shape.cellDx));
    walk.lines.push_back(shape.cellDx == 0 ? column : row);
  }
  walk.lineCount = shape.cellDx == 0 ? width : height;
  walk.longestStep = *std::max_element(shape.stepLengths, shape.stepLengths + shape.steps);
  return walk;
}

}  // namespace pxv
