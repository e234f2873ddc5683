#include "../instruction_set.h"
#include "convolution.h"

template void pxv::fillConvolution<pxv::Amx>(pxv::KernelTable&);
