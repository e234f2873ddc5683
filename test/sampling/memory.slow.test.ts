import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

/** Draws one frame of video-64's network at some size in a process of its own; returns the most memory held, in MiB. */
function peakMemory(side: number): number {
  const from = (path: string) => JSON.stringify(pathToFileURL(`dist/src/${path}.js`).href);
  // Not maxRSS: there a process starts from the peak of the one that spawned it, which is this test's.
  const script = `
    const { readFileSync } = await import('node:fs');
    const { chooseBackend, loadModel, FrameHistory, FrameSampler } = await import(${from('index')});
    const { buildChain } = await import(${from('model/chain')});
    await chooseBackend();
    const model = loadModel('video-64');
    // Weights do not depend on the size.
    const scales = model.description.scales.map((scale) => ({ ...scale, size: { width: ${side}, height: ${side} } }));
    const chain = buildChain({ ...model.description, scales });
    const sampler = new FrameSampler({ ...model, chain });
    const history = new FrameHistory(chain.exampleShape);
    history.push(new Uint8Array(3 * ${side * side}).map((_, at) => at % 251));
    const settings = { temperature: 1 };
    await sampler.draw(FrameHistory.examples([history]), { seed: 1, samples: 1, frame: 1, settings });
    console.log(/VmHWM:\\s*(\\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1] / 1024);
    process.exit();`;
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', script], {
    encoding: 'utf8',
  });
  expect(stderr).toBe('');
  return Number(stdout);
}

const onLinux = existsSync('/proc/self/status') ? test : test.skip;

onLinux('drawing a frame of 256x256 RGB takes less than 1 GiB, all in all', () => {
  const most = peakMemory(256);
  expect(most).toBeGreaterThan(peakMemory(64));
  expect(most).toBeLessThan(1024);
});
