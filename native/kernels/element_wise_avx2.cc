#include "../instruction_set.h"
#include "element_wise.h"

template void pxv::fillElementWise<pxv::Avx2>(pxv::KernelTable&);
