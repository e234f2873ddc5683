#include "../instruction_set.h"
#include "kernel_templates.h"

template void pxv::fillProducts<pxv::Amx>(pxv::KernelTable&);
