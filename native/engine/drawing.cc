#include "drawing.h"

#include <algorithm>
#include <iterator>

#include "../thread_pool.h"
#include "elementary.h"

namespace pxv::engine {
namespace {

// `kind` of the heads of src/model/heads.
enum HeadKind { softmaxHead = 0, sigmoidHead = 1, mixtureHead = 2 };

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

// Strictly between 0 and 1: (x + 1/2) / 2^32, x the first word of the block of this counter by Philox4x32-10, as
// src/foundation/philox.ts has it (Salmon et al., SC 2011).
double uniform(const uint32_t key[2], uint32_t c0, uint32_t c1, uint32_t c2, uint32_t c3) {
  uint32_t k0 = key[0], k1 = key[1];
  for (int round = 0; round < 10; round++) {
    const uint64_t a = static_cast<uint64_t>(0xd2511f53u) * c0, b = static_cast<uint64_t>(0xcd9e8d57u) * c2;
    c0 = static_cast<uint32_t>(b >> 32) ^ c1 ^ k0;
    c1 = static_cast<uint32_t>(b);
    c2 = static_cast<uint32_t>(a >> 32) ^ c3 ^ k1;
    c3 = static_cast<uint32_t>(a);
    k0 += 0x9e3779b9u;
    k1 += 0xbb67ae85u;
  }
  return (c0 + 0.5) / 4294967296.0;
}

int mostProbable(const double* weights, int levels) {
  return static_cast<int>(std::max_element(weights, weights + levels) - weights);
}

// A level by inverse transform: the first whose cumulative sum, ascending, exceeds the threshold.
int invert(const double* weights, int levels, double threshold) {
  double cumulative = weights[0];
  int level = 0;
  while (cumulative <= threshold && level < levels - 1) cumulative += weights[++level];
  return level;
}

// weights[k] = (p[k] / max p)^(1 / temperature).
void temper(const double* probabilities, int levels, double temperature, double* weights) {
  const double largest = probabilities[mostProbable(probabilities, levels)];
  for (int level = 0; level < levels; level++) {
    const double ratio = probabilities[level] / largest;
    weights[level] = ratio == 1.0 ? ratio : exponential(logarithm(ratio) / temperature);
  }
}

// In ascending order.
double sumOf(const double* probabilities, int levels) {
  double total = 0;
  for (int level = 0; level < levels; level++) total += probabilities[level];
  return total;
}

// At a temperature of 0 the most probable level, else one of probabilities that are raised to 1 / temperature. Their sum must be
// finite and above zero.
int drawLevel(const double* probabilities, int levels, double u, double temperature) {
  if (temperature == 0) return mostProbable(probabilities, levels);
  if (temperature == 1) return invert(probabilities, levels, u * sumOf(probabilities, levels));
  double tempered[mostLevels];
  temper(probabilities, levels, temperature, tempered);
  return invert(tempered, levels, u * sumOf(tempered, levels));
}

}  // namespace

Drawing::Drawing(const Engine& engine, const DrawingCall& call)
    : engine_(engine),
      program_(engine.program()),
      call_(call),
      mixture_{call.numbers.components, call.numbers.meanScale, call.numbers.together != 0},
      middles_(program_.colours * call.numbers.anchorCount, call.numbers.middle),
      failedSum_(1) {
  const int batch = call.numbers.batch;
  const bool shared = sharesOps(engine, batch);
  const int parts = shared ? 1 : std::min(batch, threads());
  for (int part = 0; part < parts; part++) {
    const int first = part * batch / parts, end = (part + 1) * batch / parts;
    parts_.push_back({first, end - first, std::make_unique<PixelByPixel>(engine, end - first, shared),
                      std::vector<float>(1 + call.numbers.anchorCount), {}, {}});
    if (program_.matched >= 0) beginEarlier(parts_.back());
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

void Drawing::beginEarlier(Part& part) const {
  const DrawingNumbers& numbers = call_.numbers;
  EarlierPixelsShape shape{};
  shape.height = numbers.height, shape.width = numbers.width, shape.channels = numbers.colours;
  shape.references = numbers.references, shape.highest = numbers.levels - 1, shape.gain = numbers.gain;
  part.matched.resize(program_.slots[program_.matched].features);
  for (int image = 0; image < part.count; image++) {
    auto& methods = part.earlier.emplace_back();
    for (size_t k = 0; k < std::size(earlierMethods); k++)
      if (numbers.earlier >> k & 1) methods.push_back(earlierMethods[k](shape));
    if (!call_.references) continue;
    const size_t first = pixelAt(part.first + image, 0, 0) * program_.colours;
    for (const auto& method : methods)
      method->begin(call_.anchors + first * numbers.anchorCount, numbers.anchorCount,
                    call_.references + first * numbers.references);
  }
}

void Drawing::readEarlier(Part& part, int row, int column, int image) const {
  float* to = part.matched.data();
  for (const auto& method : part.earlier[image]) {
    if (call_.references)
      method->read(row, column, to);
    else
      method->writeNothing(to);
    to += method->features();
  }
  part.pixels->setMatched(row, column, image, part.matched.data());
}

void Drawing::knowEarlier(Part& part, int row, int column, int image) const {
  float levels[3];
  std::copy_n(call_.levels + subPixel(part.first + image, row, column), program_.colours, levels);
  for (const auto& method : part.earlier[image]) method->know(row, column, levels);
}

void Drawing::drawRow(Part& part, int row) {
  const size_t pixels = static_cast<size_t>(program_.height) * program_.width;
  const int mapFeatures = program_.map < 0 ? 0 : program_.slots[program_.map].features;
  part.pixels->beginRow(row, call_.map ? call_.map + part.first * pixels * mapFeatures : nullptr);
  for (int column = 0; column < program_.width; column++) {
    const bool outputs = call_.outputs || call_.probabilities || isToDraw(part, row, column);
    if (program_.matched >= 0)
      for (int image = 0; image < part.count; image++) readEarlier(part, row, column, image);
    for (int colour = 0; colour < program_.colours; colour++) {
      part.pixels->compute(row, column, colour, outputs);
      for (int image = 0; image < part.count; image++) drawSubPixel(part, row, column, image, colour);
    }
    if (program_.matched >= 0 && call_.references)
      for (int image = 0; image < part.count; image++) knowEarlier(part, row, column, image);
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
    const float share = call_.numbers.carryWithin;
    level = share == 1 ? drawn : anchors[0] + (drawn - anchors[0]) * share;
  }
  const auto middle = call_.numbers.middle, gain = call_.numbers.gain;
  part.features[0] = (level - middle) / middle;
  for (int k = 0; k < anchorCount; k++) part.features[1 + k] = (level - anchors[k]) * gain;
  part.pixels->setSubPixel(row, column, image, colour, part.features.data());
}

int16_t Drawing::draw(const PixelView& pixel, int colour, const float* outputs, double u, double& nats) {
  const double temperature = call_.numbers.temperature;
  if (call_.numbers.headKind == mixtureHead && temperature != 0) return drawOfMixture(pixel, colour, u, nats);
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
  switch (call_.numbers.headKind) {
    case softmaxHead:
      return engine_.kernels().softmax(outputs, levels, probabilities);
    case mixtureHead: {
      Logistic logistics[mostComponents];
      const double temperature = call_.numbers.temperature;
      mixtureOf(mixture_, levels, pixel, colour, temperature == 0 ? 1 : temperature, logistics);
      return engine_.kernels().mixture(logistics, mixture_.components, levels, probabilities);
    }
    case sigmoidHead:
      probabilities[0] = 1 / (1 + exponential(outputs[0]));
      probabilities[1] = 1 / (1 + exponential(-outputs[0]));
  }
}

}  // namespace pxv::engine
