import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Frame } from '../../src/foundation/frame.js';
import { dropLateFrames } from '../../src/video/drop-late-frames.js';
import { frame } from './made-clips.js';

const grey = frame(2, 2, 1, () => 128);

/** Source that sends frames when told to, and counts how often it was asked for one. */
class Camera {
  asked = 0;
  private readonly sent: (Frame | Error | null)[] = [];
  private wake = () => {};

  send(...frames: (Frame | Error | null)[]): void {
    this.sent.push(...frames);
    this.wake();
  }

  async *frames(): AsyncGenerator<Frame, void> {
    for (;;) {
      this.asked++;
      while (this.sent.length === 0) await new Promise<void>((resolve) => (this.wake = resolve));
      const next = this.sent.shift()!;
      if (next === null) return;
      if (next instanceof Error) throw next;
      yield next;
    }
  }
}

function opened(capacity: number) {
  const camera = new Camera();
  let drops = 0;
  let stops = 0;
  const kept = dropLateFrames(
    camera.frames(),
    capacity,
    () => drops++,
    () => stops++,
  );
  return { camera, drops: () => drops, kept, stops: () => stops };
}

const times = (count: number) => Array.from({ length: count }, () => grey);

test('once as many wait as fit, later ones are dropped until these are taken; those kept have an index', async () => {
  const { camera, drops, kept, stops } = opened(3);
  const indices = async (count: number) => {
    const found: number[] = [];
    while (found.length < count) found.push((await kept.next()).value!.index);
    return found;
  };
  camera.send(...times(2));
  expect(await indices(1)).toEqual([0]);
  // Frame 1 waits. 2 and 3 fit beside it, 4 and 5 do not.
  camera.send(...times(4));
  expect(await indices(1)).toEqual([1]);
  expect(drops()).toBe(2);
  // Frames 2 and 3 still wait.
  camera.send(...times(1));
  expect(await indices(2)).toEqual([2, 3]);
  expect(drops()).toBe(3);
  const late = kept.next();
  await nextTurn();
  camera.send(grey, null);
  expect((await late).value!.index).toBe(7);
  expect((await kept.next()).done).toBe(true);
  expect([drops(), stops()]).toEqual([3, 1]);
});

test('however slow the consumer is, runs of consecutive frames are as long as the capacity', async () => {
  const { camera, kept } = opened(4);
  const found: number[] = [];
  for (let taken = 0; taken < 24; taken++) {
    camera.send(...times(10));
    found.push((await kept.next()).value!.index);
  }
  const starts = [
    0,
    ...found.map((index, at) => (at > 0 && index !== found[at - 1] + 1 ? at : -1)).filter((at) => at > 0),
  ];
  expect(starts.length).toBeGreaterThan(3);
  for (const [at, start] of starts.slice(1).entries()) expect(start - starts[at]).toBeGreaterThanOrEqual(4);
});

test('the source is read while the consumer takes nothing', async () => {
  const { camera, kept } = opened(100);
  camera.send(...times(5));
  await kept.next();
  camera.send(...times(20));
  await nextTurn();
  // 25 frames were taken, and one more is asked for.
  expect(camera.asked).toBe(26);
});

test('an error of the source comes after the frames before it; a consumer that leaves stops the source', async () => {
  const { camera, kept } = opened(3);
  camera.send(grey, grey, new Error('unplugged'));
  expect((await kept.next()).value!.index).toBe(0);
  expect((await kept.next()).value!.index).toBe(1);
  await expect(kept.next()).rejects.toThrow('unplugged');

  const left = opened(3);
  left.camera.send(grey);
  await left.kept.next();
  await left.kept.return();
  expect(left.stops()).toBe(1);
});

test('an endless source without a pause does not keep frames from the consumer', async () => {
  let isStopped = false;
  async function* endless() {
    while (!isStopped) {
      await nextTurn();
      yield grey;
    }
  }
  const kept = dropLateFrames(
    endless(),
    4,
    () => {},
    () => (isStopped = true),
  );
  expect((await kept.next()).done).toBe(false);
  expect((await kept.next()).done).toBe(false);
  await kept.return();
});
