#include "scan_plan.h"

#include <algorithm>

namespace pxv {

const ScanPlan& planScan(const ScanShape& shape) {
  static thread_local ScanPlan plan;
  const int height = shape.states.outHeight, width = shape.states.outWidth;
  const auto pixelAt = [&](int row, int column) {
    return row < 0 || row >= height || column < 0 || column >= width ? -1 : row * width + column;
  };
  plan.sources.clear();
  plan.readers.clear();
  plan.cellSources.clear();
  plan.lines.clear();
  const int* end = shape.pixels + shape.pixelCount();
  for (int t = 0; t < shape.states.taps; t++) {
    const auto tap = shape.states.tap(t);
    for (const int* pixel = shape.pixels; pixel < end; pixel++) {
      const int row = *pixel / width, column = *pixel % width;
      plan.sources.push_back(pixelAt(row + tap.dy, column + tap.dx));
      plan.readers.push_back(pixelAt(row - tap.dy, column - tap.dx));
    }
  }
  for (const int* pixel = shape.pixels; pixel < end; pixel++) {
    const int row = *pixel / width, column = *pixel % width;
    plan.cellSources.push_back(pixelAt(row + shape.cellDy, column + shape.cellDx));
    plan.lines.push_back(shape.cellDx == 0 ? column : row);
  }
  plan.lineCount = shape.cellDx == 0 ? width : height;
  plan.longestStep = *std::max_element(shape.stepLengths, shape.stepLengths + shape.steps);
  return plan;
}

}  // namespace pxv
