import type { KernelArrays, KernelName, KernelNumbers, Kernels } from '../backend/kernels/index.js';
import type { ConvolutionShape } from '../backend/convolution-shape.js';
import { hiddenFeatures, type ScanShape } from '../backend/scan-shape.js';
import { countWork, type Workload } from './work.js';

/** Total of all calls of one kernel at one shape. */
export interface ProfileEntry extends Workload {
  kernel: KernelName;
  /** Shape in words; empty for kernels on plain arrays. */
  shape: string;
  /** Number of calls. */
  calls: number;
  /** Total time of all calls, in seconds. */
  seconds: number;
}

/** Profile of kernels: records the calls, time and work of each. */
export class Profile {
  private readonly byKey = new Map<string, ProfileEntry>();

  /** Returns kernels that call `kernels` and record each call. */
  watch(kernels: Kernels): Kernels {
    const watched = Object.entries(kernels).map(([name, kernel]: [string, unknown]) => [
      name,
      typeof kernel === 'function' ? this.recorded(name as KernelName, kernel as Call) : kernel,
    ]);
    return Object.fromEntries(watched) as Kernels;
  }

  /** Removes all entries. */
  clear(): void {
    this.byKey.clear();
  }

  /** Returns the recorded entries, longest total time first. */
  entries(): ProfileEntry[] {
    return [...this.byKey.values()].sort((a, b) => b.seconds - a.seconds);
  }

  private recorded(kernel: KernelName, call: Call): Call {
    return (numbers, arrays) => {
      const started = performance.now();
      call(numbers, arrays);
      const seconds = (performance.now() - started) / 1000;
      const { flops, bytes } = countWork(kernel, numbers, arrays);
      const shape = 'shape' in numbers ? shapeName(numbers.shape) : '';
      const key = `${kernel} ${shape}`;
      const entry = this.byKey.get(key) ?? { kernel, shape, calls: 0, seconds: 0, flops: 0, bytes: 0 };
      this.byKey.set(key, entry);
      entry.calls++;
      entry.seconds += seconds;
      entry.flops += flops;
      entry.bytes += bytes;
    };
  }
}

type Call = (numbers: KernelNumbers<KernelName>, arrays: KernelArrays<KernelName>) => void;

/**
 * Formats the shape of a convolution, such as `3x3 masked, 128 to 128` (kernel, input and output features). Formats
 * that of an LSTM by scan order and number of features, such as `rows, h = 64`.
 */
export function shapeName(shape: ConvolutionShape | ScanShape): string {
  if ('scanOrder' in shape) return `${shape.scanOrder}, h = ${hiddenFeatures(shape)}`;
  const { kernel, inFeatures, outFeatures, taps } = shape;
  const isDense =
    taps.length === kernel.height * kernel.width &&
    taps.every(({ sees }) => sees.every((features) => features === inFeatures));
  return `${kernel.height}x${kernel.width}${isDense ? '' : ' masked'}, ${inFeatures} to ${outFeatures}`;
}
