#include "../instruction_set.h"
#include "sigmoid.h"

template void pxv::fillSigmoid<pxv::Neon>(pxv::KernelTable&);
