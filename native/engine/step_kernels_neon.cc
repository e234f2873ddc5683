#include "../instruction_set.h"
#include "step_kernels.h"

template void pxv::fillEngine<pxv::Neon>(pxv::KernelTable&);
