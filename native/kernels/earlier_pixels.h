// What is made of the pixels before each pixel of an image, as a network reads it: see src/backend/kernels/earlier-pixels.ts. One
// form for all instruction sets, kernels and engine alike, that gives the same bits everywhere.
#pragma once

#include <cstddef>
#include <memory>

#include "../thread_pool.h"
#include "kernel_table.h"

namespace pxv {

// One method, for one image, pixel after pixel in raster order.
class EarlierPixels {
 public:
  explicit EarlierPixels(const EarlierPixelsShape& shape) : shape_(shape) {}
  virtual ~EarlierPixels() = default;

  // Of a pixel.
  virtual int features() const = 0;
  // What is read where nothing is sought.
  virtual void writeNothing(float* out) const = 0;
  // Starts an image: every `stride`th anchor from the first on is what is expected of a sub-pixel; references are
  // [height][width][references * channels], in levels.
  virtual void begin(const float* anchors, int stride, const float* references) = 0;
  // The features of a pixel; those before it are known, and none after it is read.
  virtual void read(int y, int x, float* out) = 0;
  // Takes the pixel that was read last, once it is known.
  virtual void know(int y, int x, const float* levels) = 0;

 protected:
  size_t pixelAt(int y, int x) const { return static_cast<size_t>(y) * shape_.width + x; }

  const EarlierPixelsShape shape_;
};

std::unique_ptr<EarlierPixels> makeTemplateMatching(const EarlierPixelsShape& shape);
std::unique_ptr<EarlierPixels> makeLocalRegression(const EarlierPixelsShape& shape);

// In the order of src/backend/kernels/earlier-pixels.ts.
inline constexpr decltype(makeTemplateMatching)* earlierMethods[] = {makeTemplateMatching, makeLocalRegression};

// The kernel of a method; of the sets only what has no lanes may call it.
template <class Method, class Call>
void readImages(const Call& call) {
  const auto [shape, image, expected, references, sought, out] = call;
  const size_t pixels = static_cast<size_t>(shape.height) * shape.width;
  auto one = [&](int n) {
    Method method(shape);
    const size_t first = n * pixels;
    const float* levels = image + first * shape.channels;
    float* to = out + first * method.features();
    const bool isSought = !sought || sought[n] != 0.0f;
    if (isSought) method.begin(expected + first * shape.channels, 1, references + first * shape.references * shape.channels);
    for (int y = 0; y < shape.height; y++)
      for (int x = 0; x < shape.width; x++, levels += shape.channels, to += method.features()) {
        if (!isSought) {
          method.writeNothing(to);
          continue;
        }
        method.read(y, x, to);
        method.know(y, x, levels);
      }
  };
  parallelFor(shape.batch, one);
}

void matchTemplates(const TemplateMatchingCall& call);
void matchTemplatesGradient(const TemplateMatchingGradientCall& call);
void regressLocally(const LocalRegressionCall& call);

template <class Set>
void templateMatching(const TemplateMatchingCall& call) {
  matchTemplates(call);
}
template <class Set>
void templateMatchingGradient(const TemplateMatchingGradientCall& call) {
  matchTemplatesGradient(call);
}
template <class Set>
void localRegression(const LocalRegressionCall& call) {
  regressLocally(call);
}

}  // namespace pxv
