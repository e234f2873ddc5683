import { Argument, Command } from 'commander';
import { z } from 'zod';
import { withFlag, booleanFlag } from '../src/foundation/option-fields.js';
import { addAction, type Action } from './options.js';

const installFlags = {
  python: withFlag(
    z.string().optional(),
    'path',
    'Python that has the wheel (default: that of the virtual environment in use, else python3)',
  ),
  overwrite: booleanFlag('replace a binding that is there'),
};

/** Returns the `backends` command, which builds the binding of an optional backend. */
export function createCommand(): Command {
  const backends = new Command('backends')
    .description('install other backends; pxv doctor lists those at hand')
    .addHelpText('after', EXAMPLES);
  const install = backends
    .command('install')
    .description("build the binding of TensorFlow's npm package against the library in a Python wheel of TensorFlow")
    .addArgument(new Argument('<name>', 'which backend').choices(['tensorflow']))
    .addHelpText('after', INSTALL_EXAMPLES);
  addAction(install, installFlags, installBackend);
  return backends;
}

const EXAMPLES = `
Examples:
  $ pxv backends install tensorflow --python tf/bin/python`;

const INSTALL_EXAMPLES = `
Examples:
  $ npm install --ignore-scripts @tensorflow/tfjs-node     or -gpu; without the library of 2022 that it would download
  $ python3 -m venv tf && tf/bin/pip install tensorflow-cpu     or "tensorflow[and-cuda]", for an NVIDIA GPU
  $ pxv backends install tensorflow --python tf/bin/python
  $ pxv train --frames clips/ --out runs/mine --backend tensorflow`;

const installBackend: Action<typeof installFlags, [string]> = async ({ signal, progress }, _, options) => {
  const { buildTensorflowBinding } = await import('../src/backend/build-tensorflow-binding.js');
  const onStep = (what: string) => progress.log(what);
  const built = await buildTensorflowBinding({ ...options, onStep, signal });
  return {
    text: `package:  ${built.package} ${built.packageVersion}
library:  TensorFlow ${built.version}, on ${built.gpu ? 'a GPU' : 'the CPU'}, of ${built.wheel}
compiler: ${built.compiler}
built:    ${built.binding}
next:     pxv train --backend tensorflow ...
undo:     rm '${built.binding}'`,
    json: built,
  };
};
