#include "registry.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif
#if defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace pxv {

struct Portable;
struct Avx2;
struct Avx512;
struct Avx512Bf16;
struct Amx;
struct Neon;

// Defined in build/generated/sets/, one file per set: see scripts/write-kernel-table.mjs.
template <class Set>
void fillTable(KernelTable& table);
template <class Set>
void fillProducts(KernelTable& table);

namespace {

template <class Set>
void add(Registry& registry, const char* name) {
  registry.sets.push_back({name, {}});
  fillTable<Set>(registry.sets.back().table);
}

// Registers the highest set so far with the bfloat16 products of Set.
template <class Set>
void addBf16(Registry& registry) {
  RegisteredSet set = registry.sets.back();
  fillProducts<Set>(set.table);
  registry.bf16.push_back(set);
}

#if defined(__x86_64__)
// Returns true if the processor has AMX with bfloat16, and the system permits its use.
bool hasMatrixTiles() {
#if defined(__linux__)
  constexpr unsigned leaf = 7, bf16 = 1u << 22, tiles = 1u << 24;
  constexpr long requestPermission = 0x1023, tileData = 18;  // ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA
  unsigned a, b, c, d;
  if (!__get_cpuid_count(leaf, 0, &a, &b, &c, &d) || (d & (bf16 | tiles)) != (bf16 | tiles)) return false;
  return syscall(SYS_arch_prctl, requestPermission, tileData) == 0;
#else
  return false;
#endif
}

// Registers AMX; its float32 kernels are those of the set below.
void addMatrixTiles(Registry& registry) {
  for (auto* sets : {&registry.sets, &registry.bf16}) {
    RegisteredSet set = sets->back();
    set.name = "amx";
    sets->push_back(set);
  }
  fillProducts<Amx>(registry.bf16.back().table);
}
#endif

Registry detect() {
  Registry registry{};
#if defined(__wasm__)
  add<Portable>(registry, "wasm");
#else
  add<Portable>(registry, "portable");
#endif
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) add<Avx2>(registry, "avx2");
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512bw")) {
    add<Avx512>(registry, "avx512");
    if (__builtin_cpu_supports("avx512bf16")) {
      addBf16<Avx512Bf16>(registry);
      if (hasMatrixTiles()) addMatrixTiles(registry);
    }
  }
#elif defined(__aarch64__)
  add<Neon>(registry, "neon");
#endif
  return registry;
}

}  // namespace

const Registry& registry() {
  static const Registry detected = detect();
  return detected;
}

}  // namespace pxv
