// Template matching, pixel after pixel in raster order: see src/backend/kernels/template-matching.ts. One form for all instruction
// sets, kernel and engine alike: sums are of whole numbers, the rest in float64, so that all give the same bits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "kernel_table.h"

namespace pxv {

// Of one reference: two pictures, then the spread and two costs.
inline int pictures(const TemplateMatchingShape& shape) { return 2 * shape.channels; }
inline int featuresOfReference(const TemplateMatchingShape& shape) { return pictures(shape) + 3; }
inline int features(const TemplateMatchingShape& shape) { return shape.references * featuresOfReference(shape); }

class TemplateMatcher {
 public:
  explicit TemplateMatcher(const TemplateMatchingShape& shape);

  // Starts an image, given [height][width][references * channels], in levels.
  void begin(const float* references);
  // The features of a pixel; those before it are known, and none after it is read.
  void match(int y, int x, float* out);
  // Takes a pixel, once it is known.
  template <class Level>
  void know(int y, int x, const Level* levels) {
    for (int c = 0; c < shape_.channels; c++) known_[c] = rounded(static_cast<float>(levels[c]));
    compare(y, x);
  }

 private:
  struct Tap {
    int dy, dx, weight;
  };

  static int16_t rounded(float level) { return static_cast<int16_t>(level + 0.5f); }
  void compare(int y, int x);
  void average(int y, int x, int reference, float* out) const;
  size_t paddedWidth() const { return shape_.width + 2 * shape_.reach; }
  // Where the first place that a pixel is compared with stands in a plane of `padded_`.
  const int16_t* corner(int reference, int channel, int y, int x) const {
    const size_t planeRows = shape_.height + 2 * shape_.reach;
    return padded_.data() + ((reference * shape_.channels + channel) * planeRows + y) * paddedWidth() + x;
  }

  const TemplateMatchingShape shape_;
  const int side_, places_;
  const size_t numbers_;  // of a pixel: its differences at all places of all references
  std::vector<Tap> taps_;
  std::vector<uint16_t> differences_;  // [row % rows][column][numbers]
  std::vector<uint16_t> costs_, costOfPlace_;
  std::vector<int16_t> padded_;   // [reference][channel][row][column], with what lies nearest inside around them
  int16_t known_[3] = {};
};

// The kernel.
void matchTemplates(const TemplateMatchingCall& call);
template <class Set>
void templateMatching(const TemplateMatchingCall& call) {
  matchTemplates(call);
}

}  // namespace pxv
