// Draws a batch of images from a program: one sub-pixel after another, each from the distribution that the head makes of
// the outputs.
#pragma once

#include <cstdint>
#include <functional>

#include "../local_regression.h"
#include "../template_matching.h"
#include "draw.h"
#include "engine.h"
#include "mixture.h"

namespace pxv::engine {

enum class HeadKind { softmax, sigmoid, mixture };

struct Head {
  HeadKind kind;
  int levels;
  MixtureHead mixture;
};

// What the program reads of a sub-pixel: (level - middle) / middle, and for each anchor (level - anchor) * gain, as
// many as its image slot has room for; in float32, each step rounded.
struct SubPixelFeatures {
  float middle, gain;
};

// Arrays are [image][height][width][colour] unless said otherwise.
struct DrawingRequest {
  int batch;
  const float* map;      // [image][height][width][features] or null
  const float* anchors;  // [image][height][width][colour][anchorCount]; null: the middle level everywhere
  int anchorCount;       // of each sub-pixel
  const float* references;  // [image][height][width][references * colour], in levels; null: nothing is looked for
  TemplateMatchingShape templates;  // of what is looked for in them, where the program reads it
  LocalRegressionShape regressed;   // what is regressed on them; of no channels: nothing is
  int16_t* levels;       // a level, known beforehand, or -1: drawn, and written here
  double* nats;          // [image]: -log P of what was drawn
  float* outputs;        // [image][height][width][colours' outputs, one after another]: what the head reads; or null
  Head head;
  SubPixelFeatures features;
  DrawSettings settings;
  uint32_t key[2];
  uint32_t strata;  // samples whose random numbers lie evenly; 1: none do
  const uint32_t* counters;  // [image][3]: of its random numbers, words 0 and 1, and what word 3 has beyond the colour
  int32_t* stop;             // looked at after each row: not 0 ends the work
};

// Calls onRow after each row, with the rows that are done. Returns 1, or the sum of probabilities that ended the work,
// since it is not finite or not above zero.
double drawImages(const Engine& engine, const DrawingRequest& request, const std::function<void(int)>& onRow);

}  // namespace pxv::engine
