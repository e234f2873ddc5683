#include "../instruction_set.h"
#include "kernel_templates.h"

template void pxv::fillTable<pxv::Avx512>(pxv::KernelTable&);
