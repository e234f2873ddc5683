import { Command } from 'commander';
import type { BackendOptions } from '../src/backend/choose-backend.js';
import { numberOf } from '../src/foundation/number-of.js';
import type { Parsed } from '../src/tasks/options/fields.js';
import { checkFlags } from '../src/tasks/options/check-model.js';
import { startComputing } from './computing.js';
import { addComputeOptions, addFields, addJsonOption, addModelOption, askedOf } from './options.js';
import { run, type Report, type Work } from './report.js';
import { formatTable, type Column } from './table.js';

interface CheckOptions extends Parsed<typeof checkFlags>, BackendOptions {
  model?: string;
}

export function command(): Command {
  const check = new Command('check').description("prove that a model's likelihood is exact, with its weights");
  addModelOption(check);
  addFields(check, checkFlags);
  addJsonOption(check);
  addComputeOptions(check);
  check.addHelpText(
    'after',
    `
Ends with 1 where a check fails. What each proves is in docs/evaluating.md.

Examples:
  $ pxv check
  $ pxv check --size 97x55                             as predict runs the model at another size
  $ pxv check --model runs/mine --instruction-set portable`,
  );
  return check.action(run(checkOne));
}

async function checkOne({ signal, progress }: Work, options: CheckOptions): Promise<Report> {
  const { loadModel, DEFAULT_VIDEO_MODEL } = await import('../src/model/checkpoint.js');
  const { checkModel } = await import('../src/tasks/check-model.js');
  const model = loadModel(options.model ?? DEFAULT_VIDEO_MODEL);
  const chosen = await startComputing(options, progress);
  const started = performance.now();
  const findings = await checkModel(model, {
    ...askedOf(checkFlags, options),
    signal,
    onProgress: ({ check, size: at, ...state }) =>
      progress.show({ label: `${check} ${at.width}x${at.height}`, ...state }),
  });
  const seconds = (performance.now() - started) / 1000;
  const scales = model.chain.scales.length;
  const failed = findings.filter(({ result }) => result === 'failed').length;
  const rows = findings.map(({ check, scale, size, result, found }) => [
    check,
    ...(scales > 1 ? [String(scale)] : []),
    `${size.width}x${size.height}`,
    result,
    found,
  ]);
  const verdict = failed === 0 ? 'every check passed' : `${failed} of ${numberOf(findings.length, 'check')} failed`;
  return {
    text: `${formatTable(scales > 1 ? columns : columns.filter(({ title }) => title !== 'scale'), rows)}\n\n${model.name}: ${verdict} in ${seconds.toFixed(1)} s`,
    json: { model: model.name, seed: options.seed, seconds, passed: failed === 0, checks: findings, ...chosen },
    failed: failed > 0,
  };
}

const columns: Column[] = [
  { title: 'check', align: 'left' },
  { title: 'scale', align: 'right' },
  { title: 'size', align: 'left' },
  { title: 'result', align: 'left' },
  { title: 'found', align: 'left' },
];
