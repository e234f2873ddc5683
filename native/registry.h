// Instruction sets that this CPU supports, and the kernel table of each.
#pragma once

#include <vector>

#include "kernel_table.h"

namespace pxv {

struct RegisteredSet {
  const char* name;
  KernelTable table;
};

// Supported instruction sets in ascending order; every set has every kernel.
struct Registry {
  std::vector<RegisteredSet> sets;
  // Sets that also have convolutions and LSTMs with factors rounded to bfloat16, under the same names.
  std::vector<RegisteredSet> bf16;
};
const Registry& registry();

}  // namespace pxv
