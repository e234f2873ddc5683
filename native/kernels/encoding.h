// Kernel `encoding`: computes the counts of all sub-pixels in parallel, then the bytes of the range coder in sequence.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstring>
#include <vector>

#include "../engine/coding_counts.h"
#include "../engine/range_coder.h"
#include "../engine/step_kernels.h"
#include "../thread_pool.h"
#include "kernel_table.h"

namespace pxv {

template <class Set>
void encoding(const EncodingCall& call) {
  using namespace engine;
  struct Interval {
    uint32_t start, count;  // count 0: not encoded
  };
  const EncodingNumbers& numbers = call.numbers;
  const Head head(numbers, stepKernels<Set>);
  const int colours = numbers.colours, share = numbers.outFeatures / colours;
  std::vector<Interval> intervals(static_cast<size_t>(numbers.pixels) * colours);
  std::atomic<bool> isSound{true};
  constexpr int together = 64;  // pixels
  parallelFor((numbers.pixels + together - 1) / together, [&](int part) {
    const int end = std::min(numbers.pixels, (part + 1) * together);
    for (int pixel = part * together; pixel < end; pixel++) {
      const size_t first = static_cast<size_t>(pixel) * colours;
      const float* outputs = call.outputs + static_cast<size_t>(pixel) * numbers.outFeatures;
      const float* anchors = call.anchors + first * numbers.anchorCount;
      for (int colour = 0; colour < colours; colour++) {
        if (call.written && call.written[first + colour] == 0) continue;
        const CodingCounts counts(
            head, {outputs, call.targets + first, anchors, numbers.anchorCount, colour, outputs + colour * share});
        if (!counts.isSound()) return isSound.store(false);
        const int level = call.targets[first + colour];
        const uint32_t start = counts.below(level);
        intervals[first + colour] = {start, counts.below(level + 1) - start};
      }
    }
  });

  *call.length = -1;
  if (!isSound.load()) return;
  if (call.intervals) std::memcpy(call.intervals, intervals.data(), intervals.size() * sizeof(Interval));
  RangeEncoder encoder;
  for (const auto& [start, count] : intervals)
    if (count > 0) encoder.encode(start, count, countBits);
  const std::vector<uint8_t> bytes = encoder.finish();
  *call.length = static_cast<int32_t>(bytes.size());
  std::fill(std::copy(bytes.begin(), bytes.end(), call.bytes), call.bytes + numbers.capacity, uint8_t{0});
}

}  // namespace pxv
