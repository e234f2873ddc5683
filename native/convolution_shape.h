// The geometry of a convolution, read in place from the integers that src/backend/kernels/geometry.ts writes:
// see src/backend/convolution-shape.ts for what each number means.
#pragma once

#include <cstdint>

namespace pxv {

class ConvolutionShape {
 public:
  struct Tap {
    int dy, dx, position;
    const int32_t* sees;  // [groups]
  };

  explicit ConvolutionShape(const int32_t* numbers)
      : inHeight(numbers[0]),
        inWidth(numbers[1]),
        inFeatures(numbers[2]),
        outHeight(numbers[3]),
        outWidth(numbers[4]),
        outFeatures(numbers[5]),
        stride(numbers[6]),
        positions(numbers[7]),
        groups(numbers[8]),
        taps(numbers[9]),
        groupSizes(numbers + 10) {}

  Tap tap(int index) const {
    const int32_t* numbers = groupSizes + groups + index * (3 + groups);
    return {numbers[0], numbers[1], numbers[2], numbers + 3};
  }

  // One past the last number.
  const int32_t* end() const { return groupSizes + groups + taps * (3 + groups); }

  const int inHeight, inWidth, inFeatures;
  const int outHeight, outWidth, outFeatures;
  const int stride;
  const int positions;  // height x width of the weights
  const int groups, taps;
  const int32_t* const groupSizes;  // [groups]
};

}  // namespace pxv
