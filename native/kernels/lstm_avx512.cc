#include "../instruction_set.h"
#include "lstm.h"

template void pxv::fillLstm<pxv::Avx512>(pxv::KernelTable&);
