// The registers of Intel AMX: eight tiles of 16 rows of 64 bytes, which hold 16 x 16 sums, or 16 rows of 16 words. One
// instruction adds the products of 16 rows of 32 numbers and 32 columns of them.
#pragma once

#include <cstddef>
#include <cstdint>

namespace pxv {

constexpr int tileSide = 16;  // rows, and words in a row

// The thread has the tiles while this lives.
class MatrixTiles {
 public:
  MatrixTiles() {
    static constexpr Configuration whole;
    asm volatile("ldtilecfg %0" ::"m"(whole));
  }
  MatrixTiles(const MatrixTiles&) = delete;
  MatrixTiles& operator=(const MatrixTiles&) = delete;
  ~MatrixTiles() { asm volatile("tilerelease"); }

  template <int Tile>
  [[gnu::always_inline]] static void clear() {
    asm volatile("tilezero %%tmm%c0" ::"i"(Tile));
  }

  // Rows `stride` words apart.
  template <int Tile>
  [[gnu::always_inline]] static void load(const uint32_t* from, size_t stride) {
    asm volatile("tileloadd (%0,%1), %%tmm%c2" ::"r"(from), "r"(stride * sizeof *from), "i"(Tile) : "memory");
  }

  // Rows `stride` floats apart.
  template <int Tile>
  [[gnu::always_inline]] static void store(float* to, size_t stride) {
    asm volatile("tilestored %%tmm%c2, (%0,%1)" ::"r"(to), "r"(stride * sizeof *to), "i"(Tile) : "memory");
  }

  // sums[row][column] += sum over words k of left[row][k] * right[k][column], both products of a word.
  template <int Sums, int Left, int Right>
  [[gnu::always_inline]] static void multiplyAdd() {
    asm volatile("tdpbf16ps %%tmm%c2, %%tmm%c1, %%tmm%c0" ::"i"(Sums), "i"(Left), "i"(Right));
  }

 private:
  struct Configuration {
    uint8_t palette = 1, startRow = 0, reserved[14] = {};
    uint16_t rowBytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
    uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
  };
};

}  // namespace pxv
