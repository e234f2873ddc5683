#include "template_matching.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "../thread_pool.h"

namespace pxv {
namespace {

constexpr int nearestWeight = 6;

}  // namespace

TemplateMatcher::TemplateMatcher(const TemplateMatchingShape& shape)
    : shape_(shape),
      side_(2 * shape.reach + 1),
      places_(side_ * side_),
      numbers_(static_cast<size_t>(shape.references) * places_),
      differences_((shape.margin + 1) * shape.width * numbers_),
      costs_(numbers_),
      costOfPlace_(numbers_),
      padded_(static_cast<size_t>(shape.references) * shape.channels * (shape.height + 2 * shape.reach) *
              paddedWidth()) {
  for (int dy = -shape.margin; dy <= 0; dy++)
    for (int dx = -shape.margin; dx <= (dy < 0 ? shape.margin : -1); dx++)
      taps_.push_back({dy, dx, std::max(1, nearestWeight / (std::abs(dy) + std::abs(dx)))});
  for (size_t n = 0; n < numbers_; n++) {
    const int place = static_cast<int>(n % places_);
    const int distance = std::abs(place / side_ - shape.reach) + std::abs(place % side_ - shape.reach);
    costOfPlace_[n] = static_cast<uint16_t>(shape.costOfDistance * distance);
  }
}

void TemplateMatcher::begin(const float* references) {
  const int height = shape_.height, width = shape_.width, channels = shape_.channels, reach = shape_.reach;
  const int count = shape_.references;
  int16_t* to = padded_.data();
  for (int reference = 0; reference < count; reference++)
    for (int c = 0; c < channels; c++)
      for (int y = -reach; y < height + reach; y++)
        for (int x = -reach; x < width + reach; x++) {
          const size_t pixel = static_cast<size_t>(std::clamp(y, 0, height - 1)) * width + std::clamp(x, 0, width - 1);
          *to++ = rounded(references[(pixel * count + reference) * channels + c]);
        }
}

void TemplateMatcher::match(int y, int x, float* out) {
  const int width = shape_.width, rows = shape_.margin + 1;
  std::copy(costOfPlace_.begin(), costOfPlace_.end(), costs_.begin());
  for (const auto& [dy, dx, weight] : taps_) {
    if (y + dy < 0 || x + dx < 0 || x + dx >= width) continue;
    const uint16_t* from = differences_.data() + (static_cast<size_t>((y + dy) % rows) * width + x + dx) * numbers_;
    uint16_t* costs = costs_.data();
    const auto factor = static_cast<uint16_t>(weight);
    for (size_t n = 0; n < numbers_; n++) costs[n] = static_cast<uint16_t>(costs[n] + factor * from[n]);
  }
  for (int reference = 0; reference < shape_.references; reference++, out += featuresOfReference(shape_))
    average(y, x, reference, out);
}

void TemplateMatcher::average(int y, int x, int reference, float* out) const {
  const int channels = shape_.channels;
  const uint16_t* costs = costs_.data() + static_cast<size_t>(reference) * places_;
  const int best = static_cast<int>(std::min_element(costs, costs + places_) - costs);
  const int least = costs[best], most = 3 * (least + shape_.smallCost) / 10;
  const int16_t* planes[3];
  int16_t start[3];
  const auto at = [&](int place) { return static_cast<size_t>(place / side_) * paddedWidth() + place % side_; };
  for (int c = 0; c < channels; c++) {
    planes[c] = corner(reference, c, y, x);
    start[c] = planes[c][at(best)];
  }
  int64_t sums[3] = {}, squares = 0, weights = 0;
  for (int place = 0; place < places_; place++) {
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
  const double unmoved = costs[(places_ - 1) / 2];
  float* after = out + pictures(shape_);
  after[0] = static_cast<float>(std::sqrt(std::max(spread, 0.0) / channels));
  after[1] = static_cast<float>(least / static_cast<double>(least + shape_.usualCost));
  after[2] = static_cast<float>((unmoved - least) / (unmoved + least + shape_.smallCost));
}

void TemplateMatcher::compare(int y, int x) {
  const int channels = shape_.channels, rows = shape_.margin + 1;
  uint16_t* to = differences_.data() + (static_cast<size_t>(y % rows) * shape_.width + x) * numbers_;
  for (int reference = 0; reference < shape_.references; reference++)
    for (int down = 0; down < side_; down++, to += side_) {
      std::fill_n(to, side_, uint16_t{0});
      for (int c = 0; c < channels; c++) {
        const int16_t* from = corner(reference, c, y + down, x);
        const int16_t own = known_[c];
        for (int right = 0; right < side_; right++)
          to[right] = static_cast<uint16_t>(to[right] + std::abs(own - from[right]));
      }
    }
}

void matchTemplates(const TemplateMatchingCall& call) {
  const TemplateMatchingShape& shape = call.numbers;
  const size_t pixels = static_cast<size_t>(shape.height) * shape.width;
  auto one = [&](int n) {
    TemplateMatcher matcher(shape);
    const float* levels = call.image + n * pixels * shape.channels;
    float* to = call.out + n * pixels * features(shape);
    matcher.begin(call.references + n * pixels * shape.references * shape.channels);
    for (int y = 0; y < shape.height; y++)
      for (int x = 0; x < shape.width; x++, levels += shape.channels, to += features(shape)) {
        matcher.match(y, x, to);
        matcher.know(y, x, levels);
      }
  };
  parallelFor(shape.batch, one);
}

}  // namespace pxv
