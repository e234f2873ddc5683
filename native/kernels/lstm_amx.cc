#include "../instruction_set.h"
#include "lstm.h"

template void pxv::fillLstm<pxv::Amx>(pxv::KernelTable&);
