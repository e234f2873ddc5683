// Kernel `warpedMixture` and its gradients: a lane is a pixel of a row; candidates are processed in sequence.
#pragma once

#include <array>

#include "../lanes.h"
#include "../math.h"
#include "../memory.h"
#include "../thread_pool.h"
#include "kernel_table.h"

namespace pxv {

// Up to `lanes` pixels of a row; unused lanes repeat the last pixel.
template <class Set>
class WarpedPixels {
 public:
  using Floats = typename Set::Floats;
  using Integers = typename Set::Integers;

  // `frames` and `motion` are those of the image; `pixels` lanes are used.
  WarpedPixels(const WarpShape& shape, const float* frames, const float* motion, int row, int column, int pixels)
      : shape_(shape), frames_(frames), row_(row) {
    const int candidates = shape.frames * shape.flows;
    motion_ = motion + static_cast<size_t>(row * shape.width + column) * 3 * candidates;
    for (int lane = 0; lane < Set::lanes; lane++) {
      const int own = lane < pixels ? lane : pixels - 1;
      columns_[lane] = static_cast<float>(column + own);
      places_[lane] = own * 3 * candidates;
    }
  }

  // Output j of the network.
  Floats motion(int j) const { return Set::gather(motion_ + j, places_); }

  // Writes unnormalised weights e^(logit - largest logit) as [candidates][lanes]. Returns their sum.
  Floats weigh(float* weights) const {
    const int candidates = shape_.frames * shape_.flows;
    Floats most = motion(2 * candidates);
    for (int i = 1; i < candidates; i++) most = Set::max(motion(2 * candidates + i), most);
    Floats sum{};
    for (int i = 0; i < candidates; i++) {
      const Floats weight = Math<Set>::exp(motion(2 * candidates + i) - most);
      Set::store(weights + i * Set::lanes, weight);
      sum += weight;
    }
    return sum;
  }

  // Moves to candidate i.
  void locate(int i) {
    const int candidates = shape_.frames * shape_.flows, stride = shape_.frames * shape_.channels;
    const Floats row = Set::fill(static_cast<float>(row_));
    const Integers cellRow = down_.locate(row, motion(i), shape_.flowScale, shape_.height);
    const Integers cellColumn = right_.locate(columns_, motion(candidates + i), shape_.flowScale, shape_.width);
    corner_ = (cellRow * shape_.width + cellColumn) * stride + i / shape_.flows * shape_.channels;
    nextRow_ = shape_.height > 1 ? shape_.width * stride : 0;
    nextColumn_ = shape_.width > 1 ? stride : 0;
  }

  // Bilinear sample of one channel of the candidate, and its derivatives with respect to the displacements over
  // flowScale.
  struct Sample {
    Floats value, dDown, dRight;
  };
  Sample sample(int channel) const {
    const float* from = frames_ + channel;
    const Floats left = Set::gather(from, corner_), lowerLeft = Set::gather(from + nextRow_, corner_);
    const Floats along = Set::gather(from + nextColumn_, corner_) - left;
    const Floats lowerAlong = Set::gather(from + nextRow_ + nextColumn_, corner_) - lowerLeft;
    const Floats upper = Set::multiplyAdd(right_.fraction, along, left);
    const Floats down = Set::multiplyAdd(right_.fraction, lowerAlong, lowerLeft) - upper;
    return {Set::multiplyAdd(down_.fraction, down, upper), down,
            Set::multiplyAdd(down_.fraction, lowerAlong - along, along)};
  }

  // Writes the parts of `weight` of the sample's four pixels, [4][lanes]: upper left, upper right, lower left, lower
  // right.
  void share(Floats weight, float* shares) const {
    const Floats lower = weight * down_.fraction, upper = weight - lower;
    const Floats lowerRight = lower * right_.fraction, upperRight = upper * right_.fraction;
    const Floats all[] = {upper - upperRight, upperRight, lower - lowerRight, lowerRight};
    for (int k = 0; k < 4; k++) Set::store(shares + k * Set::lanes, all[k]);
  }
  // Returns the offsets of the four pixels in the frames, for one lane.
  std::array<int, 4> corners(int lane) const {
    const int at = corner_[lane];
    return {at, at + nextColumn_, at + nextRow_, at + nextRow_ + nextColumn_};
  }

