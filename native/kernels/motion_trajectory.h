// Kernel `motionTrajectory`: see src/backend/kernels/motion-trajectory.ts.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "../thread_pool.h"
#include "block_matching.h"
#include "kernel_table.h"

namespace pxv {

template <class Set>
class MotionTrajectories {
 public:
  static constexpr int features = 2 * neighbourCount + 1;

  MotionTrajectories(const MotionTrajectoryNumbers& numbers) : numbers_(numbers) {}

  // Fits lines to the trajectories of an image.
  void fit(const float* found, int existing, double steps, float* out) const {
    const int height = numbers_.height, width = numbers_.width;
    std::vector<std::array<float, 2>> fitted(static_cast<size_t>(height) * width);
    for (int row = 0; row < height; row++)
      for (int column = 0; column < width; column++)
        fitted[pixel(row, column)] = fitPixel(found, row, column, existing, steps);
    const auto motionOf = [&](size_t p) { return fitted[p]; };
    for (int row = 0; row < height; row++)
      for (int column = 0; column < width; column++) {
        const size_t p = pixel(row, column) * features;
        writeNeighbours(height, width, row, column, motionOf, out + p);
        out[p + 2 * neighbourCount] = found[p * numbers_.pairs + 2 * neighbourCount];
      }
  }

 private:
  static constexpr int maxPairs = 16;

  size_t pixel(int row, int column) const { return static_cast<size_t>(row) * numbers_.width + column; }
  static double number(float value) { return std::isfinite(value) ? value : 0; }

  std::array<float, 2> fitPixel(const float* found, int row, int column, int pairs, double steps) const {
    double motion[2][maxPairs], position[2] = {0, 0};
    for (int j = 0; j < pairs; j++) {
      const double y = row + position[0], x = column + position[1];
      for (int axis = 0; axis < 2; axis++)
        motion[axis][j] = motionAt(found + j * features + axis * neighbourCount, y, x);
      for (int axis = 0; axis < 2; axis++) position[axis] += motion[axis][j];
    }
    return {static_cast<float>(lineMotion(motion[0], pairs, steps)),
            static_cast<float>(lineMotion(motion[1], pairs, steps))};
  }

  // Bilinear, clamped to the frame.
  double motionAt(const float* field, double y, double x) const {
    const double row = std::clamp(y, 0.0, numbers_.height - 1.0), column = std::clamp(x, 0.0, numbers_.width - 1.0);
    const int top = static_cast<int>(row), left = static_cast<int>(column);
    const int bottom = std::min(top + 1, numbers_.height - 1), right = std::min(left + 1, numbers_.width - 1);
    const double down = row - top, across = column - left;
    const auto at = [&](int r, int c) { return number(field[pixel(r, c) * features * numbers_.pairs]); };
    const double upper = at(top, left) + (at(top, right) - at(top, left)) * across;
    const double lower = at(bottom, left) + (at(bottom, right) - at(bottom, left)) * across;
    return upper + (lower - upper) * down;
  }

  // Slope of the lines through all segments of the motion of an axis, less the newest line's intercept over `steps`.
  double lineMotion(const double* d, int pairs, double steps) const {
    const bool reverses = reversesNow(d, pairs);
    int end = reverses ? 0 : endOfSegment(d, 0, pairs);
    const Segment newest(d, end);
    double motion = reverses ? -d[1] : d[0], product = newest.product, square = newest.square, sign = 1;
    while (end + 1 < pairs && similar(d[end + 1], -motion)) {
      const int begin = end + 1;
      end = endOfSegment(d, begin, pairs);
      const Segment segment(d + begin, end - begin);
      motion = d[begin];
      sign = -sign;
      product += sign * segment.product;
      square += segment.square;
    }
    const double slope = product / square;
    return slope - (newest.position - slope * newest.middle) / steps;
  }

  // Whether content reversed in the newest pair: it moved on by less than in the two pairs before.
  bool reversesNow(const double* d, int pairs) const {
    return pairs > 2 && !similar(d[1], d[0]) && similar(d[2], d[1]) && d[0] * d[1] >= 0 &&
           std::abs(d[0]) < std::abs(d[1]);
  }

  int endOfSegment(const double* d, int begin, int pairs) const {
    int end = begin + 1;
    while (end < pairs && similar(d[end], d[begin])) end++;
    return end;
  }

  bool similar(double one, double other) const {
    return std::abs(one - other) <= static_cast<double>(numbers_.maxChange);
  }

  // Mean and centred sums of the times 0..length and the positions 0, d[0], d[0] + d[1], ...
  struct Segment {
    Segment(const double* d, int length) : middle(length / 2.0), square(length * (length + 1.0) * (length + 2) / 12) {
      double reached = 0, sum = 0;
      for (int j = 1; j <= length; j++) {
        reached += d[j - 1];
        sum += reached;
        product += j * reached;
      }
      position = sum / (length + 1);
      product -= middle * sum;
    }

    double middle, square, position, product = 0;
  };

  const MotionTrajectoryNumbers& numbers_;
};

template <class Set>
void motionTrajectory(const MotionTrajectoryCall& call) {
  constexpr float maxSteps = 64;
  const MotionTrajectoryNumbers& numbers = call.numbers;
  const size_t values = static_cast<size_t>(numbers.height) * numbers.width * MotionTrajectories<Set>::features;
  parallelFor(numbers.batch, [&](int image) {
    const double steps = call.steps[image] > 1 ? std::min(call.steps[image], maxSteps) : 1;
    const float pairs =
        call.existing[image] > 1 ? std::min(call.existing[image], static_cast<float>(numbers.pairs)) : 1;
    MotionTrajectories<Set>(numbers).fit(call.found + image * values * numbers.pairs, static_cast<int>(pairs), steps,
                                         call.out + image * values);
  });
}

}  // namespace pxv
