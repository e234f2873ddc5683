#include "../instruction_set.h"
#include "element_wise.h"

template void pxv::fillElementWise<pxv::Avx512Bf16>(pxv::KernelTable&);