  // Return `slope`, or zero if the coordinate is clamped.
  Floats downwards(Floats slope) const { return down_.isInside ? slope : Floats{}; }
  Floats rightwards(Floats slope) const { return right_.isInside ? slope : Floats{}; }

 private:
  // Positions of samples along one axis: the fraction beyond the first pixel of their cell.
  struct Axis {
    Floats fraction;
    Integers isInside;

    // Returns the first pixels of the cells. NaN becomes 0, so that reads stay inside the frame.
    Integers locate(Floats from, Floats displacement, float flowScale, int size) {
      const Floats zero{}, last = Set::fill(static_cast<float>(size - 1));
      const Floats moved = Set::multiplyAdd(displacement, Set::fill(flowScale), from);
      const Floats place = Set::min(Set::max(moved, zero), last);
      const Floats lastCell = Set::fill(static_cast<float>(size > 1 ? size - 2 : 0));
      const Integers cell = __builtin_convertvector(Set::min(place, lastCell), Integers);
      fraction = place - __builtin_convertvector(cell, Floats);
      isInside = place == moved;
      return cell;
    }
  };

  const WarpShape& shape_;
  const float *frames_, *motion_;
  int row_;
  Floats columns_{};
  Integers places_{};
  Axis down_, right_;
  Integers corner_;
  int nextRow_, nextColumn_;
};

// Calls body(pixels, index of their first in the batch, their number) for all pixels of a batch, in parallel;
// `rowsAtOnce` adjacent rows are one task.
template <class Set, class Body>
void forPixels(const WarpShape& shape, const float* frames, const float* motion, const Body& body,
               size_t rowsAtOnce = 4) {
  const size_t image = static_cast<size_t>(shape.height) * shape.width, candidates = shape.frames * shape.flows;
  forChunks(static_cast<size_t>(shape.batch) * shape.height, rowsAtOnce, [&](size_t begin, size_t end) {
    for (size_t index = begin; index < end; index++) {
      const size_t n = index / shape.height;
      const int row = static_cast<int>(index % shape.height);
      for (int column = 0; column < shape.width; column += Set::lanes) {
        const int count = std::min(Set::lanes, shape.width - column);
        WarpedPixels<Set> pixels(shape, frames ? frames + n * image * shape.frames * shape.channels : nullptr,
                                 motion + n * image * 3 * candidates, row, column, count);
        body(pixels, index * shape.width + column, count);
      }
    }
  });
}

template <class Set>
void warpedMixture(const WarpedMixtureCall& call) {
  const WarpShape& shape = call.numbers;
  using Floats = typename Set::Floats;
  const int candidates = shape.frames * shape.flows, channels = shape.channels;
  forPixels<Set>(shape, call.frames, call.motion, [&](WarpedPixels<Set>& pixels, size_t at, int count) {
    static thread_local Scratch scratch;
    float* weights = scratch.reserve<float>(static_cast<size_t>(candidates + channels) * Set::lanes);
    float* sums = weights + candidates * Set::lanes;
    const Floats total = pixels.weigh(weights);
    std::fill_n(sums, channels * Set::lanes, 0.0f);
    for (int i = 0; i < candidates; i++) {
      pixels.locate(i);
      const Floats weight = Set::load(weights + i * Set::lanes);
      for (int c = 0; c < channels; c++) {
        float* sum = sums + c * Set::lanes;
        Set::store(sum, Set::multiplyAdd(weight, pixels.sample(c).value, Set::load(sum)));
      }
    }
    for (int c = 0; c < channels; c++) Set::store(sums + c * Set::lanes, Set::load(sums + c * Set::lanes) / total);
    scatterRows<Set>(sums, count, channels, call.out + at * channels);
  });
}

// With w the weights, s the samples and g = dOut, summed over channels:
//   d logit_i = w_i (g s_i - sum_j w_j g s_j),   d displacement_i = w_i flowScale g ds_i / d coordinate.
template <class Set>
void warpedMixtureGradient(const WarpedMixtureGradientCall& call) {
  const WarpShape& shape = call.numbers;
  using Floats = typename Set::Floats;
  const int candidates = shape.frames * shape.flows, channels = shape.channels;
  forPixels<Set>(shape, call.frames, call.motion, [&](WarpedPixels<Set>& pixels, size_t at, int count) {
    static thread_local Scratch scratch;
    const int span = candidates * Set::lanes;
    float* gradient = scratch.reserve<float>(static_cast<size_t>(4) * span + channels * Set::lanes);
    float *weights = gradient + 3 * span, *given = weights + span;
    gatherRows<Set>(call.dOut + at * channels, count, channels, given);

    const Floats total = pixels.weigh(weights);
    Floats mean{};
    for (int i = 0; i < candidates; i++) {
      pixels.locate(i);
      Floats down{}, right{}, value{};
      for (int c = 0; c < channels; c++) {
        const auto sample = pixels.sample(c);
        const Floats g = Set::load(given + c * Set::lanes);
        down = Set::multiplyAdd(g, sample.dDown, down);
        right = Set::multiplyAdd(g, sample.dRight, right);
        value = Set::multiplyAdd(g, sample.value, value);
      }
      float* to = gradient + i * Set::lanes;
      const Floats weight = Set::load(weights + i * Set::lanes) / total;
      Set::store(weights + i * Set::lanes, weight);
      Set::store(to, pixels.downwards(weight * shape.flowScale * down));
      Set::store(to + span, pixels.rightwards(weight * shape.flowScale * right));
      Set::store(to + 2 * span, value);
      mean = Set::multiplyAdd(weight, value, mean);
    }
    for (int i = 0; i < candidates; i++) {
      float* to = gradient + 2 * span + i * Set::lanes;
      Set::store(to, Set::load(weights + i * Set::lanes) * (Set::load(to) - mean));
    }
    scatterRows<Set>(gradient, count, 3 * candidates, call.dMotion + at * 3 * candidates);
  });
}

// d (frame of sample i at one of its four pixels) = w_i (bilinear weight of the pixel) dOut, summed. Each image is one
// task that goes through pixels in order, so that no sum's order depends on threads or lanes.
template <class Set>
void warpedMixtureFramesGradient(const WarpedMixtureFramesGradientCall& call) {
  const WarpShape& shape = call.numbers;
  using Floats = typename Set::Floats;
  const int candidates = shape.frames * shape.flows, channels = shape.channels;
  const size_t image = static_cast<size_t>(shape.height) * shape.width;
  const auto giveBack = [&](WarpedPixels<Set>& pixels, size_t first, int count) {
    static thread_local Scratch scratch, cornerScratch;
    float* weights = scratch.reserve<float>(static_cast<size_t>(5) * candidates * Set::lanes);
    float* shares = weights + candidates * Set::lanes;
    auto* corners = cornerScratch.reserve<std::array<int, 4>>(static_cast<size_t>(candidates) * Set::lanes);
    float* to = call.dFrames + first / image * image * shape.frames * channels;
    if (first % image == 0) std::fill_n(to, image * shape.frames * channels, 0.0f);
    const Floats total = pixels.weigh(weights);
    for (int i = 0; i < candidates; i++) {
      pixels.locate(i);
      pixels.share(Set::load(weights + i * Set::lanes) / total, shares + 4 * i * Set::lanes);
      for (int lane = 0; lane < count; lane++) corners[lane * candidates + i] = pixels.corners(lane);
    }
    for (int lane = 0; lane < count; lane++) {
      const float* given = call.dOut + (first + lane) * channels;
      for (int i = 0; i < candidates; i++)
        for (int k = 0; k < 4; k++) {
          const float share = shares[(4 * i + k) * Set::lanes + lane];
          float* pixel = to + corners[lane * candidates + i][k];
          for (int c = 0; c < channels; c++) pixel[c] += share * given[c];
        }
    }
  };
  forPixels<Set>(shape, nullptr, call.motion, giveBack, shape.height);
}

}  // namespace pxv
