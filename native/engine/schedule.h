// When each op runs, and how much of each slot must be kept for the ops that read it.
#pragma once

#include "program.h"

namespace pxv::engine {

// `given`: row by row, ahead of the pixels; `pixel`: colour by colour at each pixel; `row`: once a row is complete.
enum class Phase { given, pixel, row };

// Rows kept: `above` the one at hand, and `ahead` of it (only of given slots). `border` columns of what lies outside the
// image stand on both sides. As they are, after a ReLU, or both.
struct Kept {
  int above, ahead, border;
  bool plain, relu;
  int rows() const { return above + 1 + ahead; }
};

struct Schedule {
  std::vector<Phase> phases;   // of each op
  std::vector<bool> headOnly;  // of each op: whether what it makes serves the outputs of its own pixel alone
  std::vector<Kept> kept;      // of each slot
};

Schedule scheduleOf(const Program& program);

}  // namespace pxv::engine
