import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { buildTensorflowBinding } from '../../src/backend/build-tensorflow-binding.js';
import type { TensorflowPackage } from '../../src/backend/tensorflow.js';
import { temporaryFolder } from '../video/made-clips.js';

// Programs that stand in for Python and the compiler, a package that stands in for TensorFlow's, and a wheel of empty
// files: what is tested is who is asked for what, and what is left behind. The real ones are in
// test/other-backends.slow.test.ts.
const folder = temporaryFolder();
const CXX = process.env.CXX;
afterAll(folder.remove);
afterEach(() => {
  if (CXX === undefined) delete process.env.CXX;
  else process.env.CXX = CXX;
});

function program(name: string, lines: string): string {
  const path = join(folder.path, name);
  writeFileSync(path, `#!/bin/sh\n${lines}\n`);
  chmodSync(path, 0o755);
  return path;
}

function file(path: string, text = ''): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

/** A package whose backend multiplies, on the version of the library that its binding names. */
function tensorflowPackage(name: string): TensorflowPackage {
  const own = join(folder.path, name);
  const binding = join(own, 'lib', 'napi-v8', 'tfjs_binding.node');
  file(join(own, 'package.json'), '{"main": "index.js"}');
  file(
    join(own, 'index.js'),
    `const TF_Version = require('fs').readFileSync(${JSON.stringify(binding)}, 'utf8').trim();
     if (TF_Version === 'broken') throw new Error('error: undefined symbol');
     exports.backend = () => ({ binding: { TF_Version }, isUsingGpuDevice: false });
     exports.matMul = ([[a, b]], [[c], [d]]) => ({ dataSync: () => [a * c + b * d] });`,
  );
  return { name, version: '4.22.0', folder: own, binding, napi: 8 };
}

const wheel = () => join(folder.path, 'site-packages', 'tensorflow');

function makeWheel(): string {
  for (const path of ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2', 'include/tensorflow/c/eager/c_api.h']) {
    file(join(wheel(), path));
  }
  return program('python', `echo '{"python": "/opt/python", "wheel": "${wheel()}"}'`);
}

/** A compiler that makes a binding of this text, and writes down what it was asked for. */
function compiler(name: string, text: string): string {
  return program(
    name,
    `[ "$1" = --version ] && exit 0
echo "$@" > "${join(folder.path, 'asked')}"
while [ "$1" != -o ]; do shift; done
echo '${text}' > "$2"`,
  );
}

const isLinux = process.platform === 'linux';

(isLinux ? describe : describe.skip)('the binding', () => {
  test('is compiled from sources of the package against libraries and headers of the wheel, and tried', async () => {
    const python = makeWheel();
    const installed = tensorflowPackage('good');
    process.env.CXX = compiler('c++', '2.21.0');
    const built = await buildTensorflowBinding({ python, installed });
    expect(built).toEqual({
      package: 'good',
      packageVersion: '4.22.0',
      version: '2.21.0',
      gpu: false,
      wheel: wheel(),
      python: '/opt/python',
      compiler: process.env.CXX,
      binding: installed.binding,
    });
    const asked = readFileSync(join(folder.path, 'asked'), 'utf8');
    for (const part of [
      join(installed.folder, 'binding', 'tfjs_backend.cc'),
      join(wheel(), 'libtensorflow_cc.so.2'),
      `-I${join(wheel(), 'include')}`,
      `-Xlinker -rpath -Xlinker ${wheel()}`,
      '-DNAPI_VERSION=8',
    ]) {
      expect(asked).toContain(part);
    }
    expect(readdirSync(dirname(installed.binding))).toEqual(['tfjs_binding.node']);
  });

  test('is not replaced unasked, and one that does not work leaves the one before', async () => {
    const python = makeWheel();
    const installed = tensorflowPackage('kept');
    file(installed.binding, 'before');
    process.env.CXX = compiler('c++', 'broken');
    await expect(buildTensorflowBinding({ python, installed })).rejects.toMatchObject({
      code: 'OUTPUT',
      message: expect.stringMatching(/expected no binding yet, received one; .*--overwrite$/) as string,
    });
    await expect(buildTensorflowBinding({ python, installed, overwrite: true })).rejects.toMatchObject({
      code: 'DEPENDENCY',
      message: expect.stringMatching(/received .*undefined symbol.*; use another release of the wheel$/) as string,
    });
    expect(readdirSync(dirname(installed.binding))).toEqual(['tfjs_binding.node']);
    expect(readFileSync(installed.binding, 'utf8')).toBe('before');
    process.env.CXX = compiler('c++', '2.22.0');
    expect((await buildTensorflowBinding({ python, installed, overwrite: true })).version).toBe('2.22.0');
  });

  test.each<[string, () => Parameters<typeof buildTensorflowBinding>[0], RegExp]>([
    [
      'no package',
      () => ({ installed: null }),
      /received neither is installed; run: npm install --save-dev --ignore-scripts @tensorflow\/tfjs-node$/,
    ],
    ['no such Python', () => ({ python: '/nope' }), /\/nope: expected a Python, received no such program; /],
    ['no Python', () => ({ python: '/bin/echo' }), /\/bin\/echo: expected a Python, received another program; /],
    [
      'a Python without the wheel',
      () => ({ python: program('bare', `echo '{"python": "/opt/bare", "wheel": null}'`) }),
      /none for \/opt\/bare; run: \/opt\/bare -m pip install tensorflow-cpu, or name its Python with --python$/,
    ],
    [
      'a wheel without what a binding needs',
      () => {
        const python = makeWheel();
        rmSync(join(wheel(), 'libtensorflow_cc.so.2'));
        return { python };
      },
      /received no libtensorflow_cc\.so\.2; install a newer wheel$/,
    ],
    [
      'no compiler',
      () => {
        process.env.CXX = '/nope/c++';
        return { python: makeWheel() };
      },
      /compiler: expected \/nope\/c\+\+, received none that runs; install g\+\+, or name a compiler in CXX$/,
    ],
    [
      'a compiler that fails',
      () => {
        process.env.CXX = program(
          'failing',
          '[ "$1" = --version ] && exit 0; echo "x.cc:1: error: no C++17" >&2; exit 1',
        );
        return { python: makeWheel() };
      },
      /received x\.cc:1: error: no C\+\+17; install g\+\+, or name a compiler in CXX$/,
    ],
  ])('%s: one line with what to do', async (name, options, message) => {
    const installed = tensorflowPackage(`for ${name}`);
    const failure = await buildTensorflowBinding({ installed, ...options() }).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'DEPENDENCY' });
    expect((failure as Error).message).toMatch(message);
    expect(existsSync(installed.binding)).toBe(false);
  });
});
