// A program of ops, as src/sampling/engine.ts writes it in integers; what each part means is said in
// src/model/program.ts and src/model/ops.
#pragma once

#include <cstdint>
#include <vector>

namespace pxv::engine {

// When the value of a slot may be read; see src/model/groups.ts.
enum class Ready { given, image, pixel, row, earlier };

struct Slot {
  Ready ready;
  int features;
  std::vector<int> groups;  // sizes of the colour groups
  std::vector<int> starts;  // the first feature of each, and the end
};

struct Tap {
  int dy, dx;
  int position;            // which of the weight matrices
  std::vector<int> sees;  // for each output group, how many leading features
};

enum class OpKind { conv, lstm, add };

struct Op {
  OpKind kind;
  int read;   // slot: x of a conv, gates of an lstm, a of an add
  int added;  // slot: plus of a conv (or -1), b of an add
  int out;    // slot
  int relu;                // whether x goes through one first
  int rowsDown;            // add
  int cellDy, cellDx;      // lstm: where a pixel's cell comes from
  int weights, bias;       // indices of parameters; -1 where there is none
  int initial;             // lstm: [2][h], or -1
  std::vector<int> groups;  // sizes of the groups of the product: those of out, for an lstm four times
  std::vector<Tap> taps;   // conv and lstm, in raster order

  // Of an lstm: whether a row is walked from its right end.
  bool fromRight() const { return cellDx > 0; }
};

struct Program {
  int height, width, colours;
  int image, map, matched, out;  // slots; map and matched are -1 where there is none
  std::vector<Slot> slots;
  std::vector<Op> ops;
};

Program readProgram(const int32_t* numbers);

}  // namespace pxv::engine
