#include "../instruction_set.h"
#include "element_wise.h"

template void pxv::fillElementWise<pxv::Neon>(pxv::KernelTable&);
