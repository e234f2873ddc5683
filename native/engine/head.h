// What the head makes of a pixel's outputs: the distribution of each of its sub-pixels.
#pragma once

#include "engine_kernels.h"
#include "mixture.h"

namespace pxv::engine {

constexpr int mostLevels = 256;
constexpr int spareDoubles = 16;  // kernels write whole vectors

// `kind` of the heads of src/model/heads.
enum HeadKind { softmaxHead = 0, sigmoidHead = 1, mixtureHead = 2 };

// Of one colour at a pixel: what the head reads of it, and its own outputs among those.
struct SubPixelView {
  PixelView pixel;
  int colour;
  const float* outputs;
};

struct Head {
  int kind, levels;
  MixtureHead mixture;
  const EngineKernels& kernels;

  // `numbers`: those of a call, which have a head's.
  template <class Numbers>
  Head(const Numbers& numbers, const EngineKernels& kernels)
      : kind(numbers.headKind),
        levels(numbers.levels),
        mixture{numbers.components, numbers.meanScale, numbers.together != 0},
        kernels(kernels) {}

  // The probability of each level, with room for whole vectors; of a mixture at a temperature above 0.
  void distribute(const SubPixelView& at, double temperature, double* probabilities) const;
};

}  // namespace pxv::engine
