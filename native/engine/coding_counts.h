// Distribution of a sub-pixel as integer counts, which encoder and decoder compute bit for bit alike from equal
// outputs.
//
// 2 l + floor((2^30 - 2 levels) F(l)) of 2^30 counts lie below level l; F(l) is the probability of a lower level in
// float64. So each level has at least one count, even if rounding makes F decrease slightly from one level to the next.
#pragma once

#include <cstdint>

#include "head.h"

namespace pxv::engine {

constexpr int countBits = 30;

class CodingCounts {
 public:
  CodingCounts(const Head& head, const SubPixelView& at);

  // Returns true if the head's probabilities are finite.
  bool isSound() const { return isSound_; }
  // Returns the number of counts below `level`, 0 to the number of levels.
  uint32_t below(int level) const;
  // Returns the level whose counts include `count`, which is below 2^30.
  int levelOf(uint32_t count) const;

 private:
  double probabilityBelow(int level) const;

  const Head& head_;
  bool isSound_;
  Logistic logistics_[mostComponents];
  double sums_[mostLevels + spareDoubles];  // for other heads: cumulative probability of each level
};

}  // namespace pxv::engine
