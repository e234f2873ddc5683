// Template matching: see src/backend/kernels/template-matching.ts. Sums are of integers, the rest is in float64.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "../thread_pool.h"
#include "earlier_pixels.h"

namespace pxv {
namespace {

// As in src/backend/kernels/template-matching.ts.
constexpr int reach = 6, margin = 3;
constexpr int nearestWeight = 6;
constexpr int side = 2 * reach + 1, places = side * side;
constexpr int rows = margin + 1;  // rows of a template

// Features of a reference: two predictions (mean and best match), then the spread and two costs.
int pictures(const EarlierPixelsShape& shape) { return 2 * shape.channels; }
int featuresOfReference(const EarlierPixelsShape& shape) { return pictures(shape) + 3; }
// Index of the cost of the best match.
int costFeature(const EarlierPixelsShape& shape) { return pictures(shape) + 1; }

// Returns the nearest of 256 levels, halves up; 0 for NaN.
int16_t rounded(float level) { return static_cast<int16_t>(std::min(std::max(0.0f, level), 255.0f) + 0.5f); }

class TemplateMatching final : public EarlierPixels {
 public:
  explicit TemplateMatching(const EarlierPixelsShape& shape)
      : EarlierPixels(shape),
        smallCost_(scaled(60, 4)),
        usualCost_(scaled(400, 4)),
        numbers_(static_cast<size_t>(shape.references) * places),
        costs_(numbers_),
        costOfPlace_(numbers_) {
    for (int dy = -margin; dy <= 0; dy++)
      for (int dx = -margin; dx <= (dy < 0 ? margin : -1); dx++)
        taps_.push_back({dy, dx, std::max(1, nearestWeight / (std::abs(dy) + std::abs(dx)))});
    const int costOfDistance = scaled(3, 1);
    for (size_t n = 0; n < numbers_; n++) {
      const int place = static_cast<int>(n % places);
      const int distance = std::abs(place / side - reach) + std::abs(place % side - reach);
      costOfPlace_[n] = static_cast<uint16_t>(costOfDistance * distance);
    }
  }

  int features() const override { return shape_.references * featuresOfReference(shape_); }

  void writeNothing(float* out) const override {
    for (int k = 0; k < features(); k++) out[k] = k % featuresOfReference(shape_) == costFeature(shape_);
  }

  void begin(const float* anchors, int stride, const float* references) override {
    const int height = shape_.height, width = shape_.width, channels = shape_.channels, count = shape_.references;
    anchors_ = anchors;
    stride_ = stride;
    differences_.resize(rows * width * numbers_);
    padded_.resize(count * channels * (height + 2 * reach) * paddedWidth());
    int16_t* to = padded_.data();
    for (int reference = 0; reference < count; reference++)
      for (int c = 0; c < channels; c++)
        for (int y = -reach; y < height + reach; y++)
          for (int x = -reach; x < width + reach; x++) {
            const size_t pixel = pixelAt(std::clamp(y, 0, height - 1), std::clamp(x, 0, width - 1));
            *to++ = rounded(references[(pixel * count + reference) * channels + c]);
          }
  }

  void read(int y, int x, float* out) override {
    std::copy(costOfPlace_.begin(), costOfPlace_.end(), costs_.begin());
    for (const auto& [dy, dx, weight] : taps_) {
      if (y + dy < 0 || x + dx < 0 || x + dx >= shape_.width) continue;
      const uint16_t* from = differences_.data() + pixelAt((y + dy) % rows, x + dx) * numbers_;
      uint16_t* costs = costs_.data();
      const auto factor = static_cast<uint16_t>(weight);
      for (size_t n = 0; n < numbers_; n++) costs[n] = static_cast<uint16_t>(costs[n] + factor * from[n]);
    }
    const float* anchors = anchors_ + pixelAt(y, x) * shape_.channels * stride_;
    for (int reference = 0; reference < shape_.references; reference++, out += featuresOfReference(shape_)) {
      average(y, x, reference, out);
      const float fit = 1.0f - out[costFeature(shape_)], fits = fit * fit;
      for (int k = 0; k <= pictures(shape_); k++) {
        const float anchor = k < pictures(shape_) ? anchors[k % shape_.channels * stride_] : 0.0f;
        out[k] = (out[k] - anchor) * shape_.gain * fits;
      }
    }
  }

