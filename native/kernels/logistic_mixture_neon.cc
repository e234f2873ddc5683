#include "../instruction_set.h"
#include "logistic_mixture.h"

template void pxv::fillLogisticMixture<pxv::Neon>(pxv::KernelTable&);
