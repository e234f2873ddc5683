import { Command } from 'commander';
import { pluralize } from '../src/foundation/pluralize.js';
import { checkFlags } from '../src/commands/check/options.js';
import { pickOptions } from '../src/foundation/option-fields.js';
import { makeTable, tableText } from '../src/document/blocks/table.js';
import { startWithModel } from './start-backend.js';
import { addAction, computing, videoModel, type Action } from './options.js';

const flags = { model: videoModel, ...checkFlags, ...computing };

/** Returns the `check` command, which verifies that a model's likelihood is exact. */
export function createCommand(): Command {
  const check = new Command('check')
    .description('prove that the likelihood of a model is exact, with its weights')
    .addHelpText('after', HELP);
  return addAction(check, flags, checkOne);
}

const HELP = `
The exit code is 1 if a check fails. docs/evaluating.md says what each check proves.

Examples:
  $ pxv check
  $ pxv check --size 97x55                             at another size, as predict runs the model
  $ pxv check --model runs/mine --instruction-set portable`;

const checkOne: Action<typeof flags> = async ({ signal, progress }, options) => {
  const { checkModel } = await import('../src/commands/check/check-model.js');
  const { model, chosen, seconds } = await startWithModel(options, progress);
  const findings = await checkModel(model, {
    ...pickOptions(checkFlags, options),
    signal,
    onProgress: ({ check, size: at, ...state }) =>
      progress.show({ label: `${check} ${at.width}x${at.height}`, ...state }),
  });
  const taken = seconds();
  const failed = findings.filter(({ result }) => result === 'failed').length;
  const verdict = failed === 0 ? 'every check passed' : `${failed} of ${pluralize(findings.length, 'check')} failed`;
  const isChain = model.chain.scales.length > 1;
  const ofChain = (cell: string) => (isChain ? [cell] : []);
  const rows = findings.map(({ check, scale, size: { width, height }, result, found }) => {
    return [check, ...ofChain(String(scale)), `${width}x${height}`, result, found];
  });
  const titles = ['check', ...ofChain('scale'), 'size', 'result', 'found'];
  const table = tableText(makeTable(isChain ? 'lrlll' : 'llll', titles, rows));
  return {
    text: `${table}\n\n${model.name}: ${verdict} in ${taken.toFixed(1)} s`,
    json: { model: model.name, seed: options.seed, seconds: taken, passed: failed === 0, checks: findings, ...chosen },
    failed: failed > 0,
  };
};
