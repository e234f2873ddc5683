#include "../instruction_set.h"
#include "lstm.h"

template void pxv::fillLstm<pxv::Portable>(pxv::KernelTable&);
