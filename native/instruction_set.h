// Instruction sets, as types that kernel templates are instantiated for. A set defines the floats of a vector, the size
// of a register tile, and the rounding of a multiply-add. Nothing else differs from set to set.
#pragma once

#include <cstdint>
#include <cstring>

#if defined(__AVX2__) || defined(__AVX512F__)
#include <immintrin.h>
#endif
#if defined(__aarch64__)
#include <arm_neon.h>
#endif

namespace pxv {

// The upper half of a float32.
struct Bfloat16 {
  uint16_t bits;
};

// Vectors of GCC and Clang: operators work lane by lane, and comparisons give 0 or -1 in each lane.
//
// Factors of matrix products are read in words, a vector of words at a time. A word is a float, or two bfloat16 whose
// products are both added to the sum (Avx512Bf16).
template <int Lanes>
struct Vector {
  static constexpr int lanes = Lanes, numbersInWord = 1;
  static constexpr bool hasMatrixTiles = false;
  static constexpr int wordsInStep = 1;  // words that one instruction adds
  typedef float Floats __attribute__((vector_size(Lanes * sizeof(float))));
  typedef int32_t Integers __attribute__((vector_size(Lanes * sizeof(int32_t))));

  static Floats load(const float* from) {
    Floats value;
    std::memcpy(&value, from, sizeof value);
    return value;
  }
  static void store(float* to, Floats value) { std::memcpy(to, &value, sizeof value); }

  // Loads the first `count` lanes (all if `count` exceeds them); the other lanes are `rest`.
  static Floats load(const float* from, int count, float rest) {
    if (count >= Lanes) return load(from);
    float values[Lanes];
    for (int lane = 0; lane < Lanes; lane++) values[lane] = lane < count ? from[lane] : rest;
    return load(values);
  }
  static void store(float* to, Floats value, int count) {
    if (count >= Lanes) return store(to, value);
    float values[Lanes];
    store(values, value);
    for (int lane = 0; lane < Lanes; lane++)
      if (lane < count) to[lane] = values[lane];
  }

  // Lane i = from[at[i]].
  static Floats gather(const float* from, Integers at) {
    int32_t places[Lanes];
    std::memcpy(places, &at, sizeof places);
    float values[Lanes];
    for (int lane = 0; lane < Lanes; lane++) values[lane] = from[places[lane]];
    return load(values);
  }

  // Written as a difference, since value - 0 is value for every float: the compiler sees a broadcast.
  static Floats fill(float value) { return value - Floats{}; }
  // Returns b if a or b is NaN.
  static Floats max(Floats a, Floats b) { return a > b ? a : b; }
  static Floats min(Floats a, Floats b) { return a < b ? a : b; }

  using Word = float;
  using Words = Floats;
  // `successive`: words of numbers that are adjacent in memory. `abreast`: words whose i-th number is in numbers[i].
  static Words successive(const Floats (&numbers)[1]) { return numbers[0]; }
  static Words abreast(const Floats (&numbers)[1]) { return numbers[0]; }
};

// Any CPU; a product is rounded before it is added.
struct Portable : Vector<4> {
  static constexpr int tileRows[3] = {12, 6, 4}, filterTileRows = 6;
  static Floats multiplyAdd(Floats a, Floats b, Floats sum) { return a * b + sum; }
};

#if defined(__AVX2__) && defined(__FMA__)
// x86-64-v3; 16 registers.
struct Avx2 : Vector<8> {
  static constexpr int tileRows[3] = {12, 6, 4}, filterTileRows = 6;
  static Floats multiplyAdd(Floats a, Floats b, Floats sum) { return _mm256_fmadd_ps(a, b, sum); }
  static Floats max(Floats a, Floats b) { return _mm256_max_ps(a, b); }
  static Floats min(Floats a, Floats b) { return _mm256_min_ps(a, b); }
  static Floats gather(const float* from, Integers at) { return _mm256_i32gather_ps(from, (__m256i)at, 4); }

