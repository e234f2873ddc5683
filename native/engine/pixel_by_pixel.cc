#include "pixel_by_pixel.h"

#include <algorithm>

#include "../thread_pool.h"

namespace pxv::engine {
namespace {

// Minimum multiplications of an op that threads share; smaller ops end before threads would wake up.
constexpr size_t worthSharing = 20'000;
// Rows of a matrix product per task.
constexpr int taskRows = 64;

}  // namespace

PixelByPixel::PixelByPixel(const Engine& engine, int images, bool shared)
    : engine_(engine),
      images_(images),
      shared_(shared),
      values_(engine.program().slots.size()),
      work_(engine.program().ops.size()),
      filled_(engine.program().slots.size()) {
  const Program& program = engine.program();
  for (size_t s = 0; s < values_.size(); s++) {
    const Slot& slot = program.slots[s];
    const Kept& kept = engine.schedule().kept[s];
    const auto ring = [&] { return RowRing(kept.rows(), program.width, kept.border, images, slot.features); };
    if (kept.plain) values_[s].plain = ring();
    if (kept.relu) values_[s].relu = ring();
  }
  for (size_t i = 0; i < work_.size(); i++) {
    const Op& op = program.ops[i];
    if (op.kind == OpKind::add) continue;
    const Product& product = *engine.product(static_cast<int>(i));
    work_[i].sources.resize(op.taps.size());
    const bool keepsSums = op.kind == OpKind::lstm || product.aboveTaps() > 0;
    if (keepsSums) work_[i].sums = zeros(static_cast<size_t>(program.width) * images * product.outFeatures());
    if (op.kind != OpKind::lstm) continue;
    const int hidden = program.slots[op.out].features;
    work_[i].states = RowRing(2, program.width, 1, images, hidden);
    work_[i].cells = RowRing(2, program.width, 1, images, hidden);
  }
}

void PixelByPixel::beginImage() {
  for (const Values& values : values_) {
    values.plain.begin(nullptr);
    values.relu.begin(nullptr);
  }
  for (size_t i = 0; i < work_.size(); i++) {
    const float* initial = engine_.initial(static_cast<int>(i));
    work_[i].states.begin(initial);
    work_[i].cells.begin(initial ? initial + work_[i].cells.features() : nullptr);
  }
  std::fill(filled_.begin(), filled_.end(), -1);
}

void PixelByPixel::beginRow(int row, const float* map) {
  if (row == 0) beginImage();
  fillGiven(row, map);
  const auto& phases = engine_.schedule().phases;
  for (int i = 0; i < static_cast<int>(phases.size()); i++)
    if (phases[i] == Phase::pixel && engine_.product(i)) sumAbove(i, row);
}

void PixelByPixel::endRow(int row) {
  const auto& phases = engine_.schedule().phases;
  for (int i = 0; i < static_cast<int>(phases.size()); i++) {
    if (phases[i] != Phase::row) continue;
    if (engine_.program().ops[i].kind == OpKind::lstm) sumAbove(i, row);
    runRow(i, row);
  }
}

void PixelByPixel::compute(int row, int column, int colour, bool outputs) {
  const auto& [phases, headOnly, kept] = engine_.schedule();
  for (int i = 0; i < static_cast<int>(phases.size()); i++)
    if (phases[i] == Phase::pixel && (outputs || !headOnly[i])) run(i, row, column, 1, colour, colour + 1);
}

// Fills each slot of phase `given` as far ahead as its readers look.
void PixelByPixel::fillGiven(int row, const float* map) {
  const Program& program = engine_.program();
  const Schedule& schedule = engine_.schedule();
  const auto fill = [&](int slot, auto&& runAt) {
    for (const int last = row + schedule.kept[slot].ahead; filled_[slot] < last;) {
      const int next = ++filled_[slot];
      if (next < program.height) {
        runAt(next);
        continue;
      }
      if (values_[slot].plain) values_[slot].plain.clearRow(next);
      if (values_[slot].relu) values_[slot].relu.clearRow(next);
    }
  };
  if (map && program.map >= 0) fill(program.map, [&](int next) { copyMap(next, map); });
  for (int i = 0; i < static_cast<int>(program.ops.size()); i++)
    if (schedule.phases[i] == Phase::given) fill(program.ops[i].out, [&](int next) { runRow(i, next); });
}

void PixelByPixel::copyMap(int row, const float* map) const {
  const Program& program = engine_.program();
  const Values& values = values_[program.map];
  const int features = program.slots[program.map].features;
  for (int column = 0; column < program.width; column++) {
    const size_t pixel = static_cast<size_t>(row) * program.width + column;
    const ptrdiff_t imageFloats = static_cast<ptrdiff_t>(program.height) * program.width * features;
    engine_.kernels().store(map + pixel * features, imageFloats, images_, features, features,
                            values.plain.find(row, column), values.relu.find(row, column));
  }
}

void PixelByPixel::sumAbove(int op, int row) {
  if (engine_.product(op)->aboveTaps() == 0) return;
  multiply(op, row, 0, engine_.program().width, 0, static_cast<int>(engine_.program().ops[op].groups.size()), true);
}

void PixelByPixel::runRow(int i, int row) {
  const Op& op = engine_.program().ops[i];
  const int groups = static_cast<int>(engine_.program().slots[op.out].groups.size());
  const int width = engine_.program().width;
  const bool pixelByPixel =
      op.kind == OpKind::lstm && (engine_.product(i)->aboveTaps() < static_cast<int>(op.taps.size()) || op.cellDy == 0);
  if (!pixelByPixel) return run(i, row, 0, width, 0, groups);
  for (int column = 0; column < width; column++)
    run(i, row, op.fromRight() ? width - 1 - column : column, 1, 0, groups);
}

void PixelByPixel::run(int i, int row, int column, int pixels, int group, int endGroup) {
  switch (engine_.program().ops[i].kind) {
    case OpKind::conv:
      return multiply(i, row, column, pixels, group, endGroup, false);
    case OpKind::lstm:
      multiply(i, row, column, pixels, group, endGroup, false);
      for (; group < endGroup; group++) stepCells(i, row, column, pixels, group);
      return;
    case OpKind::add:
      return add(i, row, column, pixels, group, endGroup);
  }
}

const RowRing& PixelByPixel::readOf(int i) const {
  const Op& op = engine_.program().ops[i];
  if (op.kind == OpKind::lstm) return work_[i].states;
  return op.relu ? values_[op.read].relu : values_[op.read].plain;
}

// With `above`, computes the sums over the rows above into the op's working memory. Else adds the other taps, and
// writes the output of a conv or the gates of an lstm before their activation functions.
void PixelByPixel::multiply(int i, int row, int column, int pixels, int group, int endGroup, bool above) {
  const Op& op = engine_.program().ops[i];
  const Product& product = *engine_.product(i);
  const RowRing& read = readOf(i);
  const bool isConv = op.kind == OpKind::conv;
  const int aboveTaps = product.aboveTaps(), taps = static_cast<int>(op.taps.size());
  const int firstTap = above ? 0 : aboveTaps, endTap = above ? aboveTaps : taps;
  Work& work = work_[i];
  for (int t = firstTap; t < endTap; t++) work.sources[t] = read.at(row + op.taps[t].dy, column + op.taps[t].dx);

  const ptrdiff_t outStep = product.outFeatures();
  float* sums = work.sums ? work.sums.get() + static_cast<ptrdiff_t>(column) * images_ * outStep : nullptr;
  const float* plus = nullptr;
  float *out = sums, *reluOut = nullptr;
  if (!above) {
    const int added = isConv ? op.added : op.read;
    plus = added >= 0 ? values_[added].plain.find(row, column) : nullptr;
    if (isConv) {
      out = values_[op.out].plain.find(row, column);
      reluOut = values_[op.out].relu.find(row, column);
    }
  }

  const int rows = pixels * images_, blocks = (rows + taskRows - 1) / taskRows;
  const int firstPanel = product.panelsBegin(group), panels = product.panelsEnd(endGroup - 1) - firstPanel;
  size_t inputs = 0;
  for (int t = firstTap; t < endTap; t++) inputs += product.counts(group)[t];
  auto task = [&](int index) {
    const Panel& panel = product.panels()[firstPanel + index % panels];
    const int begin = index / panels * taskRows;
    const ptrdiff_t first = begin * outStep + panel.first;
    PanelProduct part{};
    part.taps = endTap - firstTap;
    part.sources = work.sources.data() + firstTap;
    part.counts = product.counts(panel.group) + firstTap;
    part.firstRow = begin;
    part.sourceStep = read.features();
    part.weights = engine_.packed() + (above ? panel.aboveWeights : panel.restWeights);
    part.vectors = panel.vectors;
    part.width = panel.width;
    part.rows = std::min(taskRows, rows - begin);
    part.before = !above && aboveTaps > 0 ? sums + first : nullptr;
    part.bias = !above && op.bias >= 0 ? engine_.packed() + panel.bias : nullptr;
    part.plus = plus ? plus + first : nullptr;
    part.out = out ? out + first : nullptr;
    part.reluOut = reluOut ? reluOut + first : nullptr;
    part.outStep = outStep;
    engine_.kernels().multiply(part);
  };
  const int tasks = panels * blocks;
  if (shared_ && tasks > 1 && inputs * rows * panels * engine_.kernels().lanes * 2 > worthSharing)
    parallelFor(tasks, task);
  else
    for (int index = 0; index < tasks; index++) task(index);
}

void PixelByPixel::stepCells(int i, int row, int column, int pixels, int group) {
  const Op& op = engine_.program().ops[i];
  const Work& work = work_[i];
  const Values& out = values_[op.out];
  const Slot& slot = engine_.program().slots[op.out];
  const int hidden = work.states.features(), first = slot.starts[group], size = slot.groups[group];
  float* states = work.states.at(row, column);
  engine_.kernels().cells({pixels * images_, hidden, first, size,
                           work.sums.get() + static_cast<ptrdiff_t>(column) * images_ * 4 * hidden,
                           work.cells.at(row + op.cellDy, column + op.cellDx), work.cells.at(row, column), states});
  engine_.kernels().store(states + first, hidden, pixels * images_, size, hidden, out.plain.find(row, column, first),
                          out.relu.find(row, column, first));
}

void PixelByPixel::add(int i, int row, int column, int pixels, int group, int endGroup) {
  const Op& op = engine_.program().ops[i];
  const Values& out = values_[op.out];
  const Slot& slot = engine_.program().slots[op.out];
  const int first = slot.starts[group], count = slot.starts[endGroup] - first;
  engine_.kernels().add(values_[op.read].plain.at(row, column) + first,
                        values_[op.added].plain.at(row - op.rowsDown, column) + first, pixels * images_, count,
                        slot.features, out.plain.find(row, column, first), out.relu.find(row, column, first));
}

void PixelByPixel::set(int index, int group, int row, int column, int image, const float* features) const {
  const Slot& slot = engine_.program().slots[index];
  for (const RowRing* ring : {&values_[index].plain, &values_[index].relu}) {
    if (!*ring) continue;
    float* to = ring->at(row, column) + static_cast<ptrdiff_t>(image) * ring->features() + slot.starts[group];
    for (int k = 0; k < slot.groups[group]; k++)
      to[k] = ring == &values_[index].relu && !(features[k] > 0.0f) ? 0.0f : features[k];
  }
}

const float* PixelByPixel::outputs(int row, int column, int image, int colour) const {
  const int index = engine_.program().out;
  const RowRing& out = values_[index].plain;
  return out.at(row, column) + static_cast<ptrdiff_t>(image) * out.features() +
         engine_.program().slots[index].starts[colour];
}

}  // namespace pxv::engine
