// Where the log scales of a mixture of logistics start, and the range that they are kept in: see LOG_SCALE_OFFSET and its
// neighbours in src/backend/kernels/logistic-mixture.ts.
#pragma once

namespace pxv {

constexpr double logScaleOffset = 1.0986122886681098, leastLogScale = -3, greatestLogScale = 6;

}  // namespace pxv
