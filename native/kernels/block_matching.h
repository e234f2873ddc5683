// Kernel `blockMatching`: a lane is a pixel of a row. All sums are of integers, so that their order does not matter.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "../memory.h"
#include "../thread_pool.h"
#include "kernel_table.h"

namespace pxv {

// Rows of an image per task: few enough that the sums of all motions stay in the cache.
constexpr int rowsOfStrip = 16;

// Offsets of the pixels whose motion is written for a pixel: see NEIGHBOURS in src/backend/kernels/block-matching.ts.
constexpr int neighbours[][2] = {{0, 0}, {-2, 0}, {2, 0}, {0, -2}, {0, 2}};
constexpr int neighbourCount = sizeof neighbours / sizeof neighbours[0];

// Writes the motion at the neighbours of a pixel: all down, then all to the right.
template <class MotionOf>
void writeNeighbours(int height, int width, int row, int column, const MotionOf& motionOf, float* out) {
  for (int k = 0; k < neighbourCount; k++) {
    const size_t y = std::clamp(row + neighbours[k][0], 0, height - 1);
    const size_t x = std::clamp(column + neighbours[k][1], 0, width - 1);
    const auto& [down, right] = motionOf(y * width + x);
    out[k] = down;
    out[neighbourCount + k] = right;
  }
}

template <class Set>
class MatchedStrip {
 public:
  using Floats = typename Set::Floats;

  explicit MatchedStrip(const BlockMatchingShape& shape)
      : shape_(shape),
        side_(2 * shape.reach + 1),
        stride_(multiple(shape.width)),
        padded_(multiple(shape.width + 2 * std::max(shape.reach, shape.margin)) + Set::lanes),
        terms_(static_cast<float>(shape.channels * (2 * shape.margin + 1) * (2 * shape.margin + 1))) {
    const size_t rows = rowsOfStrip + 2 * shape.margin, reached = rows + 2 * shape.reach;
    const size_t planes = shape.channels * padded_, strip = static_cast<size_t>(rowsOfStrip) * stride_;
    float* memory = scratch().template reserve<float>(reached * planes + rows * planes + padded_ + rows * stride_ +
                                                      (side_ * side_ + 2) * strip);
    const auto take = [&](size_t count) {
      float* taken = memory;
      memory += count;
      return taken;
    };
    before_ = take(reached * planes);
    last_ = take(rows * planes);
    differences_ = take(padded_);
    across_ = take(rows * stride_);
    least_ = take(strip);
    motion_ = take(strip);
    sums_ = take(side_ * side_ * strip);
    std::fill_n(before_, reached * planes + rows * planes + padded_, 0.0f);  // lanes beyond the width
  }

  // Finds the motion of rows [begin, end) of an image.
  void find(const float* before, const float* last, int begin, int end, float* out) {
    const int rows = end - begin, margin = shape_.margin, reach = shape_.reach;
    for (int row = -margin - reach; row < rows + margin + reach; row++)
      copyRow(before, clampedRow(begin + row), reach, before_ + (row + margin + reach) * planes());
    for (int row = -margin; row < rows + margin; row++)
      copyRow(last, clampedRow(begin + row), 0, last_ + (row + margin) * planes());
    std::fill_n(least_, rows * stride_, std::numeric_limits<float>::infinity());
    std::fill_n(motion_, rows * stride_, 0.0f);
    for (int d = 0; d < side_ * side_; d++) {
      for (int row = -margin; row < rows + margin; row++) sumAcross(begin, row, d);
      choose(d, rows);
    }
    for (int row = 0; row < rows; row++)
      for (int column = 0; column < shape_.width; column++)
        finish(row * stride_ + column, out + (static_cast<size_t>(begin + row) * shape_.width + column) * 3);
  }

 private:
  static Scratch& scratch() {
    static thread_local Scratch scratch;
    return scratch;
  }
  static size_t multiple(int count) { return (count + Set::lanes - 1) / Set::lanes * Set::lanes; }
  size_t planes() const { return shape_.channels * padded_; }
  int clampedRow(int row) const { return std::clamp(row, 0, shape_.height - 1); }

  // Copies a row's levels, rounded, channel after channel; `beyond` pixels beyond its ends repeat the edge pixels.
  void copyRow(const float* image, int row, int beyond, float* to) const {
    for (int column = -beyond; column < shape_.width + beyond; column++) {
      const int place = std::clamp(column, 0, shape_.width - 1);
      const float* pixel = image + (static_cast<size_t>(row) * shape_.width + place) * shape_.channels;
      for (int c = 0; c < shape_.channels; c++) to[c * padded_ + column + beyond] = std::trunc(pixel[c] + 0.5f);
    }
  }

