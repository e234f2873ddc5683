#include "../instruction_set.h"
#include "optimisers.h"

template void pxv::fillOptimisers<pxv::Avx512>(pxv::KernelTable&);
