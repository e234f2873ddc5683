#include "../instruction_set.h"
#include "softmax.h"

template void pxv::fillSoftmax<pxv::Neon>(pxv::KernelTable&);
