#include "../instruction_set.h"
#include "kernel_templates.h"

template void pxv::fillTable<pxv::Portable>(pxv::KernelTable&);
