#include "../instruction_set.h"
#include "warped_mixture.h"

template void pxv::fillWarpedMixture<pxv::Avx2>(pxv::KernelTable&);
