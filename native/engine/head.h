// Heads: the distribution of each sub-pixel from a pixel's outputs. Mixtures of logistics: see
// src/model/heads/logistic-mixture.ts.
#pragma once

#include <cstdint>

#include "engine_kernels.h"
#include "kernel_table.h"

namespace pxv::engine {

constexpr int mostLevels = 256, mostComponents = 32;
constexpr int spareDoubles = 16;  // kernels write whole vectors

// Inputs of the head for one colour of a pixel: outputs and anchors of this and earlier colours, levels of earlier
// colours.
struct SubPixelView {
  const float* pixelOutputs;  // the network's outputs of all colours, one colour after another
  const int16_t* levels;      // [colour]; set for the colours before `colour`
  const float* anchors;       // [colour][anchorCount], in levels
  int anchorCount;
  int colour;            // index of the sub-pixel's colour
  const float* outputs;  // the outputs of `colour`, within `pixelOutputs`
};

struct Head {
  int kind, levels, components;
  double meanScale;
  bool together;  // one mixture component for all colours of a pixel; else one per colour
  const EngineKernels& kernels;

  // `numbers`: numbers of a call, which include the head's.
  template <class Numbers>
  Head(const Numbers& numbers, const EngineKernels& kernels)
      : kind(numbers.headKind),
        levels(numbers.levels),
        components(numbers.components),
        meanScale(numbers.meanScale),
        together(numbers.together != 0),
        kernels(kernels) {}

  // Writes the probability of each level; `probabilities` has room for whole vectors. The temperature applies to
  // mixtures alone and is above 0, as is `maxDeviation` (see contract).
  void distribute(const SubPixelView& at, double temperature, double maxDeviation, double* probabilities) const;
};

// Writes the logistics of one colour's mixture. Raises the weights to the power `temperature`, which is above 0, and
// multiplies the scales by the temperature.
void mixtureOf(const Head& head, const SubPixelView& at, double temperature, Logistic* logistics);

// Contracts a mixture about its mean, means and scales alike, until its standard deviation is at most `maxDeviation`
// levels.
void contract(const Head& head, double maxDeviation, Logistic* logistics);

// Returns the cumulative probability of a level other than the last.
double probabilityUpTo(const Head& head, const Logistic* logistics, int level);

// Returns the first level with a cumulative probability above u, 0 < u < 1; -1 if probabilities are not finite.
int quantileOf(const Head& head, const Logistic* logistics, double u);

// Returns the probability of one level, bit for bit that of EngineKernels::mixture.
double probabilityOf(const Head& head, const Logistic* logistics, int level);

}  // namespace pxv::engine
