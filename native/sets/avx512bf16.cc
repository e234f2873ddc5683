#include "../instruction_set.h"
#include "kernel_templates.h"

template void pxv::fillProducts<pxv::Avx512Bf16>(pxv::KernelTable&);
