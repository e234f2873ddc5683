// Program of ops, decoded from the integers of src/sampling/engine.ts; src/model/program.ts and src/model/ops define
// each part.
#pragma once

#include <cstdint>
#include <vector>

namespace pxv::engine {

// Time at which a slot may be read: see src/model/groups.ts.
enum class Ready { given, image, pixel, row, earlier };

struct Slot {
  Ready ready;
  int features;
  std::vector<int> groups;  // sizes of the colour groups
  std::vector<int> starts;  // first feature of each group, and the end
};

struct Tap {
  int dy, dx;
  int position;           // index of the weight matrix
  std::vector<int> sees;  // number of leading features visible to each output group
};

enum class OpKind { conv, lstm, add };

struct Op {
  OpKind kind;
  int read;                 // slot: x of a conv, gates of an lstm, a of an add
  int added;                // slot: plus of a conv (or -1), b of an add
  int out;                  // slot
  int relu;                 // 1 if a ReLU is applied to x first
  int rowsDown;             // add
  int cellDy, cellDx;       // lstm: offset of the pixel that a pixel's cell comes from
  int weights, bias;        // indices of parameters; -1: none
  int initial;              // lstm: [2][h], or -1
  std::vector<int> groups;  // group sizes of the product: those of out, times four for an lstm
  std::vector<Tap> taps;    // conv and lstm, in raster order

  // Returns true if an lstm scans rows from right to left.
  bool fromRight() const { return cellDx > 0; }
};

struct Program {
  int height, width, colours;
  int image, map, matched, out;  // slots; map and matched are -1 if absent
  std::vector<Slot> slots;
  std::vector<Op> ops;
};

Program readProgram(const int32_t* numbers);

}  // namespace pxv::engine
