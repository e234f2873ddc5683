// The distribution of a sub-pixel in whole numbers, which an encoder and a decoder make of the same outputs with the same bits.
//
// Below level l lie 2 l + floor((2^30 - 2 levels) F(l)) of 2^30 counts, F(l) the probability of a lower level in float64. So each level has
// one count at least, also where rounding makes F fall by a little from one level to the next.
#pragma once

#include <cstdint>

#include "head.h"

namespace pxv::engine {

constexpr int countBits = 30;

class CodingCounts {
 public:
  CodingCounts(const Head& head, const SubPixelView& at);

  // Whether the head's probabilities are finite.
  bool isSound() const { return isSound_; }
  // Counts below a level, 0 up to the number of levels.
  uint32_t below(int level) const;
  // The level whose counts hold one below 2^30.
  int levelOf(uint32_t count) const;

 private:
  double probabilityBelow(int level) const;

  const Head& head_;
  bool isSound_;
  Logistic logistics_[mostComponents];
  double sums_[mostLevels + spareDoubles];  // of other heads: probabilities up to each level
};

}  // namespace pxv::engine
