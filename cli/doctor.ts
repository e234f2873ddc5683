import { existsSync } from 'node:fs';
import { Command } from 'commander';
import type { BackendOptions, ChosenBackend } from '../src/backend/choose-backend.js';
import { pickOptions } from '../src/foundation/option-fields.js';
import { PxvError } from '../src/foundation/errors.js';
import { pluralize } from '../src/foundation/pluralize.js';
import { makeTable, tableText } from '../src/document/blocks/table.js';
import { addAction, computing, type Action } from './options.js';

type Status = 'ok' | 'warn' | 'none';
type Check = ReturnType<typeof checked>;

/** @param fix remedy for a warning */
function checked(name: string, found: string, fix?: string | null, status: Status = fix ? 'warn' : 'ok') {
  return { name, status, found, ...(fix && { fix }) };
}

/** Returns the `doctor` command, which checks Node.js, backends, FFmpeg and models, and prints remedies. */
export function createCommand(): Command {
  const doctor = new Command('doctor')
    .description('check what works on this machine, and how to fix the rest')
    .addHelpText('after', EXAMPLES);
  return addAction(doctor, computing, diagnose);
}

const EXAMPLES = `
Examples:
  $ pxv doctor
  $ pxv doctor --backend tensorflow      check this backend in use`;

const diagnose: Action<typeof computing> = async ({ signal }, options) => {
  const backend = await checkBackend(options);
  const others = [await checkTensorflow(signal), await checkWebgpu(signal), await checkFfmpeg(), await checkModels()];
  const checks = [checkNode(), backend.check, ...others];
  const rows = checks.map(({ status, name, found, fix }) => [status, name, fix ? `${found}; ${fix}` : found]);
  return { text: tableText(makeTable('lll', null, rows)), json: { ...backend.chosen, checks } };
};

async function checkBackend(options: BackendOptions): Promise<{ check: Check; chosen?: ChosenBackend }> {
  const { chooseBackend } = await import('../src/backend/choose-backend.js');
  const { hasBf16 } = await import('../src/backend/precision.js');
  try {
    const chosen = await chooseBackend(pickOptions(computing, options));
    const { backend, instructionSet, threads, note } = chosen;
    const set = instructionSet ? ` on ${instructionSet}${hasBf16() ? ' with bf16' : ''}` : '';
    return { check: checked('backend', `${backend}${set}, ${pluralize(threads, 'thread')}`, note), chosen };
  } catch (error) {
    return { check: missing('backend', error) };
  }
}

/** Checks TensorFlow's library in a separate process. The library is optional, so its absence is no warning. */
async function checkTensorflow(signal: AbortSignal): Promise<Check> {
  const { findTensorflowPackage, INSTALL_BINDING_COMMAND, INSTALL_PACKAGE_COMMAND } =
    await import('../src/backend/tensorflow.js');
  const { probeTensorflow } = await import('../src/backend/build-tensorflow-binding.js');
  const installed = findTensorflowPackage();
  if (installed === null)
    return checked('tensorflow', 'not installed', `to have it, run: ${INSTALL_PACKAGE_COMMAND}`, 'none');
  const what = `${installed.name} ${installed.version}`;
  if (!existsSync(installed.binding))
    return checked('tensorflow', `${what} without a binding`, `run: ${INSTALL_BINDING_COMMAND}`);
  try {
    const { version, gpu } = await probeTensorflow(installed, signal);
    return checked('tensorflow', `${what} with TensorFlow ${version}, on ${gpu ? 'a GPU' : 'the CPU'}`);
  } catch {
    signal.throwIfAborted();
    return checked('tensorflow', `${what} that does not load`, `run: ${INSTALL_BINDING_COMMAND} --overwrite`);
  }
}

/** Checks WebGPU's packages, and its adapter in a separate process. They are optional, so none is no warning. */
async function checkWebgpu(signal: AbortSignal): Promise<Check> {
  const { ADAPTER_REMEDY, INSTALL_WEBGPU_COMMAND, missingWebgpuPackages, probeWebgpu } =
    await import('../src/backend/webgpu.js');
  const missing = missingWebgpuPackages();
  if (missing.length > 0)
    return checked('webgpu', `no ${missing.join(', no ')}`, `to have it, run: ${INSTALL_WEBGPU_COMMAND}`, 'none');
  try {
    const adapter = await probeWebgpu(signal);
    if (adapter === null) return checked('webgpu', 'no adapter', ADAPTER_REMEDY);
    const { name, driver, isSoftware } = adapter;
    return checked('webgpu', `${isSoftware ? 'software adapter' : 'adapter'} ${name}, driver ${driver}`);
  } catch {
    signal.throwIfAborted();
    return checked('webgpu', 'packages that do not load', `run: ${INSTALL_WEBGPU_COMMAND}`);
  }
}

function checkNode(): Check {
  const oldest = 20;
  const isOld = Number(process.versions.node.split('.')[0]) < oldest;
  const found = `${process.version} on ${process.platform} ${process.arch}`;
  return checked('Node.js', found, isOld ? `install Node.js ${oldest} or newer` : null);
}

async function checkFfmpeg(): Promise<Check> {
  const { findFfmpeg } = await import('../src/video/ffmpeg-binary.js');
  try {
    const { path, version, source, warning } = await findFfmpeg();
    return checked('FFmpeg', `${version} from ${source}: ${path}`, warning);
  } catch (error) {
    return missing('FFmpeg', error);
  }
}

async function checkModels(): Promise<Check> {
  const { listShippedModels } = await import('../src/model/shipped-models.js');
  const names = listShippedModels();
  if (names.length > 0) return checked('models', names.join(', '));
  return checked('models', 'none shipped', 'train one: pxv train --help');
}

function missing(name: string, error: unknown): Check {
  if (!(error instanceof PxvError && error.code === 'DEPENDENCY')) throw error;
  return checked(name, error.parts.received, error.parts.remedy);
}
