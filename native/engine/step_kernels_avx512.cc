#include "../instruction_set.h"
#include "step_kernels.h"

template void pxv::fillEngine<pxv::Avx512>(pxv::KernelTable&);