  using Vector<8>::load;
  using Vector<8>::store;
  static Floats load(const float* from, int count, float rest) {
    if (count >= lanes) return load(from);
    const auto first = firstLanes(count);
    return _mm256_blendv_ps(_mm256_set1_ps(rest), _mm256_maskload_ps(from, first), _mm256_castsi256_ps(first));
  }
  static void store(float* to, Floats value, int count) {
    if (count >= lanes) return store(to, value);
    _mm256_maskstore_ps(to, firstLanes(count), value);
  }

 private:
  static __m256i firstLanes(int count) {
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(count), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
  }
};
#endif

#if defined(__AVX512F__)
// x86-64-v4; 32 registers.
struct Avx512 : Vector<16> {
  static constexpr int tileRows[3] = {12, 12, 8}, filterTileRows = 14;
  static Floats multiplyAdd(Floats a, Floats b, Floats sum) { return _mm512_fmadd_ps(a, b, sum); }
  static Floats max(Floats a, Floats b) { return _mm512_max_ps(a, b); }
  static Floats min(Floats a, Floats b) { return _mm512_min_ps(a, b); }
  static Floats gather(const float* from, Integers at) { return _mm512_i32gather_ps((__m512i)at, from, 4); }

  using Vector<16>::load;
  using Vector<16>::store;
  static Floats load(const float* from, int count, float rest) {
    if (count >= lanes) return load(from);
    return _mm512_mask_loadu_ps(_mm512_set1_ps(rest), firstLanes(count), from);
  }
  static void store(float* to, Floats value, int count) {
    if (count >= lanes) return store(to, value);
    _mm512_mask_storeu_ps(to, firstLanes(count), value);
  }

 protected:
  static __mmask16 firstLanes(int count) { return static_cast<__mmask16>((1u << (count < 0 ? 0 : count)) - 1); }
};
#endif

#if defined(__AVX512BF16__)
// AVX-512 with factors rounded to bfloat16, to the nearest, ties to even. The second product of a word is added first;
// each product is fused with its sum, and denormal numbers are zeros.
struct Avx512Bf16 : Avx512 {
  static constexpr int numbersInWord = 2;
  using Word = uint32_t;
  using Words = __m512i;

  using Avx512::fill;
  using Avx512::load;
  using Avx512::multiplyAdd;
  using Avx512::store;
  static Words load(const Word* from) { return _mm512_loadu_si512(from); }
  // Loads the first `count` lanes (all if `count` exceeds them); the other lanes are zero.
  static Words load(const Word* from, int count) {
    return _mm512_maskz_loadu_epi32(firstLanes(count < lanes ? count : lanes), from);
  }
  static void store(Word* to, Words words) { _mm512_storeu_si512(to, words); }
  static void store(Word* to, Words words, int count) {
    if (count >= lanes) return store(to, words);
    _mm512_mask_storeu_epi32(to, firstLanes(count), words);
  }
  // Numbers in memory; the other lanes are zero, whatever `rest` is. Denormal numbers are stored as zeros.
  static Floats load(const Bfloat16* from, int count, [[maybe_unused]] float rest) {
    const __m256i numbers = _mm256_maskz_loadu_epi16(firstLanes(count < lanes ? count : lanes), from);
    return (Floats)_mm512_slli_epi32(_mm512_cvtepu16_epi32(numbers), 16);
  }
  static Floats load(const Bfloat16* from) {
    const __m256i numbers = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
    return (Floats)_mm512_slli_epi32(_mm512_cvtepu16_epi32(numbers), 16);
  }
  static void store(Bfloat16* to, Floats value) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), (__m256i)_mm512_cvtneps_pbh(value));
  }
  static void store(Bfloat16* to, Floats value, int count) {
    const __mmask16 first = firstLanes(count < lanes ? count : lanes);
    _mm256_mask_storeu_epi16(to, first, (__m256i)_mm512_cvtneps_pbh(value));
  }
  // ReLU of each number: the sign of a bfloat16 is that of its bits as an integer.
  static Words rectify(Words words) { return _mm512_max_epi16(words, _mm512_setzero_si512()); }
  static Words fill(Word word) { return _mm512_set1_epi32(static_cast<int>(word)); }
  static Floats multiplyAdd(Words a, Words b, Floats sum) { return _mm512_dpbf16_ps(sum, (__m512bh)a, (__m512bh)b); }

  static Words successive(const Floats (&numbers)[2]) { return (Words)_mm512_cvtne2ps_pbh(numbers[1], numbers[0]); }
  static Words abreast(const Floats (&numbers)[2]) {
    // Lane i of the first, then lane i of the second, 16 numbers further.
    const Words first = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    const Words second = _mm512_add_epi32(first, _mm512_set1_epi32(16));
    const Words order = _mm512_or_si512(first, _mm512_slli_epi32(second, 16));
    return _mm512_permutexvar_epi16(order, successive(numbers));
  }
  // `abreast` of the first numbers of two arrays, at most `lanes`; zero beyond them.
  static Words loadAbreast(const float* first, int firstCount, const float* second, int secondCount) {
    return abreast({load(first, firstCount, 0.0f), load(second, secondCount, 0.0f)});
  }
  static Words loadAbreast(const Bfloat16* first, int firstCount, const Bfloat16* second, int secondCount) {
    const auto load = [](const Bfloat16* from, int count) {
      return _mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16(firstLanes(count < lanes ? count : lanes), from));
    };
    return _mm512_or_si512(load(first, firstCount), _mm512_slli_epi32(load(second, secondCount), 16));
  }
};
#endif

