#include "../instruction_set.h"
#include "warped_mixture.h"

template void pxv::fillWarpedMixture<pxv::Avx512>(pxv::KernelTable&);
