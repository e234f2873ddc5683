#include "program.h"

#include "kernel_table.h"

namespace pxv::engine {

static_assert(programVersion == 1, "the encoding of programs has changed: read the new one here");

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
  Slot slot{static_cast<Ready>(numbers.take()), 0, numbers.takeList(), {0}};
  for (int size : slot.groups) slot.starts.push_back(slot.features += size);
  return slot;
}

Op readOp(Numbers& numbers) {
  Op op{};
  op.kind = static_cast<OpKind>(numbers.take());
  for (int* number : {&op.read, &op.added, &op.out, &op.relu, &op.rowsDown, &op.cellDy, &op.cellDx, &op.weights,
                      &op.bias, &op.initial})
    *number = numbers.take();
  op.groups = numbers.takeList();
  const int groups = static_cast<int>(op.groups.size());
  for (int taps = numbers.take(); taps > 0; taps--)
    op.taps.push_back({numbers.take(), numbers.take(), numbers.take(), numbers.takeList(groups)});
  return op;
}

}  // namespace

Program readProgram(const int32_t* from) {
  Numbers numbers(from);
  Program program{};
  for (int* number : {&program.height, &program.width, &program.image, &program.map, &program.matched, &program.out})
    *number = numbers.take();
  for (int slots = numbers.take(); slots > 0; slots--) program.slots.push_back(readSlot(numbers));
  for (int ops = numbers.take(); ops > 0; ops--) program.ops.push_back(readOp(numbers));
  program.colours = static_cast<int>(program.slots[program.image].groups.size());
  return program;
}

}  // namespace pxv::engine
