// Writes the C++ declarations of the kernels from their descriptions in dist/: the structs of their calls, and the
// table that holds a function for each.
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const folder = join(root, 'build', 'generated');
const numberTypes = { int32: 'int32_t', boolean: 'int32_t', float32: 'float', float64: 'double' };

/**
 * Calls that fill the table of each instruction set, by its type of native/instruction_set.h. Each set is a file, since
 * compiler flags are per file.
 */
const sets = {
  portable: 'fillTable<pxv::Portable>',
  avx2: 'fillTable<pxv::Avx2>',
  avx512: 'fillTable<pxv::Avx512>',
  avx512bf16: 'fillProducts<pxv::Avx512Bf16>',
  amx: 'fillProducts<pxv::Amx>',
  neon: 'fillTable<pxv::Neon>',
};

export async function writeKernelTable() {
  const built = (name) => import(new URL(`../dist/src/backend/${name}.js`, import.meta.url));
  const { kernelSignature, callLayout } = await built('call');
  const { descriptions } = await built('kernels/index');
  const { drawing } = await built('kernels/drawing');
  const { headTypes } = await built('kernels/heads');
  const { PROGRAM_VERSION } = await built('program-version');

  const headKind = (type) => `${type.replace(/-(.)/g, (_, letter) => letter.toUpperCase())}Head`;
  const structName = (name) => `${name[0].toUpperCase()}${name.slice(1)}Call`;
  const numbersOf = ({ numbers }) => [
    `struct alignas(8) ${numbers.name} {`,
    ...callLayout({ numbers, inputs: {}, outputs: {} }).numbers.map(
      ({ name, type }) => `  ${numberTypes[type]} ${name};`,
    ),
    '};',
  ];
  const callOf = ([name, description]) => {
    const { arrays, bytes } = callLayout(description);
    const pointer = ({ name, type, written }) => `  ${written ? '' : 'const '}${type}* ${name};`;
    return [
      `struct ${structName(name)} {`,
      ...[`  ${description.numbers.name} numbers;`, ...arrays.map(pointer)],
      '};',
      `static_assert(sizeof(${description.numbers.name}) == ${bytes});`,
    ];
  };
  const calls = [...Object.entries(descriptions), ['drawing', drawing]];
  const groups = new Map(calls.map(([, description]) => [description.numbers.name, description]));
  const names = Object.keys(descriptions);
  const arrayCount = (name) => callLayout(descriptions[name]).arrays.length;
  const mostBytes = Math.max(...names.map((name) => callLayout(descriptions[name]).bytes + 8 * arrayCount(name)));
  const cases = names.map(
    (name, i) => `    case ${i}: return table.${name}(*static_cast<const ${structName(name)}*>(call));`,
  );

  const table = `// Written by scripts/write-kernel-table.mjs from src/backend/kernels.
#pragma once

#include <cstddef>
#include <cstdint>

namespace pxv {

namespace engine {
struct EngineKernels;
}

${[...groups.values()].flatMap(numbersOf).join('\n')}

${calls.flatMap(callOf).join('\n')}

struct KernelTable {
${names.map((name) => `  void (*${name})(const ${structName(name)}&);`).join('\n')}
  const engine::EngineKernels* engine;  // see engine/engine_kernels.h
};

inline constexpr uint32_t kernelSignature = ${kernelSignature}u;

// Kinds of heads, in the order of src/backend/kernels/heads.ts.
enum HeadKind { ${headTypes.map(headKind).join(', ')} };

// Version of the programs that src/sampling/engine.ts encodes.
inline constexpr int programVersion = ${PROGRAM_VERSION};

// Of each kernel's call, in the order of the table: bytes of the numbers, and how many pointers follow them.
struct CallSize {
  size_t bytes;
  int arrays;
};
inline constexpr CallSize callSizes[] = {
${names.map((name) => `    {sizeof(${descriptions[name].numbers.name}), ${arrayCount(name)}},`).join('\n')}
};
inline constexpr size_t mostCallBytes = ${mostBytes};
inline constexpr int drawingArrays = ${callLayout(drawing).arrays.length};

inline void runKernel(const KernelTable& table, int kernel, const void* call) {
  switch (kernel) {
${cases.join('\n')}
  }
}

}  // namespace pxv
`;
  const headers = readdirSync(join(root, 'native', 'kernels')).filter((name) => name.endsWith('.h'));
  const inBf16 = names.filter((name) => descriptions[name].inBf16);
  const templates = `// Written by scripts/write-kernel-table.mjs from src/backend/kernels: every template, and the
// tables of one instruction set.
#pragma once

#include "../../native/engine/step_kernels.h"
${headers.map((name) => `#include "../../native/kernels/${name}"`).join('\n')}

namespace pxv {

// Sets the functions that round their factors to bfloat16 if the set does.
template <class Set>
void fillProducts(KernelTable& table) {
${inBf16.map((name) => `  table.${name} = ${name}<Set>;`).join('\n')}
}

template <class Set>
void fillTable(KernelTable& table) {
${names.map((name) => `  table.${name} = ${name}<Set>;`).join('\n')}
  table.engine = &engine::stepKernels<Set>;
}

}  // namespace pxv
`;
  const setFiles = Object.entries(sets).map(([name, fill]) => [
    `sets/${name}.cc`,
    `#include "kernel_templates.h"\n\ntemplate void pxv::${fill}(pxv::KernelTable&);\n`,
  ]);
  mkdirSync(join(folder, 'sets'), { recursive: true });
  for (const [name, text] of [['kernel_table.h', table], ['kernel_templates.h', templates], ...setFiles]) {
    const path = join(folder, name);
    let before = null;
    try {
      before = readFileSync(path, 'utf8');
    } catch {
      // The first time.
    }
    // An unchanged file causes no compilation.
    if (before !== text) writeFileSync(path, text);
  }
}
