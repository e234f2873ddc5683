#include "../instruction_set.h"
#include "mat_mul.h"

template void pxv::fillMatMul<pxv::Neon>(pxv::KernelTable&);
