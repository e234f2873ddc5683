// Local regression, pixel after pixel in raster order: see Kernels.localRegression in src/backend/kernels.ts. One form for all
// instruction sets, kernel and engine alike, in float64, step for step that of src/backend/typescript/local-regression.ts.
#pragma once

#include <cstddef>
#include <vector>

namespace pxv {

struct LocalRegressionShape {
  static constexpr int regressions = 2;

  int height, width, channels;
  int references;
  double highest;  // level
  double gain;

  int regressors() const { return 3 * channels + 13 + (references - 1); }
  int features() const { return regressions * 2 * channels; }
};

// Sums of moments over all pixels before one, each by decay^(rows + columns) of its distance.
class FallingSums {
 public:
  FallingSums(double decay, int width, int count);

  const double* values() const { return values_.data(); }
  void clear();
  void beginRow(const double* moments);         // of the row before, by pixel
  void moveTo(int x, const double* moments);  // of the row at hand, up to the pixel before

 private:
  const double decay_;
  const int width_, count_;
  std::vector<double> values_, above_, right_, left_;  // see the class in TypeScript
};

class LocalRegression {
 public:
  explicit LocalRegression(const LocalRegressionShape& shape);

  // Starts an image: every `stride`th anchor from the first on is what is expected of a sub-pixel; references are
  // [height][width][references * channels], in levels.
  void begin(const float* anchors, int stride, const float* references);
  // The features of a pixel; those before it are known, and none after it is read.
  void predict(int y, int x, float* out);
  // Takes the pixel that was predicted last, once it is known.
  template <class Level>
  void know(int y, int x, const Level* levels) {
    const size_t pixel = static_cast<size_t>(y) * shape_.width + x;
    for (int c = 0; c < shape_.channels; c++)
      errors_[pixel * (shape_.channels + 1) + c] = levels[c] - expected_[pixel * shape_.channels + c];
    addMoments(pixel, x);
  }

 private:
  void addMoments(size_t pixel, int x);
  void readRegressors(int y, int x);
  void solve(const double* sums);

  const LocalRegressionShape shape_;
  const double unit_;  // the square of 1/255 of the range of levels
  const int count_, momentCount_, givenCount_;
  std::vector<double> given_, errors_, expected_;  // of each pixel; errors of the channels, and their mean
  std::vector<double> moments_;                     // of the row at hand
  std::vector<FallingSums> sums_;
  std::vector<double> at_;     // the regressors of the pixel at hand
  std::vector<double> rows_;   // of the equations, solved: see Solver in TypeScript
  double moved_[3], left_[3];  // of each channel, in levels
};

// Of a batch of images, which may be disturbed.
void localRegression(const LocalRegressionShape& shape, int batch, const float* image, const float* expected,
                     const float* references, float* out);

}  // namespace pxv
