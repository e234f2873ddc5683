#include "../instruction_set.h"
#include "logistic_mixture.h"

template void pxv::fillLogisticMixture<pxv::Avx512>(pxv::KernelTable&);
