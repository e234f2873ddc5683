// The mixture of logistics that the head makes of a pixel's outputs: see src/model/heads/logistic-mixture.ts.
#pragma once

#include <cstdint>

#include "engine_kernels.h"

namespace pxv::engine {

constexpr int mostComponents = 32;

struct MixtureHead {
  int components;
  double meanScale;
  bool together;  // one choice of component for all colours of a pixel; else each colour makes its own
};

// One pixel as a head reads it: of the colour at hand and those before, outputs and anchors; levels of those before.
struct PixelView {
  const float* outputs;   // the colours' outputs, one colour after another
  const int16_t* levels;  // [colour]
  const float* anchors;   // [colour][anchorCount], in levels
  int anchorCount;
};

// Writes the logistics of one colour's mixture. With the temperature, above 0, weights are raised to it and scales
// multiplied by it.
void mixtureOf(const MixtureHead& head, int levels, const PixelView& pixel, int colour, double temperature,
               Logistic* logistics);

// The probability of a level and all below it, which is not the last.
double probabilityUpTo(const Logistic* logistics, int components, int level);

// The first level up to which the probabilities add up to more than u, 0 < u < 1; -1 where they are not finite.
int quantileOf(const Logistic* logistics, int components, int levels, double u);

// The probability of one level, the bits of EngineKernels::mixture.
double probabilityOf(const Logistic* logistics, int components, int levels, int level);

}  // namespace pxv::engine
