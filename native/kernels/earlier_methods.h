// Methods that make features of earlier pixels, for one instruction set.
#pragma once

#include "local_regression.h"
#include "template_matching.h"

namespace pxv {

// In the order of src/backend/kernels/earlier-pixels.ts.
template <class Set>
inline constexpr MakeEarlierPixels* earlierMethods[] = {makeTemplateMatching<Set>, makeLocalRegression<Set>};

}  // namespace pxv