#if defined(__AMX_BF16__)
// bfloat16 factors in the tile registers of kernels/matrix_tile.h.
struct Amx : Avx512Bf16 {
  static constexpr bool hasMatrixTiles = true;
  static constexpr int wordsInStep = 16, filterTileRows = 16;

  // Lane j of vector i becomes lane i of vector j.
  static void transpose(Words (&rows)[16]) {
    Words pairs[16], fours[16];
#pragma GCC unroll 8
    for (int i = 0; i < 16; i += 2) {
      pairs[i] = _mm512_unpacklo_epi32(rows[i], rows[i + 1]);
      pairs[i + 1] = _mm512_unpackhi_epi32(rows[i], rows[i + 1]);
    }
#pragma GCC unroll 4
    for (int i = 0; i < 16; i += 4) {
      fours[i] = _mm512_unpacklo_epi64(pairs[i], pairs[i + 2]);
      fours[i + 1] = _mm512_unpackhi_epi64(pairs[i], pairs[i + 2]);
      fours[i + 2] = _mm512_unpacklo_epi64(pairs[i + 1], pairs[i + 3]);
      fours[i + 3] = _mm512_unpackhi_epi64(pairs[i + 1], pairs[i + 3]);
    }
#pragma GCC unroll 4
    for (int i = 0; i < 4; i++) {
      const Words even = _mm512_shuffle_i32x4(fours[i], fours[i + 4], 0x88);
      const Words odd = _mm512_shuffle_i32x4(fours[i], fours[i + 4], 0xdd);
      const Words laterEven = _mm512_shuffle_i32x4(fours[i + 8], fours[i + 12], 0x88);
      const Words laterOdd = _mm512_shuffle_i32x4(fours[i + 8], fours[i + 12], 0xdd);
      rows[i] = _mm512_shuffle_i32x4(even, laterEven, 0x88);
      rows[i + 4] = _mm512_shuffle_i32x4(odd, laterOdd, 0x88);
      rows[i + 8] = _mm512_shuffle_i32x4(even, laterEven, 0xdd);
      rows[i + 12] = _mm512_shuffle_i32x4(odd, laterOdd, 0xdd);
    }
  }
};
#endif

#if defined(__aarch64__)
// Every 64-bit Arm; 32 registers.
struct Neon : Vector<4> {
  static constexpr int tileRows[3] = {12, 12, 8}, filterTileRows = 12;
  static Floats multiplyAdd(Floats a, Floats b, Floats sum) {
    return (Floats)vfmaq_f32((float32x4_t)sum, (float32x4_t)a, (float32x4_t)b);
  }
};
#endif

}  // namespace pxv
