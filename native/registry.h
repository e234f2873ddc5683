// Which instruction sets this CPU runs, and the table of each.
#pragma once

#include <vector>

#include "kernel_table.h"

namespace pxv {

struct RegisteredSet {
  const char* name;
  KernelTable table;
};

// In ascending order; every set has every kernel.
struct Registry {
  std::vector<RegisteredSet> sets;
  // Those that can also round the factors of convolutions and LSTMs to bfloat16, under the same names.
  std::vector<RegisteredSet> bf16;
};
const Registry& registry();

}  // namespace pxv
