// Kernel `motionExtrapolation`: see src/backend/kernels/motion-extrapolation.ts.
#pragma once

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "../thread_pool.h"
#include "block_matching.h"
#include "kernel_table.h"

namespace pxv {

template <class Set>
class MotionField {
 public:
  static constexpr int features = 2 * neighbourCount + 1;

  MotionField(int height, int width)
      : height_(height),
        width_(width),
        motion_(pixels()),
        moved_(pixels()),
        sum_(pixels()),
        earlier_(pixels()),
        distances_(pixels()),
        sorted_(pixels()) {}

  void extrapolate(const float* found, int steps, float* out) {
    for (size_t p = 0; p < pixels(); p++)
      motion_[p] = {number(found[p * features]), number(found[p * features + neighbourCount])};
    advect();
    sum_ = motion_;
    for (int step = 1; step < steps; step++) {
      advect();
      accumulate();
    }
    const auto motionOf = [&](size_t p) { return sum_[p]; };
    for (int row = 0; row < height_; row++)
      for (int column = 0; column < width_; column++) {
        const size_t p = pixel(row, column) * features;
        writeNeighbours(height_, width_, row, column, motionOf, out + p);
        out[p + 2 * neighbourCount] = found[p + 2 * neighbourCount];
      }
  }

 private:
  static constexpr double gap = -1;

  struct Motion {
    float down, right;
  };

  size_t pixels() const { return static_cast<size_t>(height_) * width_; }
  size_t pixel(int row, int column) const { return static_cast<size_t>(row) * width_ + column; }
  size_t inside(double row, double column) const {
    return pixel(static_cast<int>(std::clamp(row, 0.0, height_ - 1.0)),
                 static_cast<int>(std::clamp(column, 0.0, width_ - 1.0)));
  }
  static float number(float value) { return std::isfinite(value) ? value : 0; }
  static double nearest(double place) { return std::floor(place + 0.5); }

  // Moves the motion along itself by one frame.
  void advect() {
    const Motion middle{median(&Motion::down), median(&Motion::right)};
    std::fill(distances_.begin(), distances_.end(), gap);
    for (int row = 0; row < height_; row++)
      for (int column = 0; column < width_; column++) {
        const Motion& motion = motion_[pixel(row, column)];
        const double down = nearest(row - static_cast<double>(motion.down));
        const double right = nearest(column - static_cast<double>(motion.right));
        if (!(down >= 0 && down < height_ && right >= 0 && right < width_)) continue;
        const size_t to = pixel(static_cast<int>(down), static_cast<int>(right));
        const double distance = std::abs(static_cast<double>(motion.down) - middle.down) +
                                std::abs(static_cast<double>(motion.right) - middle.right);
        if (!(distance > distances_[to])) continue;
        distances_[to] = distance;
        moved_[to] = motion;
      }
    fillGaps();
    std::swap(motion_, moved_);
  }

  float median(float Motion::* coordinate) {
    for (size_t p = 0; p < pixels(); p++) sorted_[p] = motion_[p].*coordinate;
    const auto middle = sorted_.begin() + static_cast<std::ptrdiff_t>(pixels() / 2);
    std::nth_element(sorted_.begin(), middle, sorted_.end());
    return *middle;
  }

  void fillGaps() {
    gaps_.clear();
    for (size_t p = 0; p < pixels(); p++)
      if (distances_[p] == gap) gaps_.push_back(p);
    while (!gaps_.empty()) {
      // Each gap with the neighbour whose motion it takes: itself if all neighbours are gaps.
      sources_.clear();
      for (const size_t p : gaps_) sources_.push_back(sourceOf(p));
      size_t left = 0;
      for (size_t k = 0; k < gaps_.size(); k++) {
        const size_t p = gaps_[k], source = sources_[k];
        if (source == p) {
          gaps_[left++] = p;
          continue;
        }
        moved_[p] = moved_[source];
        filled_.push_back({p, distances_[source]});
      }
      if (filled_.empty()) {
        for (const size_t p : gaps_) moved_[p] = {0, 0};
        return;
      }
      for (const auto& [p, distance] : filled_) distances_[p] = distance;
      filled_.clear();
      gaps_.resize(left);
    }
  }

  size_t sourceOf(size_t p) const {
    const int row = static_cast<int>(p / width_), column = static_cast<int>(p % width_);
    size_t source = p;
    for (int y = std::max(row - 1, 0); y <= std::min(row + 1, height_ - 1); y++)
      for (int x = std::max(column - 1, 0); x <= std::min(column + 1, width_ - 1); x++) {
        const size_t at = pixel(y, x);
        if (distances_[at] != gap && (source == p || distances_[at] < distances_[source])) source = at;
      }
    return source;
  }

  // Adds the displacements so far, at the place to which each motion leads, to the motion.
  void accumulate() {
    std::swap(sum_, earlier_);
    for (int row = 0; row < height_; row++)
      for (int column = 0; column < width_; column++) {
        const size_t p = pixel(row, column);
        const Motion& motion = motion_[p];
        const Motion& before = earlier_[inside(nearest(row + static_cast<double>(motion.down)),
                                               nearest(column + static_cast<double>(motion.right)))];
        sum_[p] = {motion.down + before.down, motion.right + before.right};
      }
  }

  const int height_, width_;
  std::vector<Motion> motion_, moved_, sum_, earlier_;
  std::vector<double> distances_;  // of the moved motion of each pixel from the median, or gap
  std::vector<float> sorted_;
  std::vector<size_t> gaps_, sources_;
  std::vector<std::pair<size_t, double>> filled_;
};

template <class Set>
void motionExtrapolation(const MotionExtrapolationCall& call) {
  constexpr float mostSteps = 64;
  const MotionExtrapolationNumbers& numbers = call.numbers;
  const size_t values = static_cast<size_t>(numbers.height) * numbers.width * MotionField<Set>::features;
  parallelFor(numbers.batch, [&](int image) {
    const float steps = call.steps[image] > 1 ? std::min(call.steps[image], mostSteps) : 1;
    MotionField<Set>(numbers.height, numbers.width)
        .extrapolate(call.found + image * values, static_cast<int>(steps), call.out + image * values);
  });
}

}  // namespace pxv
