// What the head makes of a pixel's outputs: the distribution of each of its sub-pixels. Mixtures of logistics: see
// src/model/heads/logistic-mixture.ts.
#pragma once

#include <cstdint>

#include "engine_kernels.h"

namespace pxv::engine {

constexpr int mostLevels = 256, mostComponents = 32;
constexpr int spareDoubles = 16;  // kernels write whole vectors

// `kind` of the heads of src/model/heads.
enum HeadKind { softmaxHead = 0, sigmoidHead = 1, mixtureHead = 2 };

// One colour at a pixel as the head reads it: outputs and anchors of that and those before, and levels of those before.
struct SubPixelView {
  const float* pixelOutputs;  // the colours' outputs, one colour after another
  const int16_t* levels;      // [colour]
  const float* anchors;       // [colour][anchorCount], in levels
  int anchorCount;
  int colour;
  const float* outputs;  // its own
};

struct Head {
  int kind, levels, components;
  double meanScale;
  bool together;  // one choice of component for all colours of a pixel; else each colour makes its own
  const EngineKernels& kernels;

  // `numbers`: those of a call, which have a head's.
  template <class Numbers>
  Head(const Numbers& numbers, const EngineKernels& kernels)
      : kind(numbers.headKind),
        levels(numbers.levels),
        components(numbers.components),
        meanScale(numbers.meanScale),
        together(numbers.together != 0),
        kernels(kernels) {}

  // The probability of each level, with room for whole vectors; of a mixture at a temperature above 0.
  void distribute(const SubPixelView& at, double temperature, double* probabilities) const;
};

// Writes the logistics of one colour's mixture. With the temperature, above 0, weights are raised to it and scales
// multiplied by it.
void mixtureOf(const Head& head, const SubPixelView& at, double temperature, Logistic* logistics);

// The probability of a level and all below it, which is not the last.
double probabilityUpTo(const Head& head, const Logistic* logistics, int level);

// The first level up to which the probabilities add up to more than u, 0 < u < 1; -1 where they are not finite.
int quantileOf(const Head& head, const Logistic* logistics, double u);

// The probability of one level, the bits of EngineKernels::mixture.
double probabilityOf(const Head& head, const Logistic* logistics, int level);

}  // namespace pxv::engine
