#include "../instruction_set.h"
#include "optimizers.h"

template void pxv::fillOptimizers<pxv::Portable>(pxv::KernelTable&);
