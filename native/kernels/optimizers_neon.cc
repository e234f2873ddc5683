#include "../instruction_set.h"
#include "optimizers.h"

template void pxv::fillOptimizers<pxv::Neon>(pxv::KernelTable&);
