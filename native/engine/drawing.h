// Draws a batch of images from a program: one sub-pixel after another, each from the distribution that the head makes of
// the outputs.
#pragma once

#include <cstdint>
#include <functional>

#include "draw.h"
#include "engine.h"

namespace pxv::engine {

enum class HeadKind { softmax, sigmoid, mixture };

struct Head {
  HeadKind kind;
  int levels;
  int components;    // of a mixture
  double meanScale;  // likewise
};

// What the program reads of a sub-pixel: (level - middle) / middle, and where its image slot has room for a second
// feature, (level - anchor) * gain.
struct SubPixelFeatures {
  double middle, gain;
};

// Arrays are [image][height][width][colour] unless said otherwise.
struct DrawingRequest {
  int batch;
  const float* map;      // [image][height][width][features] or null
  const float* anchors;  // null: the middle level everywhere
  int16_t* levels;       // a level, known beforehand, or -1: drawn, and written here
  double* nats;          // [image]: -log P of what was drawn
  float* outputs;        // [image][height][width][colour][outputs]: what the head reads; or null
  Head head;
  SubPixelFeatures features;
  DrawSettings settings;
  uint32_t key[2];
  const uint32_t* counters;  // [image][3]: of its random numbers, words 0 and 1, and what word 3 has beyond the colour
  int32_t* stop;             // looked at after each row: not 0 ends the work
};

// Calls onRow after each row, with the rows that are done. Returns 1, or the sum of probabilities that ended the work,
// since it is not finite or not above zero.
double drawImages(const Engine& engine, const DrawingRequest& request, const std::function<void(int)>& onRow);

}  // namespace pxv::engine
