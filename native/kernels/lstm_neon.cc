#include "../instruction_set.h"
#include "lstm.h"

template void pxv::fillLstm<pxv::Neon>(pxv::KernelTable&);
