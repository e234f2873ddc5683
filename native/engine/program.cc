#include "program.h"

namespace pxv::engine {
namespace {

class Numbers {
 public:
  explicit Numbers(const int32_t* next) : next_(next) {}

  int take() { return *next_++; }
  std::vector<int> takeList() { return takeList(take()); }
  std::vector<int> takeList(int count) {
    std::vector<int> list(next_, next_ + count);
    next_ += count;
    return list;
  }

 private:
  const int32_t* next_;
};

Slot readSlot(Numbers& numbers) {
  Slot slot{static_cast<Ready>(numbers.take()), 0, numbers.takeList()};
  for (int size : slot.groups) slot.features += size;
  return slot;
}

Op readOp(Numbers& numbers) {
  Op op{};
  op.kind = static_cast<OpKind>(numbers.take());
  op.read = numbers.take();
  op.added = numbers.take();
  op.out = numbers.take();
  op.relu = numbers.take() != 0;
  op.rowsDown = numbers.take();
  op.cellDy = numbers.take();
  op.cellDx = numbers.take();
  op.fromRight = op.cellDx > 0;
  op.weights = numbers.take();
  op.bias = numbers.take();
  op.initial = numbers.take();
  op.groups = numbers.takeList();
  for (int taps = numbers.take(); taps > 0; taps--) {
    Tap tap{};
    tap.dy = numbers.take();
    tap.dx = numbers.take();
    tap.position = numbers.take();
    tap.sees = numbers.takeList(static_cast<int>(op.groups.size()));
    op.taps.push_back(std::move(tap));
  }
  return op;
}

}  // namespace

Program readProgram(const int32_t* from) {
  Numbers numbers(from);
  Program program{};
  program.height = numbers.take();
  program.width = numbers.take();
  program.image = numbers.take();
  program.map = numbers.take();
  program.matched = numbers.take();
  program.out = numbers.take();
  for (int slots = numbers.take(); slots > 0; slots--) program.slots.push_back(readSlot(numbers));
  for (int ops = numbers.take(); ops > 0; ops--) program.ops.push_back(readOp(numbers));
  program.colours = static_cast<int>(program.slots[program.image].groups.size());
  return program;
}

}  // namespace pxv::engine
