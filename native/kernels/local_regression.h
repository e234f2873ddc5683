// Kernel `localRegression`, in float64: see src/backend/kernels/local-regression.ts. Every sum has one order in all
// instruction sets, so that results are the same bit for bit; a lane is a regression of a pixel.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include "../memory.h"
#include "earlier_pixels.h"

namespace pxv {

// Constants of the regression.
struct RegressionConstants {
  // Decays of the weights with distance, one for each regression of a pixel.
  static constexpr int regressions = 2;
  static constexpr double decays[regressions] = {0.7, 0.9};
  // Ridge that shrinks coefficients to 0; `leastRidge` keeps the pivots above 0 for an image of zeros.
  static constexpr double ridgeShare = 0.006, ridgeSquares = 0.015, leastRidge = 1e-6;
  // Prior of the squared error: the weight of `unseenWeight` pixels with squared error `unseenSquares`. Then a typical
  // error and the constant regressor. Errors are in levels of 255.
  static constexpr double unseenWeight = 0.25, unseenSquares = 1, usualError = 4, constant = 2;
  // Offsets, rows and columns, of neighbours.
  static constexpr int beside[][2] = {{0, 1}, {1, 0}, {0, -1}, {-1, 0}};
  static constexpr int farther[][2] = {{-1, -1}, {-1, 1}, {0, -2}, {-2, 0}};
};

template <int Lanes>
struct DoubleVector {
  typedef double Type __attribute__((vector_size(Lanes * sizeof(double))));
};

// Sums of moments over all pixels before a pixel, each weighted by decay^(rows + columns) of its distance.
template <class Set>
class DecayedSums {
 public:
  DecayedSums(double decay, int width, int count)
      : decay_(decay),
        width_(width),
        count_(count),
        above_(static_cast<size_t>(width) * count),
        right_(above_.size()),
        left_(count) {}

  // Begins a row. `moments` are those of the row before, by pixel.
  void beginRow(const double* moments) {
    // No pixel lies right of the last column.
    for (int x = width_ - 1; x >= 0; x--) {
      const size_t at = static_cast<size_t>(x) * count_;
      decay(moments + at, above_.data() + at, x > 0 ? right_.data() + at : nullptr, count_, decay_);
    }
  }

  // Writes the sums of pixel x to `sums`. `moments` are those of the current row, up to pixel x - 1.
  void moveTo(int x, const double* moments, double* sums) {
    const size_t at = static_cast<size_t>(x) * count_;
    const double *above = above_.data() + at, *right = right_.data() + at;
    if (x == 0) {
      std::copy_n(above, count_, left_.data());
      for (int k = 0; k < count_; k++) sums[k] = above[k] + right[k];
    } else {
      accumulate(above, right, moments + at - count_, left_.data(), sums, count_, decay_);
    }
  }

 private:
  // Updates the sums above a pixel and writes the sums right of the pixel before it, unless that is null.
  static void decay(const double* __restrict moments, double* __restrict above, double* __restrict right, int count,
                    double decay) {
    for (int k = 0; k < count; k++) above[k] = (above[k] + moments[k]) * decay;
    if (!right) return;
    double* __restrict before = right - count;
    for (int k = 0; k < count; k++) before[k] = (above[k] + right[k]) * decay;
  }

  static void accumulate(const double* __restrict above, const double* __restrict right,
                         const double* __restrict moments, double* __restrict left, double* __restrict sums, int count,
                         double decay) {
    for (int k = 0; k < count; k++) {
      left[k] = above[k] + (left[k] + moments[k]) * decay;
      sums[k] = left[k] + right[k];
    }
  }

  const double decay_;
  const int width_, count_;
  std::vector<double> above_, right_;  // sums of the rows above, for each column: in it, and in all columns right of it
  std::vector<double> left_;           // sums of the rows above up to the current column, and left of the pixel
};

template <class Set>
class LocalRegression final : public EarlierPixels, RegressionConstants {
 public:
  explicit LocalRegression(const EarlierPixelsShape& shape)
      : EarlierPixels(shape),
        unit_((shape.highest / 255.0) * (shape.highest / 255.0)),
        count_(3 * shape.channels + 13 + (shape.references - 1)),
        columns_(count_ + shape.channels + 1),
        momentCount_(count_ * (count_ + 1) / 2 + shape.channels * (count_ + 1) + 1),
        givenCount_(shape.channels + 9 + (shape.references - 1)) {}

  int features() const override { return regressions * 2 * shape_.channels; }

  void writeNothing(float* out) const override {
    for (int k = 0; k < features(); k++) out[k] = k % (2 * shape_.channels) >= shape_.channels;
  }

