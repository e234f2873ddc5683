#include "../instruction_set.h"
#include "block_matching.h"

template void pxv::fillBlockMatching<pxv::Portable>(pxv::KernelTable&);
