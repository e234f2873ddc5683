#include "coding_counts.h"

#include <algorithm>
#include <cmath>

namespace pxv::engine {

CodingCounts::CodingCounts(const Head& head, const SubPixelView& at) : head_(head) {
  if (head.kind == logisticMixtureHead) {
    mixtureOf(head, at, 1, logistics_);
    isSound_ = std::isfinite(probabilityBelow(head.levels / 2));
    return;
  }
  head.distribute(at, 1, __builtin_inf(), sums_);
  for (int level = 1; level < head.levels; level++) sums_[level] += sums_[level - 1];
  isSound_ = std::isfinite(sums_[head.levels - 1]) && sums_[head.levels - 1] > 0;
}

uint32_t CodingCounts::below(int level) const {
  if (level == head_.levels) return 1u << countBits;
  const double spread = (1u << countBits) - 2.0 * head_.levels;
  return 2 * level + static_cast<uint32_t>(spread * std::clamp(probabilityBelow(level), 0.0, 1.0));
}

int CodingCounts::levelOf(uint32_t count) const {
  int least = 0, most = head_.levels - 1;
  while (least < most) {
    const int level = (least + most + 1) / 2;
    if (below(level) <= count)
      least = level;
    else
      most = level - 1;
  }
  return least;
}

double CodingCounts::probabilityBelow(int level) const {
  if (level == 0) return 0;
  if (head_.kind == logisticMixtureHead) return probabilityUpTo(head_, logistics_, level - 1);
  return sums_[level - 1] / sums_[head_.levels - 1];
}

}  // namespace pxv::engine
