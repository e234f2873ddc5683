// The kernels as function pointers, one table an instruction set. What each computes, and the shapes of its arrays, is
// written once, in src/backend/kernels.ts; here sizes are given where the arrays do not tell them.
#pragma once

#include <cstddef>
#include <cstdint>

namespace pxv {

class ConvolutionShape;
class WalkShape;
namespace engine {
struct EngineKernels;
}

struct MixtureShape {
  int components, levels;
  float meanScale;
  int colours;  // 1 or 3
  int anchors;
};

struct WarpShape {
  int height, width, channels;
  int frames, flows;
  float flowScale;
};

struct BlockMatchingShape {
  int height, width, channels;
  int reach, margin;
  float costOfMotion, costOfDistance;
};

// One update of `count` weights; gradients are multiplied by gradientScale.
struct AdamStep {
  size_t count;
  float rate, beta1, beta2, epsilon;
  float correction1, correction2;  // 1 - beta^step
  float gradientScale;
};

struct RmsPropStep {
  size_t count;
  float rate, decay, epsilon;
  float gradientScale;
};

struct KernelTable {
  void (*convolution)(const ConvolutionShape& shape, int batch, const float* x, const float* weights, const float* bias,
                      const float* plus, bool relu, float* out);
  void (*convolutionInputGradient)(const ConvolutionShape& shape, int batch, const float* dy, const float* weights,
                                   const float* reluInput, const float* plus, float* dx);
  void (*convolutionFilterGradient)(const ConvolutionShape& shape, int batch, const float* x, const float* dy,
                                    bool relu, float* dWeights, float* dBias);
  void (*lstm)(const WalkShape& shape, int batch, const float* gates, const float* weights, const float* initial,
               float* activations, float* cells, float* out);
  void (*lstmGradient)(const WalkShape& shape, int batch, const float* dOut, const float* weights, const float* initial,
                       const float* activations, const float* cells, const float* out, float* dGates, float* dWeights,
                       float* dInitial);
  void (*matMul)(const float* a, const float* b, int m, int n, int k, bool transposeA, bool transposeB, float* out);

  void (*relu)(size_t count, const float* x, float* out);
  void (*reluGradient)(size_t count, const float* x, const float* dy, float* dx);
  void (*add)(size_t count, size_t period, const float* a, const float* b, float* out);
  void (*addMoved)(int batch, ptrdiff_t length, ptrdiff_t offset, const float* a, const float* b, float* out);
  void (*multiply)(size_t count, const float* a, const float* b, float* out);
  void (*sumRows)(size_t rows, size_t columns, const float* x, float* out);
  void (*multiplyAdds)(int rounds, size_t count, const float* x, float* out);  // see src/bench/multiply-adds.ts

  void (*softmaxCrossEntropy)(const float* logits, const int32_t* targets, int rows, int levels, float* nats);
  void (*softmaxCrossEntropyGradient)(const float* logits, const int32_t* targets, const float* dNats, int rows,
                                      int levels, float* dLogits);
  void (*sigmoidCrossEntropy)(size_t rows, const float* logits, const int32_t* targets, float* nats);
  void (*sigmoidCrossEntropyGradient)(size_t rows, const float* logits, const int32_t* targets, const float* dNats,
                                      float* dLogits);
  void (*logisticMixture)(const MixtureShape& shape, const float* parameters, const int32_t* targets,
                          const float* anchors, int rows, float* nats);
  void (*logisticMixtureGradient)(const MixtureShape& shape, const float* parameters, const int32_t* targets,
                                  const float* anchors, const float* dNats, int rows, float* dParameters,
                                  float* dAnchors);

  void (*warpedMixture)(const WarpShape& shape, int batch, const float* frames, const float* motion, float* out);
  void (*warpedMixtureGradient)(const WarpShape& shape, int batch, const float* frames, const float* motion,
                                const float* dOut, float* dMotion);
  void (*warpedMixtureFramesGradient)(const WarpShape& shape, int batch, const float* motion, const float* dOut,
                                      float* dFrames);

  void (*blockMatching)(const BlockMatchingShape& shape, int batch, const float* before, const float* last, float* out);

  void (*adam)(const AdamStep& step, const float* w, const float* g, const float* m, const float* v, float* newW,
               float* newM, float* newV);
  void (*rmsProp)(const RmsPropStep& step, const float* w, const float* g, const float* v, float* newW, float* newV);

  const engine::EngineKernels* engine;  // see engine/engine_kernels.h
};

// Each writes the pointers of one header in kernels/ for one instruction set.
template <class Set>
void fillConvolution(KernelTable& table);
template <class Set>
void fillConvolutionFilterGradient(KernelTable& table);
template <class Set>
void fillLstm(KernelTable& table);
template <class Set>
void fillMatMul(KernelTable& table);
template <class Set>
void fillElementWise(KernelTable& table);
template <class Set>
void fillSoftmax(KernelTable& table);
template <class Set>
void fillSigmoid(KernelTable& table);
template <class Set>
void fillLogisticMixture(KernelTable& table);
template <class Set>
void fillWarpedMixture(KernelTable& table);
template <class Set>
void fillBlockMatching(KernelTable& table);
template <class Set>
void fillOptimisers(KernelTable& table);
template <class Set>
void fillEngine(KernelTable& table);

}  // namespace pxv