  void begin(const float* anchors, int stride, const float* references) override {
    const int height = shape_.height, width = shape_.width, channels = shape_.channels, last = shape_.references;
    const size_t pixels = static_cast<size_t>(height) * width;
    given_.resize(pixels * givenCount_);
    errors_.resize(pixels * (channels + 1));
    expected_.resize(pixels * channels);
    moments_.resize(static_cast<size_t>(width) * momentCount_);
    sums_.resize(static_cast<size_t>(lanes) * momentCount_);
    regressors_.resize(static_cast<size_t>(lanes / regressions) * count_);
    rows_ = memory_.reserve<double>(static_cast<size_t>(lanes) * count_ * columns_);
    for (const double decay : decays) before_.emplace_back(decay, width, momentCount_);
    for (size_t at = 0; at < pixels * channels; at++) expected_[at] = anchors[at * stride];
    std::vector<double> means(pixels * (1 + last));
    for (size_t pixel = 0; pixel < pixels; pixel++)
      for (int k = 0; k <= last; k++) {
        double sum = 0;
        for (int c = 0; c < channels; c++) {
          const double level = expected_[pixel * channels + c];
          sum += k == 0 ? level : references[(pixel * last + k - 1) * channels + c] - level;
        }
        means[pixel * (1 + last) + k] = sum / channels;
      }
    const auto mean = [&](int y, int x, int k) {
      return means[pixelAt(std::clamp(y, 0, height - 1), std::clamp(x, 0, width - 1)) * (1 + last) + k];
    };
    double* to = given_.data();
    for (int y = 0; y < height; y++)
      for (int x = 0; x < width; x++) {
        const size_t pixel = pixelAt(y, x);
        for (int c = 0; c < channels; c++)
          *to++ = references[pixel * last * channels + c] - expected_[pixel * channels + c];
        for (const auto& [dy, dx] : beside) *to++ = mean(y + dy, x + dx, 0) - mean(y, x, 0);
        for (const auto& [dy, dx] : beside) *to++ = mean(y + dy, x + dx, 1);
        for (int k = 2; k <= last; k++) *to++ = mean(y, x, k);
        *to++ = constant * shape_.highest / 255;
      }
  }

  void read(int y, int x, float* out) override {
    prepare(y, x, 0);
    solve<regressions>(y, x, 1, out);
  }

  void know(int y, int x, const float* levels) override { learn(y, x, levels, regressors_.data()); }

  void readRow(int y, const float* levels, float* out) override {
    constexpr int together = lanes / regressions;
    for (int x = 0; x < shape_.width; x += together) {
      const int pixels = std::min(together, shape_.width - x);
      for (int pixel = 0; pixel < pixels; pixel++, levels += shape_.channels) {
        prepare(y, x + pixel, pixel);
        learn(y, x + pixel, levels, regressors_.data() + pixel * count_);
      }
      solve<lanes>(y, x, pixels, out + static_cast<size_t>(x) * features());
    }
  }

 private:
  static constexpr int lanes = Set::lanes / 2;
  static_assert(lanes % regressions == 0);

  // Reads the regressors of a pixel and sums the moments before it, as the `at`-th of the pixels to solve.
  void prepare(int y, int x, int at) {
    const int channels = shape_.channels;
    const auto error = [&](int dy, int dx, int c) {
      const int row = y + dy, column = x + dx;
      if (row < 0 || column < 0 || column >= shape_.width) return 0.0;
      return errors_[pixelAt(row, column) * (channels + 1) + c];
    };
    double* to = regressors_.data() + at * count_;
    for (int c = 0; c < channels; c++) *to++ = error(0, -1, c);
    for (int c = 0; c < channels; c++) *to++ = error(-1, 0, c);
    for (const auto& [dy, dx] : farther) *to++ = error(dy, dx, channels);
    std::copy_n(given_.data() + pixelAt(y, x) * givenCount_, givenCount_, to);
    double* sums = sums_.data() + static_cast<size_t>(at) * regressions * momentCount_;
    for (DecayedSums<Set>& before : before_) {
      if (x == 0) before.beginRow(moments_.data());
      before.moveTo(x, moments_.data(), sums);
      sums += momentCount_;
    }
  }

  // Writes the errors and the moments of a pixel.
  void learn(int y, int x, const float* levels, const double* regressors) {
    const int channels = shape_.channels;
    const size_t pixel = pixelAt(y, x);
    double* errors = errors_.data() + pixel * (channels + 1);
    double sum = 0;
    for (int c = 0; c < channels; c++) sum += errors[c] = levels[c] - expected_[pixel * channels + c];
    errors[channels] = sum / channels;
    double* __restrict to = moments_.data() + static_cast<size_t>(x) * momentCount_;
    for (int a = 0; a < count_; a++) {
      const double regressor = regressors[a];
      for (int b = a; b < count_; b++) *to++ = regressor * regressors[b];
      for (int c = 0; c < channels; c++) *to++ = regressor * errors[c];
    }
    for (int c = 0; c < channels; c++) *to++ = errors[c] * errors[c];
    *to = 1;
  }

