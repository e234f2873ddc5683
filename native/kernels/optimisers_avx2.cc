#include "../instruction_set.h"
#include "optimisers.h"

template void pxv::fillOptimisers<pxv::Avx2>(pxv::KernelTable&);
