// Schedule of a program: the phase of each op, and the rows of each slot to keep for its readers.
#pragma once

#include "program.h"

namespace pxv::engine {

// Phases of ops. `given`: row by row, ahead of the pixels; `pixel`: colour by colour at each pixel; `row`: after a row.
enum class Phase { given, pixel, row };

// Rows of a slot to keep: `above` the current row, and `ahead` of it (slots of phase `given` alone), with `border`
// columns outside the image on both sides. Values are kept plain, after a ReLU, or both.
struct Kept {
  int above, ahead, border;
  bool plain, relu;
  int rows() const { return above + 1 + ahead; }
};

struct Schedule {
  std::vector<Phase> phases;   // of each op
  std::vector<bool> headOnly;  // of each op: true if only outputs of the same pixel depend on the op
  std::vector<Kept> kept;      // of each slot
};

Schedule scheduleOf(const Program& program);

}  // namespace pxv::engine