  // Solves the normal equations of `pixels` adjacent pixels, at most Lanes / regressions, from `sums_` and
  // `regressors_`, and writes their features. Cholesky: row a of `rows_` has the transposed factor from column a on,
  // then the right-hand sides and the regressors, solved by the factor.
  template <int Lanes>
  void solve(int y, int x, int pixels, float* out) {
    using Doubles = typename DoubleVector<Lanes>::Type;
    const int channels = shape_.channels;
    // Lanes without a pixel repeat the last one.
    const double *sums[Lanes], *regressors[Lanes];
    for (int lane = 0; lane < Lanes; lane++) {
      const int pixel = std::min(lane / regressions, pixels - 1);
      sums[lane] = sums_.data() + static_cast<size_t>(pixel * regressions + lane % regressions) * momentCount_;
      regressors[lane] = regressors_.data() + pixel * count_;
    }
    const auto gather = [](const double* const(&from)[Lanes], int at) {
      Doubles values;
      for (int lane = 0; lane < Lanes; lane++) values[lane] = from[lane][at];
      return values;
    };
    auto* rows = reinterpret_cast<Doubles*>(rows_);
    const Doubles weight = gather(sums, momentCount_ - 1);
    Doubles trace{};
    for (int a = 0, at = 0; a < count_; at += columns_ - 1 - a++) trace += gather(sums, at);
    const Doubles ridge =
        ridgeShare * trace / static_cast<double>(count_) + ridgeSquares * unit_ * weight + leastRidge * unit_;
    Doubles moved[3] = {}, left[3] = {};
    for (int c = 0; c < channels; c++) left[c] = gather(sums, momentCount_ - 1 - channels + c);
    for (int a = 0, at = 0; a < count_; a++) {
      Doubles* row = rows + a * columns_;
      for (int column = a; column < columns_ - 1; column++) row[column] = gather(sums, at++);
      row[columns_ - 1] = gather(regressors, a);
      row[a] += ridge;
      int column = a;
      for (; column + 6 <= columns_; column += 6) eliminate<6>(rows, a, column);
      for (; column + 2 <= columns_; column += 2) eliminate<2>(rows, a, column);
      if (column < columns_) eliminate<1>(rows, a, column);
      const Doubles pivot = squareRoot(row[a]);
      for (int k = a + 1; k < columns_; k++) row[k] /= pivot;
      for (int c = 0; c < channels; c++) {
        const Doubles solved = row[count_ + c];
        left[c] -= solved * solved;
        moved[c] += solved * row[columns_ - 1];
      }
    }
    const double usual = usualError * shape_.highest / 255;
    for (int c = 0; c < channels; c++) {
      left[c] = squareRoot(((left[c] < 0.0 ? Doubles{} : left[c]) + unseenSquares * unit_) / (weight + unseenWeight));
      for (int lane = 0; lane < regressions * pixels; lane++) {
        const double expected = expected_[pixelAt(y, x + lane / regressions) * channels + c];
        const double inRange = std::min(std::max(moved[c][lane], -expected), shape_.highest - expected);
        float* to = out + lane * 2 * channels + c;
        to[0] = static_cast<float>(inRange * shape_.gain);
        to[channels] = static_cast<float>(left[c][lane] / (left[c][lane] + usual));
      }
    }
  }

  // Subtracts multiples of the rows above row a, in ascending order, from `Count` of its columns: a step of Cholesky
  // whose sums stay in registers.
  template <int Count, class Doubles>
  [[gnu::always_inline]] void eliminate(Doubles* rows, int a, int column) const {
    Doubles values[Count];
    Doubles* to = rows + a * columns_ + column;
#pragma GCC unroll 6
    for (int i = 0; i < Count; i++) values[i] = to[i];
    for (int k = 0; k < a; k++) {
      const Doubles* above = rows + k * columns_;
      const Doubles factor = above[a];
#pragma GCC unroll 6
      for (int i = 0; i < Count; i++) values[i] -= factor * above[column + i];
    }
#pragma GCC unroll 6
    for (int i = 0; i < Count; i++) to[i] = values[i];
  }

  template <class Doubles>
  static Doubles squareRoot(Doubles values) {
    double numbers[sizeof values / sizeof(double)];
    std::memcpy(numbers, &values, sizeof values);
    for (double& number : numbers) number = std::sqrt(number);
    std::memcpy(&values, numbers, sizeof values);
    return values;
  }

  const double unit_;  // the square of 1/255 of the range of levels
  const int count_, columns_, momentCount_, givenCount_;
  std::vector<double> given_, errors_, expected_;  // of each pixel; errors of the channels, and their mean
  // Moments of each pixel of the current row: products of each regressor with itself, with later regressors and with
  // each error; squared errors; and 1.
  std::vector<double> moments_;
  std::vector<DecayedSums<Set>> before_;   // one for each decay
  std::vector<double> sums_, regressors_;  // of the pixels to solve: [pixel][decay][moments], [pixel][regressors]
  Scratch memory_;
  double* rows_ = nullptr;  // normal equations, [row][column][lane]
};

template <class Set>
std::unique_ptr<EarlierPixels> makeLocalRegression(const EarlierPixelsShape& shape) {
  return std::make_unique<LocalRegression<Set>>(shape);
}

template <class Set>
void localRegression(const LocalRegressionCall& call) {
  readImages(makeLocalRegression<Set>, call);
}

}  // namespace pxv
