#include "../instruction_set.h"
#include "lstm.h"

template void pxv::fillLstm<pxv::Avx512Bf16>(pxv::KernelTable&);
