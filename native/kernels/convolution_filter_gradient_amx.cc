#include "../instruction_set.h"
#include "convolution_filter_gradient.h"

template void pxv::fillConvolutionFilterGradient<pxv::Amx>(pxv::KernelTable&);
