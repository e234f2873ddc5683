#include "schedule.h"

#include <algorithm>
#include <cstdlib>

namespace pxv::engine {
namespace {

// Returns the phase of each op. An op whose output is read only after its row runs once per row, so that the weights
// are read once per row.
std::vector<Phase> phasesOf(const Program& program) {
  std::vector<Phase> phases(program.ops.size());
  std::vector<bool> waits(program.slots.size(), true);
  waits[program.out] = false;
  for (size_t i = program.ops.size(); i-- > 0;) {
    const Op& op = program.ops[i];
    const Ready ready = program.slots[op.out].ready;
    const bool atRow = ready == Ready::row || (ready == Ready::pixel && waits[op.out]);
    phases[i] = ready == Ready::given ? Phase::given : atRow ? Phase::row : Phase::pixel;
    if (phases[i] == Phase::row) continue;
    waits[op.read] = false;
    if (op.added >= 0 && op.rowsDown == 0) waits[op.added] = false;
  }
  return phases;
}

std::vector<bool> headOnlyOf(const Program& program, const std::vector<Phase>& phases) {
  std::vector<bool> headOnly(program.ops.size());
  std::vector<bool> readElsewhere(program.slots.size(), false);
  for (size_t i = program.ops.size(); i-- > 0;) {
    const Op& op = program.ops[i];
    headOnly[i] = phases[i] == Phase::pixel && op.kind != OpKind::lstm && !readElsewhere[op.out];
    const auto isElsewhere = [](const Tap& tap) { return tap.dy != 0 || tap.dx != 0; };
    if (!headOnly[i] || std::any_of(op.taps.begin(), op.taps.end(), isElsewhere)) readElsewhere[op.read] = true;
    if (op.added >= 0 && (!headOnly[i] || op.rowsDown > 0)) readElsewhere[op.added] = true;
  }
  return headOnly;
}

}  // namespace

Schedule scheduleOf(const Program& program) {
  Schedule schedule{phasesOf(program), {}, std::vector<Kept>(program.slots.size())};
  schedule.headOnly = headOnlyOf(program, schedule.phases);
  auto& kept = schedule.kept;
  kept[program.out].plain = true;
  // Readers of a slot follow its writer, so in reverse order a slot is complete at its writer.
  for (size_t i = program.ops.size(); i-- > 0;) {
    const Op& op = program.ops[i];
    const bool given = schedule.phases[i] == Phase::given;
    Kept& read = kept[op.read];
    (op.kind == OpKind::conv && op.relu ? read.relu : read.plain) = true;
    if (given) read.ahead = std::max(read.ahead, kept[op.out].ahead);
    if (op.kind == OpKind::conv)
      for (const Tap& tap : op.taps) {
        read.above = std::max(read.above, -tap.dy);
        read.border = std::max(read.border, std::abs(tap.dx));
        if (given) read.ahead = std::max(read.ahead, kept[op.out].ahead + tap.dy);
      }
    if (op.added < 0) continue;
    Kept& added = kept[op.added];
    added.plain = true;
    added.above = std::max(added.above, op.rowsDown);
    if (given) added.ahead = std::max(added.ahead, kept[op.out].ahead);
  }
  return schedule;
}

}  // namespace pxv::engine
