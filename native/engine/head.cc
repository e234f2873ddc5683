#include "head.h"

#include "elementary.h"

namespace pxv::engine {

void Head::distribute(const SubPixelView& at, double temperature, double* probabilities) const {
  switch (kind) {
    case softmaxHead:
      return kernels.softmax(at.outputs, levels, probabilities);
    case mixtureHead: {
      Logistic logistics[mostComponents];
      mixtureOf(mixture, levels, at.pixel, at.colour, temperature, logistics);
      return kernels.mixture(logistics, mixture.components, levels, probabilities);
    }
    case sigmoidHead:
      probabilities[0] = 1 / (1 + exponential(at.outputs[0]));
      probabilities[1] = 1 / (1 + exponential(-at.outputs[0]));
  }
}

}  // namespace pxv::engine
