// Which instruction sets this CPU runs, and the table of each.
#pragma once

#include "kernel_table.h"

namespace pxv {

struct RegisteredSet {
  const char* name;
  KernelTable table;
};

// The sets in ascending order; every set has every kernel, its own or that of a lower set.
struct Registry {
  RegisteredSet sets[3];
  int count;
};
const Registry& registry();

}  // namespace pxv