  // Computes the differences under motion d in a row of the strip, summed over the block's width.
  void sumAcross(int begin, int row, int d) {
    const int margin = shape_.margin, reach = shape_.reach, width = shape_.width;
    // Outside the image, the nearest row inside with its own source row.
    const int own = clampedRow(begin + row) - begin;
    const int from = clampedRow(begin + own + d / side_ - reach) - begin;
    const float* last = last_ + (own + margin) * planes();
    const float* before = before_ + (from + margin + reach) * planes() + d % side_;
    float* inside = differences_ + margin;
    for (int column = 0; column < width; column += Set::lanes) {
      Floats sum{};
      for (int c = 0; c < shape_.channels; c++) {
        const Floats difference = Set::load(last + c * padded_ + column) - Set::load(before + c * padded_ + column);
        sum += Set::max(difference, -difference);
      }
      Set::store(inside + column, sum);
    }
    std::fill_n(differences_, margin, inside[0]);
    std::fill_n(inside + width, margin, inside[width - 1]);
    float* to = across_ + (row + margin) * stride_;
    for (int column = 0; column < width; column += Set::lanes) {
      Floats sum = Set::load(differences_ + column);
      for (int k = 1; k <= 2 * margin; k++) sum += Set::load(differences_ + column + k);
      Set::store(to + column, sum);
    }
  }

  void choose(int d, int rows) {
    const int down = std::abs(d / side_ - shape_.reach), right = std::abs(d % side_ - shape_.reach);
    const float distance = static_cast<float>(down + right);
    const float extra = distance == 0 ? 0 : terms_ * (shape_.costOfMotion + shape_.costOfDistance * distance);
    const Floats motion = Set::fill(static_cast<float>(d));
    float* sums = sums_ + d * rowsOfStrip * stride_;
    for (int row = 0; row < rows; row++)
      for (size_t at = row * stride_; at < (row + 1) * stride_; at += Set::lanes) {
        Floats sum = Set::load(across_ + at);
        for (int k = 1; k <= 2 * shape_.margin; k++) sum += Set::load(across_ + at + k * stride_);
        Set::store(sums + at, sum);
        const Floats cost = sum + extra, least = Set::load(least_ + at);
        const auto isLess = cost < least;
        Set::store(least_ + at, isLess ? cost : least);
        Set::store(motion_ + at, isLess ? motion : Set::load(motion_ + at));
      }
  }

  void finish(size_t at, float* out) const {
    const int d = static_cast<int>(motion_[at]), down = d / side_, right = d % side_;
    const auto sum = [&](int motion) { return sums_[motion * rowsOfStrip * stride_ + at]; };
    const auto fraction = [&](int along, int step) {
      if (along == 0 || along == side_ - 1 || sum(d) == 0) return 0.0f;
      const float smaller = sum(d - step), larger = sum(d + step), bend = smaller - 2 * sum(d) + larger;
      return bend > 0 ? std::clamp(0.5f * (smaller - larger) / bend, -0.5f, 0.5f) : 0.0f;
    };
    out[0] = static_cast<float>(down - shape_.reach) + fraction(down, side_);
    out[1] = static_cast<float>(right - shape_.reach) + fraction(right, 1);
    out[2] = sum(d) / terms_;
  }

  const BlockMatchingShape& shape_;
  const int side_;
  const size_t stride_, padded_;
  const float terms_;
  float *before_, *last_, *differences_, *across_, *least_, *motion_, *sums_;
};

template <class Set>
void blockMatching(const BlockMatchingCall& call) {
  const BlockMatchingShape& shape = call.numbers;
  const int batch = shape.batch;
  const size_t pixels = static_cast<size_t>(shape.height) * shape.width;
  const int strips = (shape.height + rowsOfStrip - 1) / rowsOfStrip;
  static thread_local Scratch scratch;
  float* found = scratch.reserve<float>(batch * pixels * 3);
  parallelFor(batch * strips, [&](int index) {
    const size_t n = index / strips, image = n * pixels * shape.channels;
    const int row = index % strips * rowsOfStrip;
    MatchedStrip<Set>(shape).find(call.before + image, call.last + image, row,
                                  std::min(row + rowsOfStrip, shape.height), found + n * pixels * 3);
  });
  // Writes each pixel's motion, its neighbours' motion and the difference of a row, all from [height, width, 3].
  const auto tell = [&](size_t index) {
    const float* image = found + index / shape.height * pixels * 3;
    const int row = static_cast<int>(index % shape.height);
    float* out = call.out + index * shape.width * (2 * neighbourCount + 1);
    const auto motionOf = [&](size_t pixel) { return std::array{image[pixel * 3], image[pixel * 3 + 1]}; };
    for (int column = 0; column < shape.width; column++, out += 2 * neighbourCount + 1) {
      writeNeighbours(shape.height, shape.width, row, column, motionOf, out);
      out[2 * neighbourCount] = image[(static_cast<size_t>(row) * shape.width + column) * 3 + 2];
    }
  };
  forEach(static_cast<size_t>(batch) * shape.height, tell, 64);
}

}  // namespace pxv
