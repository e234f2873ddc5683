// Initial log scale of a mixture of logistics, and the range that log scales are clamped to: see LOG_SCALE_OFFSET in
// src/backend/kernels/logistic-mixture.ts.
#pragma once

namespace pxv {

constexpr double logScaleOffset = 1.0986122886681098, leastLogScale = -3, greatestLogScale = 6;

}  // namespace pxv
