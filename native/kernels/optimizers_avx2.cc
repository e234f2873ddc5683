#include "../instruction_set.h"
#include "optimizers.h"

template void pxv::fillOptimizers<pxv::Avx2>(pxv::KernelTable&);
