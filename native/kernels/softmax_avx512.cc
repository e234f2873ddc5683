#include "../instruction_set.h"
#include "softmax.h"

template void pxv::fillSoftmax<pxv::Avx512>(pxv::KernelTable&);
