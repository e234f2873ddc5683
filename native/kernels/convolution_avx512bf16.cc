#include "../instruction_set.h"
#include "convolution.h"

template void pxv::fillConvolution<pxv::Avx512Bf16>(pxv::KernelTable&);