  void know(int y, int x, const float* levels) override {
    uint16_t* to = differences_.data() + pixelAt(y % rows, x) * numbers_;
    for (int reference = 0; reference < shape_.references; reference++)
      for (int down = 0; down < side; down++, to += side) {
        std::fill_n(to, side, uint16_t{0});
        for (int c = 0; c < shape_.channels; c++) {
          const int16_t* from = corner(reference, c, y + down, x);
          const int16_t own = rounded(levels[c]);
          for (int right = 0; right < side; right++)
            to[right] = static_cast<uint16_t>(to[right] + std::abs(own - from[right]));
        }
      }
  }

 private:
  struct Tap {
    int dy, dx, weight;
  };

  int scaled(int cost, int least) const {
    const double share = shape_.channels * shape_.highest / (3 * 255.0);
    return std::max(least, static_cast<int>(std::round(cost * share)));
  }

  // Writes the features of a reference: predictions, spread and costs.
  void average(int y, int x, int reference, float* out) const {
    const int channels = shape_.channels;
    const uint16_t* costs = costs_.data() + static_cast<size_t>(reference) * places;
    const int best = static_cast<int>(std::min_element(costs, costs + places) - costs);
    const int least = costs[best], most = 3 * (least + smallCost_) / 10;
    const int16_t* planes[3];
    int16_t start[3];
    const auto at = [&](int place) { return static_cast<size_t>(place / side) * paddedWidth() + place % side; };
    for (int c = 0; c < channels; c++) {
      planes[c] = corner(reference, c, y, x);
      start[c] = planes[c][at(best)];
    }
    int64_t sums[3] = {}, squares = 0, weights = 0;
    for (int place = 0; place < places; place++) {
      const int64_t left = most - (costs[place] - least);
      if (left <= 0) continue;
      const int64_t weight = left * left;
      const size_t from = at(place);
      weights += weight;
      for (int c = 0; c < channels; c++) {
        const int64_t off = planes[c][from] - start[c];
        sums[c] += weight * off;
        squares += weight * off * off;
      }
    }
    const double total = static_cast<double>(weights);
    double spread = static_cast<double>(squares) / total;
    for (int c = 0; c < channels; c++) {
      const double off = static_cast<double>(sums[c]) / total;
      spread -= off * off;
      out[c] = static_cast<float>(start[c] + off);
      out[channels + c] = start[c];
    }
    const double unmoved = costs[(places - 1) / 2];
    float* after = out + pictures(shape_);
    after[0] = static_cast<float>(std::sqrt(std::max(spread, 0.0) / channels));
    after[1] = static_cast<float>(least / static_cast<double>(least + usualCost_));
    after[2] = static_cast<float>((unmoved - least) / (unmoved + least + smallCost_));
  }

  size_t paddedWidth() const { return shape_.width + 2 * reach; }
  // Returns the address of a pixel's first search position in a plane of `padded_`.
  const int16_t* corner(int reference, int channel, int y, int x) const {
    const size_t planeRows = shape_.height + 2 * reach;
    return padded_.data() + ((reference * shape_.channels + channel) * planeRows + y) * paddedWidth() + x;
  }

  const int smallCost_, usualCost_;
  const size_t numbers_;  // differences of a pixel: at all positions of all references
  std::vector<Tap> taps_;
  std::vector<uint16_t> costs_, costOfPlace_;
  std::vector<uint16_t> differences_;  // [row % rows][column][numbers]
  std::vector<int16_t> padded_;        // [reference][channel][row][column], padded with the edge pixels
  const float* anchors_ = nullptr;
  int stride_ = 0;
};

}  // namespace

std::unique_ptr<EarlierPixels> makeTemplateMatching(const EarlierPixelsShape& shape) {
  return std::make_unique<TemplateMatching>(shape);
}

void templateMatching(const TemplateMatchingCall& call) { readImages(makeTemplateMatching, call); }

// d expected = -gain sum over references of fits (d mean + d best); fits, (1 - cost)^2, is 0 without a search.
void templateMatchingGradient(const TemplateMatchingGradientCall& call) {
  const auto [shape, read, dOut, dExpected] = call;
  const int channels = shape.channels, features = featuresOfReference(shape), cost = costFeature(shape);
  const auto one = [&](size_t pixel) {
    for (int k = 0; k < channels; k++) {
      float sum = 0;
      for (int reference = 0; reference < shape.references; reference++) {
        const size_t at = (pixel * shape.references + reference) * features;
        const float fit = 1.0f - read[at + cost];
        sum += fit * fit * (dOut[at + k] + dOut[at + channels + k]);
      }
      dExpected[pixel * channels + k] = -shape.gain * sum;
    }
  };
  forEach(static_cast<size_t>(shape.batch) * shape.height * shape.width, one, 1024);
}

}  // namespace pxv
