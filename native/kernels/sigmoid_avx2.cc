#include "../instruction_set.h"
#include "sigmoid.h"

template void pxv::fillSigmoid<pxv::Avx2>(pxv::KernelTable&);
