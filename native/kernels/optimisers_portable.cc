#include "../instruction_set.h"
#include "optimisers.h"

template void pxv::fillOptimisers<pxv::Portable>(pxv::KernelTable&);
