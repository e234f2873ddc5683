import { existsSync } from 'node:fs';
import { Command } from 'commander';
import type { BackendOptions, ChosenBackend } from '../src/backend/choose-backend.js';
import { PxvError } from '../src/foundation/errors.js';
import { numberOf } from '../src/foundation/number-of.js';
import { backendOptions } from './computing.js';
import { addAction, computing, json } from './options.js';
import type { Report, Work } from './report.js';
import { formatTable } from './table.js';

interface Check {
  name: string;
  status: 'ok' | 'warn' | 'none';
  found: string;
  /** What to do about a warning. */
  fix?: string;
}

export function command(): Command {
  const doctor = new Command('doctor')
    .description('say what works on this machine, and how to mend what does not')
    .addHelpText('after', EXAMPLES);
  return addAction(doctor, { json, ...computing }, diagnose);
}

const EXAMPLES = `
Examples:
  $ pxv doctor
  $ pxv doctor --backend tensorflow      what this backend, in use, says of itself`;

async function diagnose({ signal }: Work, options: BackendOptions): Promise<Report> {
  const backend = await checkBackend(options);
  const checks = [checkNode(), backend.check, await checkTensorflow(signal), await checkFfmpeg(), await checkModels()];
  const rows = checks.map(({ status, name, found, fix }) => [status, name, fix ? `${found}; ${fix}` : found]);
  return { text: formatTable('lll', rows), json: { ...backend.chosen, checks } };
}

async function checkBackend(options: BackendOptions): Promise<{ check: Check; chosen?: ChosenBackend }> {
  const { chooseBackend } = await import('../src/backend/choose-backend.js');
  const { hasBf16 } = await import('../src/backend/precision.js');
  const name = 'backend';
  try {
    const chosen = await chooseBackend(backendOptions(options));
    const { backend, instructionSet, threads, note } = chosen;
    const set = instructionSet ? ` on ${instructionSet}${hasBf16() ? ' with bf16' : ''}` : '';
    const found = `${backend}${set}, ${numberOf(threads, 'thread')}`;
    return {
      check: note === null ? { name, status: 'ok', found } : { name, status: 'warn', found, fix: note },
      chosen,
    };
  } catch (error) {
    return { check: missing(name, error) };
  }
}

/** TensorFlow's library, tried in a process of its own. Nothing needs it, so that its absence is no warning. */
async function checkTensorflow(signal: AbortSignal): Promise<Check> {
  const { findTensorflowPackage, INSTALL_BINDING, INSTALL_PACKAGE } = await import('../src/backend/tensorflow.js');
  const { probe } = await import('../src/tasks/build-tensorflow-binding.js');
  const name = 'tensorflow';
  const installed = findTensorflowPackage();
  if (installed === null)
    return { name, status: 'none', found: 'not installed', fix: `to have it, run: ${INSTALL_PACKAGE}` };
  const what = `${installed.name} ${installed.version}`;
  if (!existsSync(installed.binding))
    return { name, status: 'warn', found: `${what} without a binding`, fix: `run: ${INSTALL_BINDING}` };
  try {
    const { version, gpu } = await probe(installed, signal);
    return { name, status: 'ok', found: `${what} with TensorFlow ${version}, on ${gpu ? 'a GPU' : 'the CPU'}` };
  } catch {
    signal.throwIfAborted();
    return { name, status: 'warn', found: `${what} that does not load`, fix: `run: ${INSTALL_BINDING} --overwrite` };
  }
}

function checkNode(): Check {
  const found = `${process.version} on ${process.platform} ${process.arch}`;
  const oldest = 20;
  if (Number(process.versions.node.split('.')[0]) >= oldest) return { name: 'Node.js', status: 'ok', found };
  return { name: 'Node.js', status: 'warn', found, fix: `install Node.js ${oldest} or newer` };
}

async function checkFfmpeg(): Promise<Check> {
  const { findFfmpeg } = await import('../src/video/ffmpeg-binary.js');
  try {
    const { path, version, source, warning } = findFfmpeg();
    const found = `${version} from ${source}: ${path}`;
    return warning ? { name: 'FFmpeg', status: 'warn', found, fix: warning } : { name: 'FFmpeg', status: 'ok', found };
  } catch (error) {
    return missing('FFmpeg', error);
  }
}

async function checkModels(): Promise<Check> {
  const { shippedModels } = await import('../src/model/shipped-models.js');
  const names = shippedModels();
  if (names.length > 0) return { name: 'models', status: 'ok', found: names.join(', ') };
  return { name: 'models', status: 'warn', found: 'none shipped', fix: 'train one: pxv train --help' };
}

function missing(name: string, error: unknown): Check {
  if (!(error instanceof PxvError && error.code === 'DEPENDENCY')) throw error;
  return { name, status: 'warn', found: error.parts.received, fix: error.parts.remedy };
}
