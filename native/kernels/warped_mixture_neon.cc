#include "../instruction_set.h"
#include "warped_mixture.h"

template void pxv::fillWarpedMixture<pxv::Neon>(pxv::KernelTable&);
