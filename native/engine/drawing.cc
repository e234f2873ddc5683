#include "drawing.h"

#include <algorithm>

#include "../thread_pool.h"

namespace pxv::engine {
namespace {

// Returns true if threads share each op instead of the images. With few images reading the weights dominates. Small
// weights stay in each core's cache, so that sharing ops would cost more than it saves.
bool sharesOps(const Engine& engine, int batch) {
  constexpr size_t cachedFloats = 128 * 1024;
  constexpr int enoughImages = 4;
  if (batch < threads()) return true;
  return engine.pixelFloats() > cachedFloats && batch < enoughImages * threads();
}

}  // namespace

Drawing::Drawing(const Engine& engine, const DrawingCall& call)
    : engine_(engine),
      program_(engine.program()),
      call_(call),
      head_(call.numbers, engine.kernels()),
      middles_(program_.colours * call.numbers.anchorCount, call.numbers.middle),
      source_(levelSourceOf(call_, head_)) {
  const int batch = call.numbers.batch;
  const bool shared = sharesOps(engine, batch);
  const int parts = shared ? 1 : std::min(batch, threads());
  for (int part = 0; part < parts; part++) {
    const int first = part * batch / parts, end = (part + 1) * batch / parts;
    parts_.push_back({first,
                      end - first,
                      std::make_unique<PixelByPixel>(engine, end - first, shared),
                      std::vector<float>(1 + call.numbers.anchorCount),
                      {},
                      {}});
    if (program_.matched >= 0) beginEarlier(parts_.back());
  }
}

int Drawing::drawRow() {
  parallelFor(static_cast<int>(parts_.size()), [&](int part) { drawRow(parts_[part], row_); });
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
    int method = 0;
    for (MakeEarlierPixels* make : engine_.kernels().earlierMethods)
      if (numbers.earlier >> method++ & 1) methods.push_back(make(shape));
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
  part.pixels->set(program_.matched, 0, row, column, image, part.matched.data());
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

// Returns true if any sub-pixel of the pixel is unknown in any image of the part.
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
  const float* outputs = part.pixels->outputs(row, column, image, colour);
  const float* all = part.pixels->outputs(row, column, image, 0);
  const float* given = call_.anchors ? call_.anchors + first * anchorCount : middles_.data();
  const SubPixelView view{all, call_.levels + first, given, anchorCount, colour, outputs};
  if (call_.outputs) {
    const Slot& out = program_.slots[program_.out];
    std::copy_n(outputs, out.groups[colour], call_.outputs + pixel * out.features + (outputs - all));
  }

  if (call_.probabilities) {
    alignas(64) double probabilities[mostLevels + spareDoubles];
    const int levels = call_.numbers.levels;
    const double temperature = call_.numbers.temperature;
    head_.distribute(view, temperature == 0 ? 1 : temperature, call_.numbers.maxDeviation, probabilities);
    std::copy_n(probabilities, levels, call_.probabilities + (first + colour) * levels);
  }

  int16_t& drawn = call_.levels[first + colour];
  const float* anchors = given + colour * anchorCount;
  float level = drawn;
  if (drawn < 0) {
    drawn = source_->next(view, {index, row, column});
    const float share = call_.numbers.carryWithin;
    level = share == 1 ? drawn : anchors[0] + (drawn - anchors[0]) * share;
  }
  const auto middle = call_.numbers.middle, gain = call_.numbers.gain;
  part.features[0] = (level - middle) / middle;
  for (int k = 0; k < anchorCount; k++) part.features[1 + k] = (level - anchors[k]) * gain;
  part.pixels->set(program_.image, colour, row, column, image, part.features.data());
}

}  // namespace pxv::engine
