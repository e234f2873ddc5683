#include "drawing.h"

#include <algorithm>

#include "../thread_pool.h"
#include "elementary.h"
#include "philox.h"

namespace pxv::engine {
namespace {

constexpr int mostLevels = 256;
constexpr int spareDoubles = 16;  // kernels write whole vectors

// With few images the time goes into reading the weights, which the threads then share; but small weights stay in each
// core's cache, and sharing small work costs more than it brings.
bool sharesOps(const Engine& engine, int batch) {
  constexpr size_t cachedFloats = 128 * 1024;
  constexpr int enoughImages = 4;
  if (batch < threads()) return true;
  return engine.pixelFloats() > cachedFloats && batch < enoughImages * threads();
}

TemplateMatchingShape templatesOf(const DrawingNumbers& numbers) {
  TemplateMatchingShape shape{};
  shape.height = numbers.height, shape.width = numbers.width, shape.channels = numbers.colours;
  shape.references = numbers.references, shape.reach = numbers.reach, shape.margin = numbers.margin;
  shape.costOfDistance = numbers.costOfDistance;
  shape.smallCost = numbers.smallCost, shape.usualCost = numbers.usualCost;
  return shape;
}

LocalRegressionShape regressedOf(const DrawingNumbers& numbers) {
  LocalRegressionShape shape{};
  if (numbers.highest == 0) return shape;
  shape.height = numbers.height, shape.width = numbers.width, shape.channels = numbers.colours;
  shape.references = numbers.references, shape.highest = numbers.highest, shape.gain = numbers.gain;
  return shape;
}

}  // namespace

Drawing::Drawing(const Engine& engine, const DrawingCall& call)
    : engine_(engine),
      program_(engine.program()),
      call_(call),
      mixture_{call.numbers.components, call.numbers.meanScale, call.numbers.together != 0},
      templates_(templatesOf(call.numbers)),
      regressed_(regressedOf(call.numbers)),
      middles_(program_.colours * call.numbers.anchorCount, call.numbers.middle),
      failedSum_(1) {
  const int batch = call.numbers.batch;
  const bool shared = sharesOps(engine, batch);
  const int parts = shared ? 1 : std::min(batch, threads());
  for (int part = 0; part < parts; part++) {
    const int first = part * batch / parts, end = (part + 1) * batch / parts;
    parts_.push_back({first, end - first, std::make_unique<PixelByPixel>(engine, end - first, shared),
                      std::vector<float>(1 + call.numbers.anchorCount), {}, {}, {}});
    if (program_.matched >= 0) beginMatching(parts_.back());
  }
}

int Drawing::drawRow() {
  if (parts_.size() == 1) {
    drawRow(parts_[0], row_);
  } else {
    auto part = [&](int index) { drawRow(parts_[index], row_); };
    parallelFor(static_cast<int>(parts_.size()), part);
  }
  return ++row_;
}

void Drawing::beginMatching(Part& part) const {
  const TemplateMatchingShape& shape = templates_;
  const LocalRegressionShape& regressed = regressed_;
  const size_t ofImage = static_cast<size_t>(shape.height) * shape.width * shape.references * shape.channels;
  const bool regresses = regressed.channels > 0;
  part.matched.resize(features(shape) + (regresses ? features(regressed) : 0));
  if (!call_.references) {
    for (int reference = 0; reference < shape.references; reference++)
      part.matched[reference * featuresOfReference(shape) + pictures(shape) + 1] = 1;
    float* errors = part.matched.data() + features(shape) + regressed.channels;
    for (int regression = 0; regresses && regression < regressions; regression++)
      std::fill_n(errors + regression * 2 * regressed.channels, regressed.channels, 1.0f);
    return;
  }
  for (int image = 0; image < part.count; image++) {
    const float* references = call_.references + (part.first + image) * ofImage;
    part.matchers.emplace_back(shape);
    part.matchers.back().begin(references);
    if (!regresses) continue;
    part.regressions.emplace_back(regressed);
    part.regressions.back().begin(call_.anchors + subPixel(part.first + image, 0, 0) * call_.numbers.anchorCount,
                                  call_.numbers.anchorCount, references);
  }
}

void Drawing::match(Part& part, int row, int column, int image) const {
  if (!part.matchers.empty()) search(part, row, column, image);
  if (!part.regressions.empty())
    part.regressions[image].predict(row, column, part.matched.data() + features(templates_));
  part.pixels->setMatched(row, column, image, part.matched.data());
}

// The pictures found less the first anchor, and the spread, times the gain and how well they fit, squared; the costs as they
// are. See templateInput in src/model/template-input.ts.
void Drawing::search(Part& part, int row, int column, int image) const {
  const TemplateMatchingShape& shape = templates_;
  const float* anchors = call_.anchors + subPixel(part.first + image, row, column) * call_.numbers.anchorCount;
  const float gain = call_.numbers.gain;
  float* values = part.matched.data();
  part.matchers[image].match(row, column, values);
  const int pictureFeatures = pictures(shape);
  for (int reference = 0; reference < shape.references; reference++, values += featuresOfReference(shape)) {
    const float fit = 1.0f - values[pictureFeatures + 1], fits = fit * fit;
    for (int k = 0; k < pictureFeatures; k++)
      values[k] = (values[k] - anchors[k % shape.channels * call_.numbers.anchorCount]) * gain * fits;
    values[pictureFeatures] = values[pictureFeatures] * gain * fits;
  }
}

void Drawing::drawRow(Part& part, int row) {
  const size_t pixels = static_cast<size_t>(program_.height) * program_.width;
  const int mapFeatures = program_.map < 0 ? 0 : program_.slots[program_.map].features;
  part.pixels->beginRow(row, call_.map ? call_.map + part.first * pixels * mapFeatures : nullptr);
  for (int column = 0; column < program_.width; column++) {
    const bool outputs = call_.outputs || call_.probabilities || isToDraw(part, row, column);
    if (program_.matched >= 0)
      for (int image = 0; image < part.count; image++) match(part, row, column, image);
    for (int colour = 0; colour < program_.colours; colour++) {
      part.pixels->compute(row, column, colour, outputs);
      for (int image = 0; image < part.count; image++) drawSubPixel(part, row, column, image, colour);
    }
    const int matchers = static_cast<int>(part.matchers.size());
    for (int image = 0; image < matchers; image++) {
      const int16_t* levels = call_.levels + subPixel(part.first + image, row, column);
      part.matchers[image].know(row, column, levels);
      if (!part.regressions.empty()) part.regressions[image].know(row, column, levels);
    }
  }
  part.pixels->endRow(row);
}

// Whether any sub-pixel of a pixel is not known, in any of the images.
bool Drawing::isToDraw(const Part& part, int row, int column) const {
  for (int image = 0; image < part.count; image++) {
    const int16_t* levels = call_.levels + subPixel(part.first + image, row, column);
    if (std::any_of(levels, levels + program_.colours, [](int16_t level) { return level < 0; })) return true;
  }
  return false;
}

void Drawing::drawSubPixel(Part& part, int row, int column, int image, int colour) {
  const int index = part.first + image, anchorCount = call_.numbers.anchorCount;
  const size_t pixel = pixelAt(index, row, column), first = pixel * program_.colours;
  const PixelView view{part.pixels->outputs(row, column, image, 0), call_.levels + first,
                       call_.anchors ? call_.anchors + first * anchorCount : middles_.data(), anchorCount};
  const float* outputs = part.pixels->outputs(row, column, image, colour);
  if (call_.outputs) {
    const Slot& out = program_.slots[program_.out];
    std::copy_n(outputs, out.groups[colour], call_.outputs + pixel * out.features + (outputs - view.outputs));
  }

  if (call_.probabilities) {
    alignas(64) double probabilities[mostLevels + spareDoubles];
    const int levels = call_.numbers.levels;
    distribute(view, colour, outputs, probabilities);
    std::copy_n(probabilities, levels, call_.probabilities + (first + colour) * levels);
  }

  int16_t& drawn = call_.levels[first + colour];
  const float* anchors = view.anchors + colour * anchorCount;
  float level = drawn;
  if (drawn < 0) {
    const uint32_t* counter = call_.counters + 3 * index;
    const auto place = static_cast<uint32_t>(row * program_.width + column);
    const double u = uniform(call_.key, counter[0], counter[1], place, counter[2] + colour);
    drawn = draw(view, colour, outputs, u, call_.nats[index]);
    level = carriedWithin(drawn, anchors[0]);
  }
  const auto middle = call_.numbers.middle, gain = call_.numbers.gain;
  part.features[0] = (level - middle) / middle;
  for (int k = 0; k < anchorCount; k++) part.features[1 + k] = (level - anchors[k]) * gain;
  part.pixels->setSubPixel(row, column, image, colour, part.features.data());
}

// What is read of a drawn level after it.
float Drawing::carriedWithin(float level, float anchor) const {
  const float share = call_.numbers.carryWithin;
  return share == 1 ? level : anchor + (level - anchor) * share;
}

int16_t Drawing::draw(const PixelView& pixel, int colour, const float* outputs, double u, double& nats) {
  const double temperature = call_.numbers.temperature;
  if (headKind() == HeadKind::mixture && temperature != 0) return drawOfMixture(pixel, colour, u, nats);
  alignas(64) double probabilities[mostLevels + spareDoubles];
  const int levels = call_.numbers.levels;
  distribute(pixel, colour, outputs, probabilities);
  const double sum = sumOf(probabilities, levels);
  if (!(sum > 0 && sum < __builtin_inf())) {
    failedSum_.store(sum);
    return 0;
  }
  const int level = drawLevel(probabilities, levels, u, temperature);
  nats -= logarithm(probabilities[level]);
  return static_cast<int16_t>(level);
}

int16_t Drawing::drawOfMixture(const PixelView& pixel, int colour, double u, double& nats) {
  const int levels = call_.numbers.levels;
  const double temperature = call_.numbers.temperature;
  Logistic logistics[mostComponents];
  mixtureOf(mixture_, levels, pixel, colour, temperature, logistics);
  const int level = quantileOf(logistics, mixture_.components, levels, u);
  if (level < 0) {
    failedSum_.store(__builtin_nan(""));
    return 0;
  }
  if (temperature != 1) mixtureOf(mixture_, levels, pixel, colour, 1, logistics);
  nats -= logarithm(probabilityOf(logistics, mixture_.components, levels, level));
  return static_cast<int16_t>(level);
}

// The probability of each level of one colour, whose own outputs are `outputs`; of a mixture at the temperature, but at 1 for the
// most probable level.
void Drawing::distribute(const PixelView& pixel, int colour, const float* outputs, double* probabilities) const {
  const int levels = call_.numbers.levels;
  switch (headKind()) {
    case HeadKind::softmax:
      return engine_.kernels().softmax(outputs, levels, probabilities);
    case HeadKind::mixture: {
      Logistic logistics[mostComponents];
      const double temperature = call_.numbers.temperature;
      mixtureOf(mixture_, levels, pixel, colour, temperature == 0 ? 1 : temperature, logistics);
      return engine_.kernels().mixture(logistics, mixture_.components, levels, probabilities);
    }
    case HeadKind::sigmoid:
      probabilities[0] = 1 / (1 + exponential(outputs[0]));
      probabilities[1] = 1 / (1 + exponential(-outputs[0]));
  }
}

}  // namespace pxv::engine
