#include "engine.h"

namespace pxv::engine {

Engine::Engine(Program program, const std::vector<const float*>& parameters, const EngineKernels& kernels)
    : program_(std::move(program)),
      schedule_(scheduleOf(program_)),
      kernels_(kernels),
      products_(program_.ops.size()),
      initial_(program_.ops.size()) {
  const int ops = static_cast<int>(program_.ops.size());
  for (int i = 0; i < ops; i++) {
    const Op& op = program_.ops[i];
    if (op.kind == OpKind::add) continue;
    // An lstm always reads states of the row above; a conv of phase `row` computes all taps at once.
    const bool split = op.kind == OpKind::lstm || schedule_.phases[i] == Phase::pixel;
    const int features = program_.slots[op.kind == OpKind::lstm ? op.out : op.read].features;
    products_[i].emplace(op, features, split, kernels);
    if (op.initial >= 0) initial_[i].assign(parameters[op.initial], parameters[op.initial] + 2 * features);
  }

  // The weights of each colour of a pixel are contiguous, in reading order.
  size_t next = 0;
  for (int colour = 0; colour < program_.colours; colour++)
    for (int i = 0; i < ops; i++)
      if (products_[i] && schedule_.phases[i] == Phase::pixel) products_[i]->placeRest(colour, next);
  pixelFloats_ = next;
  for (int i = 0; i < ops; i++) {
    if (!products_[i]) continue;
    if (schedule_.phases[i] != Phase::pixel)
      for (size_t group = 0; group < program_.ops[i].groups.size(); group++)
        products_[i]->placeRest(static_cast<int>(group), next);
    products_[i]->placeAbove(next);
  }

  packed_ = zeros(next);
  for (int i = 0; i < ops; i++) {
    const Op& op = program_.ops[i];
    if (products_[i])
      products_[i]->pack(parameters[op.weights], op.bias < 0 ? nullptr : parameters[op.bias], packed_.get());
  }
}

}  // namespace pxv::engine
