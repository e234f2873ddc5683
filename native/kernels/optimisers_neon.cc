#include "../instruction_set.h"
#include "optimisers.h"

template void pxv::fillOptimisers<pxv::Neon>(pxv::KernelTable&);
