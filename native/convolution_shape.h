// Geometry of a convolution: a view of the integers that src/backend/kernels/geometry.ts writes.
// src/backend/convolution-shape.ts defines each number.
#pragma once

#include <cstdint>
#include <numeric>

namespace pxv {

struct ConvolutionSizes {
  int32_t inHeight, inWidth, inFeatures;
  int32_t outHeight, outWidth, outFeatures;
  int32_t stride;
  int32_t positions;  // height x width of the weights
  int32_t groups, taps;
  int32_t xInBf16, outInBf16;  // whether the array and its gradient are stored in bfloat16
};

class ConvolutionShape : public ConvolutionSizes {
 public:
  struct Tap {
    int dy, dx, position;
    const int32_t* sees;  // [groups]
  };

  explicit ConvolutionShape(const int32_t* numbers)
      : ConvolutionSizes(*reinterpret_cast<const ConvolutionSizes*>(numbers)),
        groupSizes(numbers + sizeof(ConvolutionSizes) / sizeof(int32_t)) {}

  Tap tap(int index) const {
    const int32_t* numbers = groupSizes + groups + index * (3 + groups);
    return {numbers[0], numbers[1], numbers[2], numbers + 3};
  }

  // Returns the group of an output.
  int groupOf(int output) const {
    int group = 0;
    while ((output -= groupSizes[group]) >= 0) group++;
    return group;
  }

  // Returns the first output whose group sees an input feature.
  int firstOutputThatSees(const int32_t* sees, int feature) const {
    int output = 0;
    for (int group = 0; group < groups && sees[group] <= feature; group++) output += groupSizes[group];
    return output;
  }

  // Returns the end of a group of outputs.
  int endOfGroup(int group) const { return std::accumulate(groupSizes, groupSizes + group + 1, 0); }

  // One past the last number.
  const int32_t* end() const { return groupSizes + groups + taps * (3 + groups); }

  const int32_t* const groupSizes;  // [groups]
};

}  // namespace pxv
